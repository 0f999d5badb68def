"""`kitsu twitch` and what the doctor says of Twitch: sign-ins, states, and hostile answers."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli import checkup_twitch
from apps.cli.__main__ import kitsu
from apps.cli.commands import twitch as command
from apps.cli.settings import CliSettings
from tests.cli.module_port import Answers, ModulePort, module_port, problem

HOSTILE = "ann\u202e\x1b[2J\u200b"
ADDRESS = "https://www.twitch.tv/activate?device-code=ABCD1234"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TWITCH_INGEST_PORT", "1")
    monkeypatch.setattr(command, "ASK_SECONDS", 0.01)
    for name in ("TWITCH_CLIENT_ID", "TWITCH_OAUTH_TOKEN", "TWITCH_CHANNEL"):
        monkeypatch.setenv(name, "")


def run(port: ModulePort | None, *arguments: str) -> Result:
    environment = {"TWITCH_INGEST_PORT": str(port.number)} if port else {}
    result = CliRunner().invoke(kitsu, arguments, env=environment)
    assert "Traceback" not in result.output
    assert "\x1b" not in result.output
    assert "--json" in arguments or "\u202e" not in result.output
    return result


def sign_in(state: str, message: str = "") -> dict[str, Any]:
    waiting = state == "waiting"
    return {
        "state": state,
        "user_code": "ABCD1234" if waiting else "",
        "address": ADDRESS if waiting else "",
        "expires_at": 4e9 if waiting else None,
        "account": "streamer",
        "message": message,
    }


def link(state: str = "ready", detail: str = "", **more: Any) -> dict[str, Any]:
    topic = {"topic": "channel.follow", "state": "refused", "scope": "moderator:read:followers"}
    return {
        "platform": "twitch",
        "mode": "twitch",
        "state": state,
        "detail": detail,
        "channel": "kitsu_live",
        "account": {"login": "kitsu_live", "user_id": "1", "scopes": ["user:read:chat"]},
        "bot_account": None,
        "topics": [{**topic, "reason": f"no scope {HOSTILE}", "why": "to greet new followers"}],
        "gaps": [],
        "sign_in": None,
        **more,
    }


def signing_in(*states: dict[str, Any]) -> Answers:
    """A sign-in that is in these states one after the other."""
    left = list(states)

    def looked_at(body: Any) -> tuple[int, Any]:
        now = left.pop(0) if len(left) > 1 else left[0]
        return 200, link("needs_sign_in", sign_in=now)

    return {
        "POST /sign-in": (201, sign_in("waiting")),
        "GET /link": looked_at,
        "DELETE /sign-in": (200, {"sign_in": None}),
    }


def test_login_shows_address_and_code_and_waits_until_it_is_done() -> None:
    waiting = sign_in("waiting")
    answers = signing_in(waiting, waiting, sign_in("done", "kitsu_live"))
    with module_port(answers) as port:
        result = run(port, "twitch", "login")
    assert result.exit_code == 0
    assert ADDRESS in result.output
    assert "ABCD1234" in result.output
    assert "Signed in as kitsu_live." in result.output
    assert port.heard[0] == ("POST /sign-in", {"account": "streamer"})


def test_login_as_the_bot_says_one_document() -> None:
    with module_port(signing_in(sign_in("done", "kitsu_live"))) as port:
        result = run(port, "twitch", "login", "--account", "bot", "--json")
    assert json.loads(result.stdout)["state"] == "done"
    assert port.heard[0] == ("POST /sign-in", {"account": "bot"})


@pytest.mark.parametrize("state", ["denied", "expired", "failed"])
def test_a_sign_in_that_comes_to_nothing_says_why(state: str) -> None:
    with module_port(signing_in(sign_in(state, f"Why it is so {HOSTILE}"))) as port:
        result = run(port, "twitch", "login")
        as_json = run(port, "twitch", "login", "--json")
    assert result.exit_code == as_json.exit_code == 1
    assert "Why it is so" in result.output


def test_ctrl_c_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", interrupted)
    with module_port(signing_in(sign_in("waiting"))) as port:
        result = run(port, "twitch", "login")
    assert result.exit_code == 1
    assert "Cancelled" in result.output
    assert port.heard[-1][0] == "DELETE /sign-in"


def test_login_that_cannot_begin_says_the_step() -> None:
    detail = "Register an application and set TWITCH_CLIENT_ID"
    refused = problem(409, "Nobody can sign in yet", detail, "impossible")
    with module_port({"POST /sign-in": refused}) as port:
        result = run(port, "twitch", "login")
    assert result.exit_code == 1
    assert "TWITCH_CLIENT_ID" in result.output


def test_login_ends_when_the_worker_forgot_the_sign_in() -> None:
    answers = {"POST /sign-in": (201, sign_in("waiting")), "GET /link": (200, link())}
    with module_port(answers) as port:
        result = run(port, "twitch", "login")
    assert result.exit_code == 1
    assert "Begin again" in result.output


def test_status_shows_account_channel_and_topics() -> None:
    with module_port({"GET /link": (200, link(detail="Listening to kitsu_live."))}) as port:
        result = run(port, "twitch", "status")
        document = run(port, "twitch", "status", "--json")
    assert result.exit_code == 0
    for part in ("ready", "kitsu_live", "user:read:chat", "channel.follow", "refused"):
        assert part in result.output
    assert json.loads(document.stdout)["channel"] == "kitsu_live"


def test_status_fails_when_chat_is_not_heard() -> None:
    told = link("reconnecting", "The connection was cut.")
    with module_port({"GET /link": (200, told)}) as port:
        assert run(port, "twitch", "status").exit_code == 1


def test_logout_says_what_it_did() -> None:
    unknown = problem(404, "Not signed in", "No bot is signed in to Twitch.", "signed_out")
    answers: Answers = {
        "DELETE /accounts/streamer": (200, {"signed_out": "streamer"}),
        "DELETE /accounts/bot": unknown,
    }
    with module_port(answers) as port:
        done = run(port, "twitch", "logout")
        nobody = run(port, "twitch", "logout", "--account", "bot")
    assert (done.exit_code, nobody.exit_code) == (0, 0)
    assert "signed out" in done.output
    assert "No bot was signed in" in nobody.output


@pytest.mark.parametrize("arguments", [("login",), ("status",), ("logout",)])
@pytest.mark.parametrize("answer", [(200, b"<html>"), (200, {}), (200, []), (500, b"")])
def test_programs_that_answer_anything(arguments: tuple[str, ...], answer: Any) -> None:
    answers = {"GET /link": answer, "POST /sign-in": answer, "DELETE /accounts/streamer": answer}
    with module_port(answers) as port:
        result = run(port, "twitch", *arguments)
    if arguments != ("logout",) or answer != (200, {}):
        assert result.exit_code == 1


def test_without_a_running_kitsu_the_step_is_named() -> None:
    result = run(None, "twitch", "status")
    assert result.exit_code == 1
    assert "kitsu up" in result.output


# The doctor ------------------------------------------------------------------------------------


class _Running:
    def __init__(self, settings: CliSettings) -> None:
        self.state = {"pid": 1}


@pytest.mark.parametrize(
    ("state", "detail", "ok", "mend"),
    [
        ("ready", "Listening to kitsu_live.", "ok", ""),
        ("reconnecting", "Connecting to Twitch.", "warn", "Wait a moment"),
        (
            "needs_sign_in",
            "Nobody is signed in. Sign in with: kitsu twitch login",
            "warn",
            "kitsu tw",
        ),
        (
            "reconnecting",
            "There is no channel: correct it, then run: kitsu restart x",
            "warn",
            "kitsu re",
        ),
        ("reconnecting", "Twitch fell silent.", "warn", "kitsu logs"),
        ("not_configured", "Chat is not set up: do so, then: kitsu x", "warn", "kitsu restart"),
        ("off", "Chat is off: CHAT_PLATFORM=off.", "ok", ""),
        (
            "ready",
            "Not done: lacks the scope x: kitsu twitch login --account bot",
            "warn",
            "kitsu twitch login --account bot",
        ),
    ],
)
def test_the_doctor_says_how_the_link_is_and_the_one_step(
    monkeypatch: pytest.MonkeyPatch, state: str, detail: str, ok: str, mend: str
) -> None:
    monkeypatch.setattr(checkup_twitch, "SupervisorClient", _Running)
    lacking = detail if "lacks" in detail else ""
    with module_port({"GET /link": (200, link(state, detail, lacking=lacking))}) as port:
        monkeypatch.setenv("TWITCH_INGEST_PORT", str(port.number))
        monkeypatch.setenv("TWITCH_CLIENT_ID", "abc")
        [check] = checkup_twitch.twitch(CliSettings())
    assert check.state == ok
    assert check.mend.startswith(mend)
    assert bool(check.mend) is (ok == "warn")
    assert not check.found.endswith("with"), "the step stands alone"


def test_the_doctor_without_twitch_names_the_optional_step() -> None:
    [check] = checkup_twitch.twitch(CliSettings(twitch_client_id="", twitch_oauth_token=""))
    assert check.found == "not set up"
    assert check.mend.startswith("Optional")


def test_the_doctor_names_anonymous_chat_a_demo() -> None:
    [check] = checkup_twitch.twitch(CliSettings(twitch_channel="kitsu_live"))
    assert "demos only" in check.found
