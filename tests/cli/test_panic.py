"""`kitsu panic` when things are broken."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli.__main__ import kitsu
from apps.cli.commands.panic import tell_everybody
from apps.cli.settings import CliSettings
from libs.contracts.modules import MODULES, TOLD_OF_PANIC
from libs.testing.running_show import port_name
from libs.worker.access import Access, Scope
from tests.cli.module_port import Answer, ModulePort, module_port

Started = Callable[..., ModulePort]


@pytest.fixture
def module() -> Iterator[Started]:
    """Starts a module's port that answers a panic, after waiting for an event if one is given."""
    with ExitStack() as stack:

        def begin(status: int = 200, wait: threading.Event | None = None) -> ModulePort:
            def answer(_: Any) -> Answer:
                if wait is not None:
                    wait.wait(30)
                return status, {}

            script = {f"POST {path}": answer for path in ("/panic", "/panic/release")}
            return stack.enter_context(module_port(script))

        yield begin


def settings(tmp_path: Path, **ports: ModulePort) -> CliSettings:
    dead = {port_name(module.id): 1 for module in MODULES}
    alive = {name: port.number for name, port in ports.items()}
    return CliSettings(kitsu_data_dir=tmp_path, **{**dead, **alive})  # type: ignore[arg-type]


def test_every_module_is_told_on_its_own_port_with_the_operators_token(
    tmp_path: Path, module: Started
) -> None:
    """Modules that nobody sees or hears have no panic: they must not look unreachable."""
    ports = {port_name(known): module() for known in TOLD_OF_PANIC}
    report = tell_everybody(settings(tmp_path, **ports), release=False, reason="test")

    assert set(report["modules"].values()) == {"latched"}
    assert "asr_worker" not in report["modules"]
    token = Access(tmp_path).token(Scope.OPERATOR)
    for port in ports.values():
        assert port.tokens == {f"Bearer {token}"}
        assert [(what, body["reason"]) for what, body in port.heard] == [("POST /panic", "test")]


def test_a_dead_orchestrator_does_not_stand_in_the_way(tmp_path: Path, module: Started) -> None:
    report = tell_everybody(settings(tmp_path, stage_port=module()), release=False, reason="")
    assert report["engaged"] is True
    assert report["modules"] == {
        known: "latched" if known == "stage" else "unreachable" for known in TOLD_OF_PANIC
    }


def test_a_module_that_hangs_does_not_keep_the_others_from_hearing(
    tmp_path: Path, module: Started
) -> None:
    hang = threading.Event()
    stage = module()
    ports = {"orch_port": module(wait=hang), "stage_port": stage}
    report = tell_everybody(settings(tmp_path, **ports), release=False, reason="")
    hang.set()
    assert report["modules"]["stage"] == "latched"
    assert report["modules"]["orchestrator"] == "unreachable"
    assert len(stage.heard) == 1


def test_a_refusal_is_not_a_latch(tmp_path: Path, module: Started) -> None:
    stage = module(status=401)
    report = tell_everybody(settings(tmp_path, stage_port=stage), release=False, reason="")
    assert report["modules"]["stage"] == "unreachable"


def test_the_release_goes_the_same_way(tmp_path: Path, module: Started) -> None:
    stage = module()
    report = tell_everybody(settings(tmp_path, stage_port=stage), True, "")
    assert stage.heard[0][0] == "POST /panic/release"
    assert report["modules"]["stage"] == "released"
    assert report["engaged"] is False


# In OBS ---------------------------------------------------------------------------------------

MUTED = {"what": "mute", "target": "Mic", "ok": True, "message": ""}
CUT = {"what": "transition", "target": "Cut", "ok": True, "message": ""}
ON_AIR = {"what": "scene", "target": "BRB", "ok": True, "message": ""}
GREY = {"what": "filter", "target": "Live: Grey", "ok": False, "message": "no such filter"}
APPLIED = {"state": "applied", "steps": [MUTED, CUT, ON_AIR]}
PENDING = {"state": "pending", "steps": []}
BACK = {
    "state": "off",
    "steps": [
        {"what": "scene", "target": "BRB", "ok": True, "message": "back to 'Live'"},
        {"what": "filter", "target": "Live: Grey", "ok": True, "message": "off again"},
        {"what": "mute", "target": "Mic", "ok": True, "message": "unmuted"},
    ],
}


class Show:
    """All modules, played: each answers a panic; what is asked of OBS comes from a script."""

    def __init__(self, folder: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stack, self._monkeypatch = stack, monkeypatch
        monkeypatch.setenv("KITSU_DATA_DIR", str(folder))
        monkeypatch.setenv("OBS_WS_URL", "ws://127.0.0.1:4455")
        for known in MODULES:
            self.answers(known.id, {"module": known.id})

    def answers(self, module: str, document: Any, **more: Any) -> ModulePort:
        script: Any = {f"POST {path}": (200, document) for path in ("/panic", "/panic/release")}
        port = self._stack.enter_context(module_port({**script, **more}))
        self._monkeypatch.setenv(port_name(module).upper(), str(port.number))
        return port

    def is_dead(self, module: str) -> None:
        self._monkeypatch.setenv(port_name(module).upper(), "1")

    def panic(self, *arguments: str) -> Result:
        result = CliRunner().invoke(kitsu, ["panic", *arguments])
        assert "Traceback" not in result.output
        return result


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Show]:
    with ExitStack() as stack:
        yield Show(tmp_path, stack, monkeypatch)


