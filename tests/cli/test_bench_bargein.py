"""`kitsu bench bargein` on a machine that cannot do it, and the clock of a live recording."""

from pathlib import Path

import pytest

from apps.cli.bench import bargein
from libs.testing.sound_card import LiveSound


async def test_without_a_sound_server_it_says_so_and_measures_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bargein, "what_is_missing", lambda: ["pulseaudio", "faster-whisper"])
    report = await bargein.bench_bargein(20, tmp_path)
    assert report.passed
    assert "skipped: this machine lacks pulseaudio, faster-whisper" in report.as_text()


def test_a_sample_was_heard_when_it_arrived_at_the_latest() -> None:
    sound = LiveSound(rate_hz=1_000, arrivals=[(100, 5.0), (300, 5.25)])
    assert sound.heard_at(100) == 5.0
    assert sound.heard_at(101) == pytest.approx(5.051)
    with pytest.raises(ValueError, match="301"):
        sound.heard_at(301)


def test_what_it_plays_is_there() -> None:
    assert bargein.PHRASE.is_file()
