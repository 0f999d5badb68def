"""What the `kitsu` command answers, mostly when something is wrong."""

import json
import socket
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from apps.cli.__main__ import kitsu
from apps.cli.commands.table import COMMANDS
from apps.cli.supervisor.run_state import RunStateFile
from libs.contracts.modules import MODULES
from libs.telemetry.daily_file import path_of, today
from libs.testing.running_show import port_name

PORTS = tuple(port_name(module.id).upper() for module in MODULES)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, on ports where nobody listens."""
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KITSU_LOG_ROOT", str(tmp_path / "logs"))
    monkeypatch.delenv("KITSU_REDIS_URL", raising=False)
    monkeypatch.setenv("OBS_WS_URL", "")  # never the OBS of whoever runs this
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    for name, probe in zip(PORTS, probes, strict=True):
        monkeypatch.setenv(name, str(probe.getsockname()[1]))
        probe.close()
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(kitsu, arguments, prog_name="kitsu")
    assert "Traceback" not in result.output
    return result


def test_help_names_every_command_in_one_line() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        if not entry.optional:
            assert name in result.output
            assert entry.help in result.output


@pytest.mark.parametrize("name", [n for n, entry in COMMANDS.items() if not entry.optional])
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"kitsu {name}" in result.output


@pytest.mark.parametrize("name", ["tail", "schema", "dead", "replay", "discard"])
def test_every_look_at_the_bus_explains_itself_with_an_example(name: str) -> None:
    result = run("events", name, "--help")
    assert result.exit_code == 0
    assert f"kitsu events {name}" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("pnic",), "Did you mean 'panic'?"),
        (("restart", "nope"), "'stage'"),
        (("worker", "../../etc"), "'orchestrator'"),
        (("chat", "hi", "--role", "god"), "'moderator'"),
        (("up", "--only", "stage,nope"), "there is no module 'nope'"),
        (("up", "--redis", "http://x"), "redis://"),
        (("up", "--demo", "--only", "stage"), "orchestrator"),
        (("say",), "TEXT"),
        (("say", "hi", "--mood", "hungry"), "'sleepy'"),
        (("tts", "hello"), "--output"),
    ],
)
def test_wrong_use_is_code_2_and_says_what_is_allowed(
    folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.output


def test_a_wrong_setting_is_code_2_with_name_value_and_what_is_allowed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE_PORT", "eighty")
    for command in (["status"], ["up", "--no-open"], ["panic"]):
        result = run(*command)
        assert result.exit_code == 2
        assert "STAGE_PORT = 'eighty': must be a whole number" in result.output


@pytest.mark.parametrize(
    "arguments",
    [("say", "hi"), ("chat", "hi"), ("stop",), ("tts", "hi", "-o", "x.wav"), ("restart", "stage")],
)
def test_without_a_running_kitsu_the_step_is_named(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert "kitsu up" in result.output
    assert len(result.output.strip().splitlines()) <= 2


def test_down_without_a_running_kitsu_is_done_already(folder: Path) -> None:
    result = run("down")
    assert result.exit_code == 0
    assert result.output == "Kitsu is not running.\n"


def test_status_of_nothing_is_one_document_and_code_1(folder: Path) -> None:
    result = run("status", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["running"] is False
    assert {module["state"] for module in document["modules"].values()} == {"down"}


def test_panic_of_nothing_is_one_document_and_code_1(folder: Path) -> None:
    result = run("panic", "--json")
    assert result.exit_code == 1
    answers = json.loads(result.stdout)["modules"]
    assert answers.pop("obs_controller") == "not_configured"
    assert set(answers.values()) == {"unreachable"}
    assert "Nothing of Kitsu answers" in run("panic").output


def test_a_taken_port_is_refused_before_anything_starts_with_the_setting_to_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("STAGE_PORT", str(taken.getsockname()[1]))
        result = run("up", "--no-open")
    assert result.exit_code == 1
    assert "set STAGE_PORT to a free one" in result.output
    assert not (folder / "bus").exists()
    assert RunStateFile(folder).read() is None


def test_two_modules_on_one_port_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    monkeypatch.setenv("STAGE_PORT", port)
    monkeypatch.setenv("ORCH_PORT", port)
    result = run("up", "--no-open")
    assert result.exit_code == 1
    assert "ORCH_PORT" in result.output


def test_a_second_up_over_the_same_data_is_refused_with_the_process(folder: Path) -> None:
    own = RunStateFile(folder).claim()
    result = run("up", "--no-open")
    assert result.exit_code == 1
    assert f"process {own.pid}" in result.output
    assert "kitsu down" in result.output
    RunStateFile(folder).release()


def test_a_bus_that_does_not_answer_is_told_without_its_password(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITSU_REDIS_URL", "redis://:s3cr3t-pass@127.0.0.1:1/0")
    result = run("up", "--no-open")
    assert result.exit_code == 1
    assert "KITSU_REDIS_URL" in result.output
    assert "s3cr3t-pass" not in result.output


def test_panel_prints_a_link_that_signs_in_once(folder: Path) -> None:
    from libs.worker.access import Access, Scope

    result = run("panel")
    code = result.stdout.strip().partition("?code=")[2]
    access = Access(folder)
    assert access.redeem_code(code) is Scope.OPERATOR
    assert access.redeem_code(code) is None


def test_broken_tokens_are_told_with_the_step_that_mends_them(folder: Path) -> None:
    (folder / "secrets").mkdir()
    (folder / "secrets" / "tokens.json").write_text("{")
    result = run("say", "hello")
    assert result.exit_code == 1
    assert "delete it" in result.output


def test_logs_are_shown_in_the_order_of_time_and_safe_on_a_terminal(folder: Path) -> None:
    lines = {
        "stage": [("2026-01-01T10:00:00.000Z", "first"), ("2026-01-01T10:00:02.000Z", "\x1b[2J")],
        "tts_worker": [("2026-01-01T10:00:01.000Z", "second")],
    }
    (folder / "logs").mkdir()
    for service, said in lines.items():
        text = "".join(
            json.dumps({"ts": ts, "service": service, "level": "INFO", "message": message}) + "\n"
            for ts, message in said
        )
        path_of(folder / "logs", service, today()).write_text(text + "not json \x1b\n")
    result = run("logs")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    places = [result.output.index(word) for word in ("first", "second", "\\u001b[2J")]
    assert places == sorted(places)
    assert "first" not in run("logs", "tts_worker").output


def test_logs_of_an_unknown_module_name_those_that_are_there(folder: Path) -> None:
    result = run("logs", "nope")
    assert result.exit_code == 1
    assert "services: none" in result.output


def test_events_need_a_bus(folder: Path) -> None:
    result = run("events", "dead")
    assert result.exit_code == 1
    assert "kitsu up" in result.output


def test_doctor_is_one_document_in_which_every_problem_has_its_step(folder: Path) -> None:
    result = run("doctor", "--json")
    document = json.loads(result.stdout)
    assert [check["name"] for check in document["checks"]][:2] == ["Python", "installation"]
    for check in document["checks"]:
        assert (check["state"] == "ok") == (check["mend"] == "")


def test_doctor_names_the_wrong_setting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITSU_LOG_LEVEL", "LOUD")
    result = run("doctor")
    assert result.exit_code == 1
    assert "KITSU_LOG_LEVEL" in result.output


def test_an_error_text_cannot_play_tricks_on_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from apps.cli.failures import Failed

    Failed("bad \x1b[2J\u202e name").show()
    assert click.unstyle(capsys.readouterr().err) == "bad \\u001b[2J\\u202e name\n"
