"""A chat line is hostile text until it was cleaned."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from libs.safety import clean_chat

#: Cc, bidi and other format characters, lone surrogates, private use.
HIDDEN = ("Cc", "Cs", "Co")


def test_control_bidi_and_zero_width_characters_are_gone() -> None:
    assert clean_chat("he\x00l\x1b[31ml\u202eo\u200b \u2066wor\ufeffld\x7f") == "hel[31mlo world"


def test_a_line_stays_one_line_with_single_spaces() -> None:
    assert clean_chat(" one\r\n two\tthree\u2028four ") == "one two three four"


def test_a_huge_line_is_cut() -> None:
    assert len(clean_chat("ab " * 70_000)) <= 500
    assert clean_chat("x" * 200_000, maximum=64) == "x" * 64


def test_a_tower_of_marks_is_cut_down() -> None:
    tower = "e" + "\u0301\u0316" * 40
    assert (
        sum(unicodedata.combining(c) > 0 for c in unicodedata.normalize("NFD", clean_chat(tower)))
        <= 4
    )


def test_living_scripts_and_joined_emoji_survive() -> None:
    for text in ("こんにちは、世界", "Привет", "नमस्ते", "Olá, ção", "👩‍👩‍👧 hi ❤️", "한국어"):
        assert clean_chat(text) == unicodedata.normalize("NFC", text)


def test_markup_is_left_for_whoever_shows_it() -> None:
    assert clean_chat("<b>x</b> {{ y }}") == "<b>x</b> {{ y }}"


@given(st.text(max_size=600))
def test_cleaning_is_bounded_quiet_and_done_at_once(text: str) -> None:
    clean = clean_chat(text)
    assert len(clean) <= 500
    assert not any(unicodedata.category(c) in HIDDEN for c in clean)
    assert clean_chat(clean) == clean
