"""`kitsu bench overlay`: its tune, and how it tells the mouth from the sound."""

import importlib.util
import itertools
from pathlib import Path

import pytest

from apps.cli.bench import overlay
from apps.cli.bench.overlay import RATE_HZ, Tune, bench_overlay, paired, spread


def test_each_burst_of_the_tune_has_its_mouth() -> None:
    tune = Tune(5)
    sound = memoryview(tune.pcm()).cast("h")
    assert len(sound) == round(tune.seconds * RATE_HZ)
    cues = [cue for cue in tune.mouth(0, tune.seconds) if cue.at_seconds > 0]
    assert [cue.viseme.value for cue in cues] == ["aa", "sil"] * 5
    for opens, shuts in zip(cues[::2], cues[1::2], strict=True):
        begin, end = (round(cue.at_seconds * RATE_HZ) for cue in (opens, shuts))
        assert max(sound[begin : begin + 200]) > 10_000
        assert not any(sound[begin - 200 : begin])
        assert not any(sound[end + 1 : end + 200])


def test_cues_are_sent_once_with_the_chunk_they_lie_in() -> None:
    tune = Tune(8)
    steps = [n / 10 for n in range(int(tune.seconds * 10) + 2)]
    sent = [cue for a, b in itertools.pairwise(steps) for cue in tune.mouth(a, b)]
    assert sent == list(tune.mouth(0, 99))


def test_a_mouth_that_never_opened_is_not_paired_with_the_next_ones() -> None:
    assert paired([1_000, 1_600, 2_200], [1_012.5, 2_195]) == [12.5, -5]
    assert paired([1_000], []) == []
    assert spread([]) == {}
    assert spread([3, 1, 2]) == {"p5": 1, "p50": 2, "p95": 3}


async def test_without_chromium_or_playwright_it_says_so_and_measures_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(overlay, "find_chromium", lambda: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    report = await bench_overlay(10, tmp_path)
    assert report.figures is None
    assert "lacks playwright (pip install 'kitsu-vtuber[dev]'), Chromium" in report.notes[0]
    assert report.checks == []
