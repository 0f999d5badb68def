"""Words aligned onto sound whose shape is known: pauses, clicks, silence, sound that goes on."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.speaking import WordCue
from libs.speech.word_times import (
    pace_of,
    said_seconds,
    spoken_parts,
    with_every_word,
    words_from_sound,
)

RATE_HZ = 16_000


def sound(*stretches: float) -> bytes:
    """Tone and silence in turns; a negative length is silence."""
    parts = []
    for seconds in stretches:
        times = np.arange(round(abs(seconds) * RATE_HZ)) / RATE_HZ
        parts.append(np.sin(2 * np.pi * 220 * times) * (12_000 if seconds > 0 else 0))
    return bytes(np.concatenate(parts).astype("<i2").tobytes())


def starts(text: str, pcm: bytes, **more: object) -> dict[str, float]:
    cues = words_from_sound(text, pcm, RATE_HZ, **more)  # type: ignore[arg-type]
    return {text[cue.start : cue.start + cue.length]: round(cue.at_seconds, 2) for cue in cues}


def test_pauses_divide_the_sound_and_closures_and_clicks_do_not() -> None:
    pcm = sound(-0.2, 0.4, -0.06, 0.3, -0.3, 0.02, -0.3, 0.5, -0.4)
    parts = [(round(p.start, 2), round(p.end, 2)) for p in spoken_parts(pcm, RATE_HZ)]
    assert parts == [(0.2, 0.96), (1.58, 2.08)]


def test_a_pause_is_where_the_comma_is() -> None:
    words = starts("Well, that was unexpected.", sound(0.4, -0.3, 1.3))
    assert words["Well,"] == 0.0
    assert words["that"] == 0.7
    assert 0.9 <= words["was"] < words["unexpected."] < 1.5


def test_silence_before_and_behind_the_speech_has_no_words() -> None:
    words = starts("One two three.", sound(-1.0, 0.9, -2.0))
    assert words["One"] == 1.0
    assert words["three."] < 1.9


def test_a_long_pause_at_an_unmarked_place_is_taken_for_what_it_is() -> None:
    text = "one two three four five six"
    half = sum(said_seconds(word) for word in ["one", "two", "three"])
    words = starts(text, sound(half, -1.0, half))
    assert words["four"] == pytest.approx(half + 1.0, abs=0.02)
    assert words["three"] < half


def test_two_sentences_in_one_are_divided_at_the_pause_between_them() -> None:
    words = starts("Can you believe it? Neither can I.", sound(0.8, -0.5, 0.8))
    assert words["it?"] < 0.8
    assert words["Neither"] == 1.3


def test_sound_that_goes_on_has_only_the_words_that_fit() -> None:
    text = "one two three four five six seven eight nine ten"
    usual = sum(said_seconds(word) for word in text.split())
    words = starts(text, sound(usual / 2), whole=False, pace=1.0)
    begun = [word for word, at in words.items() if at < usual / 2]
    assert 4 <= len(begun) <= 7
    slow = starts(text, sound(usual / 2), whole=False, pace=2.0)
    assert len([w for w, at in slow.items() if at < usual / 2]) < len(begun)


def test_of_sound_that_goes_on_the_clause_before_the_pause_is_complete() -> None:
    words = starts(
        "If you had told me a year ago, I would laugh.", sound(1.9, -0.3, 0.1), whole=False
    )
    assert words["ago,"] < 1.9
    assert words["I"] == 2.2


@pytest.mark.parametrize("pcm", [b"", bytes(20), bytes(64_000), b"\1\0" * 32_000])
def test_silence_has_no_words(pcm: bytes) -> None:
    assert words_from_sound("Hello there.", pcm, RATE_HZ) == []


@pytest.mark.parametrize("text", ["", "   ", "— … !", "🦊"])
def test_text_without_words_has_no_times(text: str) -> None:
    assert words_from_sound(text, sound(1.0), RATE_HZ) == []


def test_more_pauses_than_words_are_no_trouble() -> None:
    words = starts("No.", sound(0.2, -0.2, 0.2, -0.2, 0.2, -0.2, 0.2))
    assert list(words) == ["No."]


def test_noise_of_many_parts_and_a_text_of_many_words_cost_little() -> None:
    text = "a " * 500
    pcm = sound(*([0.1, -0.2] * 500))
    for whole in (True, False):
        began_at = time.process_time()
        assert len(words_from_sound(text, pcm, RATE_HZ, whole)) > 100
        assert time.process_time() - began_at < 0.5


texts = st.text(st.sampled_from("abe i,.!?é猫ね한 12 —"), max_size=60)
shapes = st.lists(st.floats(-0.6, 0.8).filter(lambda x: abs(x) > 0.01), min_size=1, max_size=9)


@settings(deadline=None)
@given(texts, shapes, st.booleans())
def test_words_are_in_order_inside_the_sound_and_complete_once_it_is_whole(
    text: str, shape: list[float], whole: bool
) -> None:
    pcm = sound(*shape)
    cues = words_from_sound(text, pcm, RATE_HZ, whole)
    assert [cue.start for cue in cues] == sorted({cue.start for cue in cues})
    times = [cue.at_seconds for cue in cues]
    assert times == sorted(times)
    assert all(at >= 0 for at in times)
    spoken = [word for word in text.split() if any(c.isalnum() for c in word)]
    if whole and spoken_parts(pcm, RATE_HZ):
        assert len(cues) == len(spoken)
        assert all(at <= len(pcm) / 2 / RATE_HZ for at in times)


def test_words_that_a_voice_said_as_one_get_their_share_of_its_time() -> None:
    text = "I am so much for it."
    told = [
        WordCue(at_seconds=at, start=s, length=n)
        for at, s, n in ((0, 0, 1), (0.3, 5, 2), (0.9, 13, 3))
    ]
    words = {text[c.start : c.start + c.length]: c.at_seconds for c in with_every_word(text, told)}
    assert list(words) == ["I", "am", "so", "much", "for"]
    assert 0 < words["am"] < 0.3 < words["much"] < 0.9


def test_numbers_and_syllable_scripts_take_their_time() -> None:
    assert said_seconds("1984") > said_seconds("year") * 3
    assert said_seconds("ありがとう") == pytest.approx(5 * said_seconds("あ"), rel=0.3)
    assert said_seconds("schön") == said_seconds("schon")


def test_her_pace_is_told_from_a_sentence_that_is_long_enough() -> None:
    text = "The quick brown fox jumps over the lazy dog."
    usual = sum(said_seconds(word) for word in text.split())
    assert pace_of(text, usual * 1.3) == pytest.approx(1.3)
    assert pace_of(text, usual * 99) == 2.0
    assert pace_of("Hm.", 0.5) is None
    assert pace_of("", 5.0) is None
