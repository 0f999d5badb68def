"""Which sentences are in a language that nobody expected."""

import pytest

from libs.speech.language import is_foreign


@pytest.mark.parametrize(
    ("sentence", "languages", "foreign"),
    [
        ("Hello there, what is that?", ["en"], False),
        ("Oi, gente! Hoje vai ser muito divertido.", ["en"], True),
        ("Oi, gente! Hoje vai ser muito divertido.", ["en", "pt-BR"], False),
        ("Você está muito bem hoje.", ["pt-BR"], False),
        ("Muchas gracias, hoy estoy con ustedes y vamos.", ["pt-BR"], True),
        ("Heute haben wir sehr viel vor, und das ist gut.", ["en"], True),
        ("みんな、来てくれてありがとう！", ["en"], True),
        ("みんな、来てくれてありがとう！", ["ja"], False),
        ("Привет, чат!", ["en"], True),
        ("Привет, чат!", ["ru"], False),
        ("The dog is here with you.", ["ja"], True),
        ("You say こんにちは for hello.", ["en"], False),
        ("Hasta la vista, baby!", ["en"], None),
        ("Oi, gente!", ["en"], None),
        ("OK! Nice!", ["ja"], None),
        ("12345 !!", ["en"], None),
        ("", ["en"], None),
    ],
)
def test_a_sentence_is_told_by_its_letters_and_small_words(
    sentence: str, languages: list[str], foreign: bool | None
) -> None:
    assert is_foreign(sentence, languages) is foreign
