"""The measurement of `kitsu bench endpointing`, without the show around it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from apps.asr_worker.endpointing import Plan, measure
from apps.cli.bench.endpointing import Results, _report
from apps.cli.bench.own_process import results_of
from apps.cli.failures import Failed
from libs.audio.wav import Recording, encode_wav
from libs.settings import ROOT
from tests.asr_worker.sounds import pcm_of, speech

PIECES = (
    ("I would like to", "ask you something personal."),
    ("I like your new dress.", "Where did you get it?"),
)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    sentences = []
    for number, pieces in enumerate(PIECES):
        row = []
        for part, text in enumerate(pieces):
            name = f"{number}-{part}.wav"
            (tmp_path / name).write_bytes(encode_wav(Recording(pcm_of(speech(text)), 16_000)))
            row.append({"wav": name, "text": text})
        sentences.append(row)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"sentences": sentences, "pauses_seconds": [0.2, 0.8, 1.2]}))
    return path


def test_words_tell_a_pause_from_an_end_better_than_silence_does(plan: Path) -> None:
    found = Results.model_validate(
        measure(Plan.model_validate_json(plan.read_bytes()), plan.parent)
    )
    rows = {row.strategy: row for row in found.strategies}
    assert all(row.pauses == 6 for row in rows.values())
    assert all(row.missed_ends == 0 for row in rows.values())
    assert rows["fixed 600 ms"].cut_off_by_pause_seconds == {"0.2": 0.0, "0.8": 1.0, "1.2": 1.0}
    assert rows["fixed 1600 ms"].cut_off_share == 0.0
    assert rows["text"].cut_off_by_pause_seconds == {"0.2": 0.0, "0.8": 0.5, "1.2": 0.5}
    quick = rows["text, quick recogniser"]
    assert sorted(quick.words_ms)[0] < 420
    assert min(rows["fixed 300 ms"].words_ms) > 600
    report = _report(found)
    assert report.passed, report.as_text()
    json.dumps(report.as_json())


async def test_the_bench_asks_it_in_a_process_of_its_own(plan: Path) -> None:
    found = await results_of("It", "apps.asr_worker.endpointing", Results, "--plan", str(plan))
    assert found.cases == 6


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"sentences": [], "pauses_seconds": [1]}', '{"sentences": [[]]}',
     '{"sentences": [[{"wav": "none.wav", "text": "a"}]], "pauses_seconds": [1]}',
     '{"sentences": [[{"wav": "plan.json", "text": "a"}]], "pauses_seconds": [1]}'],
)  # fmt: skip
def test_a_plan_that_is_none_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    command = [sys.executable, "-m", "apps.asr_worker.endpointing", "--plan", str(path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_the_bench_says_what_failed(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="cannot be used"):
        await results_of("It", "apps.asr_worker.endpointing", Results, "--plan", str(tmp_path))
