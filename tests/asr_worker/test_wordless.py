"""Real sounds of several voices: what says words and what does not."""

import numpy as np
import pytest

from libs.speech.bands import BANDS, WINDOW_SAMPLES, BandLevels, Floats
from libs.speech.wordless import wordless
from tests.asr_worker.rooms import HOST_DBFS, at_level
from tests.asr_worker.voices import HOST_VOICES, INTERRUPTIONS, all_spoken, sentence

#: What barge-in knows at its deadline: 0.64 s.
WINDOWS = 20


def first_windows(sound: Floats) -> list[Floats]:
    """The band levels of a voice from where it begins."""
    loud = at_level(sound, HOST_DBFS)
    begins = int(np.argmax(np.abs(loud) > 0.005))
    noise = np.random.default_rng(1).standard_normal(len(loud) - begins) * 5e-4
    part = (loud[begins:] + noise).astype(np.float32)
    bands = BandLevels()
    count = min(WINDOWS, len(part) // WINDOW_SAMPLES)
    return [bands.of(part[n * WINDOW_SAMPLES : (n + 1) * WINDOW_SAMPLES]) for n in range(count)]


@pytest.mark.parametrize("voice", HOST_VOICES)
def test_sentences_and_objections_are_words(voice: str) -> None:
    said = (*INTERRUPTIONS, "no no no", "wait wait wait", *(sentence(n * 7) for n in range(30)))
    found = [text for text, sound in zip(said, all_spoken(said, voice, 165), strict=True)
             if wordless(first_windows(sound))]  # fmt: skip
    assert found == []


@pytest.mark.parametrize("voice", HOST_VOICES[:2])
def test_laughter_and_one_sound_over_and_over_are_none(voice: str) -> None:
    said = ("ha ha ha ha", "hihihihi", "ha ha ha ha ha ha", "uh-huh", "aha", "ahhhh")
    sounds = all_spoken(said, voice, 165)
    found = [wordless(first_windows(sound)) for sound in sounds]
    assert sum(found) >= 5, list(zip(said, found, strict=True))


def test_too_little_and_silence_tell_nothing() -> None:
    quiet = np.full(BANDS, -100.0, np.float32)
    assert not wordless([])
    assert not wordless([quiet] * 5)
    assert wordless([np.linspace(-60, -20, BANDS, dtype=np.float32)] * 20)
