"""`kitsu replay`, with a twitch_ingest that answers from a script."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apps.cli.__main__ import kitsu
from apps.cli.commands import replay
from tests.cli.module_port import Answers, ModulePort, module_port, problem

PLAYING = {"playing": True, "percent": 40.0, "told": 4, "lines": 4, "bad": 0}
DONE = {
    "playing": False, "finished": True, "percent": 100.0, "told": 9, "lines": 10, "bad": 1,
    "bad_lines": [7], "error": "",
}  # fmt: skip

Play = Callable[[Answers], ModulePort]


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    monkeypatch.setattr(replay, "LOOK_SECONDS", 0.01)
    with ExitStack() as stack:

        def begin(answers: Answers) -> ModulePort:
            port = stack.enter_context(module_port(answers))
            monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path / "data"))
            monkeypatch.setenv("TWITCH_INGEST_PORT", str(port.number))
            return port

        yield begin


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "chat.jsonl"
    path.write_text("{}\n", "utf-8")
    return str(path)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(kitsu, ["replay", *arguments])
    assert "Traceback" not in result.output
    return result


def test_a_log_is_played_to_its_end_and_what_was_wrong_is_told(chat: Play, log: str) -> None:
    answers = iter([PLAYING, PLAYING, DONE])
    port = chat({"POST /replay": (202, PLAYING), "GET /replay": lambda _: (200, next(answers))})
    result = run(log, "--speed", "4")
    assert result.exit_code == 0
    assert "played: 9 told of 10 lines" in result.output
    assert "1 lines could not be read: 7" in result.output
    assert port.heard[0] == ("POST /replay", {"file": str(Path(log).resolve()), "speed": 4.0})
    assert len(port.heard) == 4


def test_a_refusal_and_a_broken_log_are_failures(chat: Play, log: str) -> None:
    chat({"POST /replay": problem(409, "Another log is being played", "Wait.", "playing")})
    assert (result := run(log)).exit_code == 1
    assert "Another log is being played: Wait." in result.output
    broken: dict[str, Any] = {**DONE, "error": "chat.jsonl broke off: I/O error"}
    chat({"POST /replay": (202, PLAYING), "GET /replay": (200, broken)})
    assert (result := run(log)).exit_code == 1
    assert "broke off" in result.output


def test_it_can_be_stopped(chat: Play) -> None:
    chat({"DELETE /replay": (200, {"stopped": True})})
    assert run("--stop").output == "stopped\n"
    chat({"DELETE /replay": (200, {"stopped": False})})
    assert run("--stop").output == "no log is being played\n"


def test_wrong_use_is_told_before_anything_is_asked(log: str) -> None:
    for arguments in ((), (log, "--stop"), ("nowhere.jsonl",), (log, "--speed", "-1")):
        assert run(*arguments).exit_code == 2


def test_without_a_show_the_step_is_told(
    log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITSU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TWITCH_INGEST_PORT", "1")
    result = run(log)
    assert result.exit_code == 1
    assert "kitsu up" in result.output


def test_a_log_of_which_nothing_can_be_read_fails_and_shows_how_a_line_looks(
    chat: Play, log: str
) -> None:
    nothing = {**DONE, "told": 0, "lines": 1}
    chat({"POST /replay": (202, PLAYING), "GET /replay": (200, nothing)})
    result = run(log)
    assert result.exit_code == 1
    assert '"name": "ann"' in result.output
