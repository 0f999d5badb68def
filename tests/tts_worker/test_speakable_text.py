import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tts_worker.engines.espeak_prosody import FASTEST, SLOWEST, Prosody, coloured
from apps.tts_worker.engines.espeak_voices import EspeakVoices
from apps.tts_worker.engines.script import readable_language
from apps.tts_worker.engines.speakable import MAXIMUM_CHARACTERS, has_speech, speakable
from libs.contracts.speaking import Mood


@given(st.text(max_size=300))
def test_no_character_moves_and_none_can_steer_the_engine(text: str) -> None:
    spoken = speakable(text)
    assert len(spoken) == len(text)
    assert not set(spoken) & set("<>[]\x00\x01\x1b*_`")
    assert all(mine in (" ", given) for mine, given in zip(spoken, text, strict=True))


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("so **very** nice", "so very nice"),
        ("<b>bold</b> move", "bold move"),
        ("a < b and b > c", "a b and b c"),
        ("tea &amp; cake", "tea cake"),
        ("5 € + 3 $", "5 € + 3 $"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("Don't stop; é, 日本, привет!", "Don't stop; é, 日本, привет!"),
    ],
)
def test_words_stay_and_signs_go(text: str, spoken: str) -> None:
    assert " ".join(speakable(text).split()) == spoken


def test_a_book_is_cut() -> None:
    assert len(speakable("a" * 50_000)) == MAXIMUM_CHARACTERS


@pytest.mark.parametrize(("text", "there"), [("a", True), ("7", True), ("…!", False), ("", False)])
def test_speech_needs_a_letter_or_digit(text: str, there: bool) -> None:
    assert has_speech(text) is there


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("hello", "en", "en"),
        ("привет", "en", "ru"),
        ("привіт", "uk-UA", "uk-UA"),
        ("hello мир ok", "en", "en"),
        ("こんにちは", "en", "ja"),
        ("123 !", "en", "en"),
        ("γειά σου", "pt-br", "el"),
    ],
)
def test_a_language_that_reads_the_script_is_chosen(
    text: str, language: str, expected: str
) -> None:
    assert readable_language(text, language) == expected


VOICES = EspeakVoices.of(
    [("en", "en-gb", "British"), ("en-us", "en-us", "American"), ("fr", "fr-fr", "French")],
    ["f5", "Annie"],
)


@pytest.mark.parametrize(
    ("voice", "found"),
    [
        ("en-gb", "en"),
        ("fr-fr+annie", "fr+Annie"),
        ("en-us+f6", None),
        ("en-us+", None),
        ("+f5", None),
        ("", None),
        ("xx", None),
    ],
)
def test_a_voice_is_found_by_name_or_tag(voice: str, found: str | None) -> None:
    assert VOICES.find(voice) == found


@pytest.mark.parametrize(
    ("language", "chosen"),
    [
        ("", "en-us+f5"),
        ("en", "en-us+f5"),
        ("en-GB", "en+f5"),
        ("fr", "fr+f5"),
        ("fr-CA", "fr+f5"),
        ("xx", "en-us+f5"),
    ],
)
def test_a_language_has_a_voice_in_the_usual_character(language: str, chosen: str) -> None:
    assert VOICES.choose("", language, "en-us+f5") == chosen


@given(st.sampled_from(Mood), st.floats(allow_nan=False), st.integers(80, 350))
def test_no_mood_leaves_what_the_engine_can_do(mood: Mood, energy: float, rate: int) -> None:
    prosody = coloured(Prosody(rate, 55, 60), mood, energy)
    assert SLOWEST <= prosody.rate <= FASTEST
    assert 0 <= prosody.pitch <= 99
    assert 0 <= prosody.pitch_range <= 99
