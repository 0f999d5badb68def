"""Names as people write them are found again."""

import pytest

from apps.avatar_controller.names import (
    found_by_name,
    found_by_words,
    shown_name,
    words_of,
)


def by_words(wanted: list[str], *names: str) -> str | None:
    return found_by_words(wanted, names, str)


def by_name(wanted: str, *names: str) -> str | None:
    return found_by_name(wanted, names, str)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("exp_StarEyes2.exp3.json", ("exp", "star", "eyes", "2")),
        ("F01 Happy!!.exp3.json", ("f", "01", "happy")),
        ("Ñandú-Café.EXP3.JSON", ("nandu", "cafe")),
        ("ＨＡＰＰＹ", ("happy",)),
        ("笑顔", ("笑顔",)),
        ("  Triste-É  ", ("triste", "e")),
        ("__", ()),
        ("", ()),
    ],
)
def test_a_name_is_its_words(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


def test_the_first_word_that_any_has_counts() -> None:
    assert by_words(["joy", "smile"], "Smile1", "Joyful", "joy_2") == "joy_2"
    assert by_words(["cry", "tears"], "Tears", "happy") == "Tears"
    assert by_words(["star eyes"], "EXP_StarEyes") == "EXP_StarEyes"
    assert by_words(["笑"], "にこ笑顔") == "にこ笑顔"
    assert by_words(["happy"], "HappyCry", "happy.exp3.json") == "happy.exp3.json"


def test_a_word_inside_of_another_one_is_no_match() -> None:
    assert by_words(["happy", "mad", "sad"], "Unhappy", "Madoka", "Crusade") is None
    assert by_words([""], "a", "") is None


def test_a_name_is_found_as_it_is_before_as_it_might_be_meant() -> None:
    assert by_name("Smile", "smile.exp3.json", "SMILE.exp3.json", "Smile.exp3.json") == (
        "Smile.exp3.json"
    )
    assert by_name("smile face", "Smile_Face.exp3.json") == "Smile_Face.exp3.json"
    assert by_name("!!", "??", "a") is None
    assert by_name("", "a") is None


def test_a_shown_name_has_no_tricks_and_an_end() -> None:
    assert shown_name("happy\u202eyppah\x00\n.exp3.json") == "happyyppah"
    assert len(shown_name("x" * 5000)) == 200
    assert shown_name("\u202e") == "?"