def studio(panic: dict[str, Any], link: str = "ready") -> tuple[int, Any]:
    return 200, {"link": link, "panic": panic["state"], "panic_steps": panic["steps"]}


def test_what_panic_did_in_obs_is_told(show: Show) -> None:
    show.answers("obs_controller", {"obs": APPLIED})
    result = show.panic()
    assert result.exit_code == 0
    assert "OBS: Mic muted, BRB on air\n" in result.stdout
    assert json.loads(show.panic("--json").stdout)["obs"] == APPLIED


def test_a_step_that_failed_is_told_with_its_reason(show: Show) -> None:
    show.answers("obs_controller", {"obs": {"state": "partly", "steps": [MUTED, GREY]}})
    result = show.panic()
    assert result.exit_code == 0
    assert "OBS: Mic muted; NOT done: filter Live: Grey (no such filter)\n" in result.stdout


def test_an_obs_that_does_not_answer_is_told_and_is_no_failure(show: Show) -> None:
    show.answers("obs_controller", {"obs": PENDING})
    show.answers("orchestrator", {"obs": PENDING}, **{"GET /obs": studio(PENDING, "waiting")})
    result = show.panic()
    assert result.exit_code == 0
    assert "OBS does not answer: applied as soon as it does\n" in result.stdout


def test_the_route_that_came_first_knows_what_became_of_it(show: Show) -> None:
    show.answers("obs_controller", {"obs": PENDING})
    show.answers("orchestrator", {"obs": APPLIED})
    assert "OBS: Mic muted, BRB on air\n" in show.panic().stdout


def test_when_no_route_of_ours_came_first_the_orchestrator_is_asked(show: Show) -> None:
    news = iter([studio(PENDING)] * 2)
    show.answers("obs_controller", {"obs": PENDING})
    show.answers(
        "orchestrator",
        {"obs": PENDING},
        **{"GET /obs": lambda _: next(news, studio(APPLIED))},
    )
    assert "OBS: Mic muted, BRB on air\n" in show.panic().stdout


def test_an_obs_that_hangs_is_not_waited_for_long(show: Show) -> None:
    show.answers("obs_controller", {"obs": PENDING})
    asked = show.answers("orchestrator", {"obs": PENDING}, **{"GET /obs": studio(PENDING)})
    assert "OBS does not answer" in show.panic().stdout
    assert len(asked.heard) < 20


def test_the_release_tells_what_was_put_back(show: Show) -> None:
    show.answers("obs_controller", {"obs": BACK})
    result = show.panic("--release")
    said = "OBS: scene back to 'Live', filter Live: Grey off again, Mic unmuted\n"
    assert said in result.stdout


def test_a_release_is_not_told_before_it_is_done(show: Show) -> None:
    show.answers("obs_controller", {"obs": APPLIED})
    show.answers("orchestrator", {"obs": APPLIED}, **{"GET /obs": studio(BACK)})
    result = show.panic("--release")
    assert "Mic unmuted" in result.stdout
    assert "on air" not in result.stdout


def test_a_show_without_obs_does_not_speak_of_it(show: Show) -> None:
    show.answers("obs_controller", {"obs": {"state": "off", "steps": []}})
    for arguments in ((), ("--release",)):
        result = show.panic(*arguments)
        assert result.exit_code == 0
        assert "OBS" not in result.stdout


def test_an_obs_controller_that_is_not_wanted_is_not_missed(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBS_WS_URL", "")
    show.is_dead("obs_controller")
    result = show.panic()
    assert result.exit_code == 0
    assert "not_configured" in result.stdout
    assert "mute" not in result.stdout
    assert "Everything is silent" in result.stdout


def test_an_obs_controller_that_is_dead_is_missed(show: Show) -> None:
    show.is_dead("obs_controller")
    result = show.panic()
    assert result.exit_code == 1
    assert "OBS was not told: mute the microphone there by hand" in result.output
    assert "No answer from: obs_controller" in result.output


def test_with_the_orchestrator_dead_obs_is_told_all_the_same(show: Show) -> None:
    show.is_dead("orchestrator")
    show.answers("obs_controller", {"obs": APPLIED})
    result = show.panic()
    assert result.exit_code == 0
    assert "OBS: Mic muted, BRB on air\n" in result.stdout


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\x00",
        b"[" * 100_000,
        [],
        {"obs": None},
        {"obs": {"state": 5}},
        {"obs": {"state": "applied", "steps": [{"what": "reboot"}]}},
        {"obs": {"state": "\x1b[2J", "steps": []}},
    ],
)
def test_an_answer_that_makes_no_sense_is_still_a_panic(show: Show, answer: Any) -> None:
    show.answers("obs_controller", answer)
    result = show.panic()
    assert result.exit_code == 0
    assert "latched" in result.stdout
    assert "\x1b" not in result.stdout


def test_names_from_obs_cannot_play_tricks_on_the_terminal(show: Show) -> None:
    step = {**ON_AIR, "target": "\x1b[2J\u202eBRB"}
    show.answers("obs_controller", {"obs": {"state": "applied", "steps": [step]}})
    assert "\\u001b[2J\\u202eBRB on air" in show.panic().stdout
