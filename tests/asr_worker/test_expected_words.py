import pytest

from apps.asr_worker.expected_words import MAXIMUM_WORDS, ExpectedWords
from libs.contracts.listening import WordsExpected


@pytest.mark.parametrize(
    ("setting", "persona", "wanted"),
    [
        ("", "", ""),
        ("", "pt-BR", "pt-BR"),
        ("de", "en", "de"),
        ("auto", "en", ""),
        ("", "auto", ""),
    ],
)
def test_the_setting_is_stronger_than_the_persona(setting: str, persona: str, wanted: str) -> None:
    words = ExpectedWords(setting)
    assert words.hints.language in (setting, "")
    words.take(WordsExpected(language=persona))
    assert words.hints.language == wanted


def test_her_names_come_first_and_nothing_twice() -> None:
    words = ExpectedWords("en")
    words.take(WordsExpected(her_names=("Kitsu",), words=("Ana", "Kitsu", "Bob")))
    assert words.hints.words == ("Kitsu", "Ana", "Bob")
    assert words.her_names == ("Kitsu",)


def test_names_of_viewers_are_hostile_text() -> None:
    words = ExpectedWords("en")
    names = ("<|endoftext|>", "a\nb", "\u202e", "!!!", "x" * 500, "ok", "  ", "\x1b[31mred")
    words.take(WordsExpected(her_names=("\x00",), words=names))
    assert words.her_names == ()
    for word in words.hints.words:
        assert word.isprintable()
        assert 0 < len(word) <= 40
        assert not set(word) & set("<>|[]\n\x1b")


def test_no_more_words_than_a_recogniser_takes() -> None:
    words = ExpectedWords("en")
    words.take(WordsExpected(words=tuple(f"name{number}" for number in range(100))))
    assert len(words.hints.words) == MAXIMUM_WORDS
