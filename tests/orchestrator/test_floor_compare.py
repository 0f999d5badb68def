"""The comparison with "first come, first served", and the log that it plays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from apps.orchestrator.floor import load_rules
from apps.orchestrator.floor.compare import compare, read_log, table
from libs.contracts.chat_log import ChatLogLine
from libs.settings import ROOT
from libs.testing.chat_log import PARTS, made_up_log

LINES = 2_500


@pytest.fixture(scope="module")
def log() -> list[ChatLogLine]:
    return made_up_log(LINES)


def test_a_made_up_log_has_an_evening_in_it_and_is_always_the_same(log: list[ChatLogLine]) -> None:
    assert log == made_up_log(LINES)
    assert log != made_up_log(LINES, seed=8)
    assert len(log) == LINES
    assert [line.at for line in log] == sorted(line.at for line in log)
    assert {line.kind for line in log} == {"message", "delete", "raid", "gift"}
    assert any(line.first_time for line in log)
    assert any(line.spam for line in log)
    assert log[-1].at <= sum(part.seconds for part in PARTS)
    messages = [line.id for line in log if line.kind == "message"]
    assert len(messages) == len(set(messages))


def test_the_floor_answers_what_deserves_it(log: list[ChatLogLine]) -> None:
    found = compare(log, load_rules())
    ours, other = found["floor"], found["first_come"]
    assert ours.unaccounted == other.unaccounted == 0
    assert ours.oldest_seconds <= 15
    assert ours.mean_worth > other.mean_worth
    assert ours.asked_answered > other.asked_answered
    assert ours.newcomers_answered > other.newcomers_answered
    assert ours.answers + sum(ours.reasons.values()) == ours.lines
    shown = table(found)
    assert "left as duplicate" in shown
    assert "asked answered" in shown


def test_a_recorded_log_is_read_and_a_wrong_line_is_told(
    log: list[ChatLogLine], tmp_path: Path
) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text("\n".join(line.model_dump_json() for line in log[:50]), "utf-8")
    assert read_log(file) == log[:50]
    with file.open("a", encoding="utf-8") as more:
        more.write('\n{"at": -1, "id": "x"}\n')
    with pytest.raises(ValueError, match=r"chat\.jsonl, line 51: at Input should be greater"):
        read_log(file)


def test_it_prints_one_document_or_says_what_is_wrong(tmp_path: Path) -> None:
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "apps.orchestrator.floor.compare", "--json", *options]
        return subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)

    found = json.loads(run("--lines", "500").stdout)
    assert found["floor"]["unaccounted"] == 0
    (tmp_path / "bad.jsonl").write_text("not json\n", "utf-8")
    wrong = run("--log", str(tmp_path / "bad.jsonl"))
    assert wrong.returncode == 1
    assert "bad.jsonl, line 1" in wrong.stderr
    assert "Traceback" not in wrong.stderr
