import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.speech.invented_words import invented

#: What people say to her, with the time it takes.
REAL = [
    ("Hello Kitsu, can you hear me?", 1.8),
    ("Yes.", 0.3),
    ("No, no, no, no!", 1.0),
    ("Stop talking.", 0.7),
    ("Thanks for watching, everybody, that was it for tonight", 3.0),
    ("Ha ha ha ha ha", 1.2),
    ("Привет, Китсу, как дела?", 1.6),
    ("Olá Kitsu, tudo bem?", 1.3),
    ("こんにちはキツさん元気ですか", 2.0),
    ("What do you think about the subtitles by that new translator", 3.2),
    ("I was wondering whether you could tell me what the capital of Australia is", 4.0),
    ("GG", 0.4),
    ("Subtitles don't work on the stream today", 2.2),
    ("Transcribe what was said by the guest, please", 2.4),
    ("Captions are too small for me", 1.5),
    ("Legendas em português ajudam muito", 2.2),
    ("Die Untertitel sind heute kaputt", 2.0),
    ("Субтитры сегодня не работают", 2.0),
    ("Translate that sentence", 1.3),
    ("один два три четыре пять", 1.8),
]
FAREWELLS = [
    "Thanks for watching!",
    "Thank you.",
    "Продолжение следует...",
    "Obrigado por assistir!",
    "ご視聴ありがとうございました",
    "Vielen Dank fürs Zuschauen!",
    "you",
    "Bye.",
    "Don't forget to like and subscribe",
]
CREDITS = [
    "Subtitles by the Amara.org community",
    "Subtítulos realizados por la comunidad de Amara.org",
    "Legendas pela comunidade Amara.org",
    "Субтитры сделал DimaTorzok",
    "Редактор субтитров А.Семкин Корректор А.Егорова",
    "Untertitelung des ZDF für funk, 2017",
    "Untertitel im Auftrag des ZDF, 2021",
    "Sous-titrage Société Radio-Canada",
    "Sous-titres réalisés par la communauté d'Amara.org",
    "字幕由Amara.org社区提供",
    "www.opensubtitles.org",
    "Transcribed by https://otter.ai",
    "Sottotitoli creati dalla comunità Amara.org",
    "Ondertiteld door Babel",
    "Napisy stworzone przez społeczność Amara.org",
    "Субтитры создавал DimaTorzok",
    "Altyazı M.K.",
    "Transcription by ESO. Translation by —",
]


@pytest.mark.parametrize(("text", "seconds"), REAL)
def test_what_people_say_is_believed(text: str, seconds: float) -> None:
    assert not invented(text, seconds)
    assert not invented(text, seconds, 0.05, -0.3, 1.2)
    assert not invented(text.upper(), seconds, 0.25, -0.6, 2.0)


@pytest.mark.parametrize("text", FAREWELLS)
def test_a_known_sentence_is_believed_only_when_it_was_said(text: str) -> None:
    assert not invented(text, 2.5, 0.02, -0.2, 1.0)
    assert invented(text, 0.05, 0.02, -0.2, 1.0)
    assert invented(text, 2.5, 0.5, -0.2, 1.0)
    assert invented(text, 2.5, 0.02, -0.9, 1.0)


@pytest.mark.parametrize("text", CREDITS)
def test_credits_are_never_said(text: str) -> None:
    assert invented(text, 5.0, 0.01, -0.1, 1.0)


@pytest.mark.parametrize(
    "text", ["[Music]", "(applause)", "♪", "*sighs* ...", "[BLANK_AUDIO]", " ♪♪ [Music] "]
)
def test_descriptions_of_sounds_are_no_words(text: str) -> None:
    assert invented(text, 2.0)


def test_nothing_is_not_invented() -> None:
    assert not invented("", 0.0)
    assert not invented("   ", 3.0)


def test_whispers_own_thresholds_count_together() -> None:
    assert invented("some words", 2.0, 0.7, -1.1)
    assert not invented("some words", 2.0, 0.7, -0.9)
    assert not invented("some words", 2.0, 0.5, -1.5)
    assert invented("some words", 2.0, compression_ratio=2.5)


def test_a_loop_is_invented() -> None:
    assert invented("I'm going to go. " * 5, 20.0)
    assert invented("so so so so so so so so so so so so", 10.0)
    assert invented("and then we " * 12, 20.0)
    assert not invented("no no no no no", 2.0)
    assert not invented("very, very, very good, and very, very cheap", 4.0)


def test_more_than_could_be_said_is_invented() -> None:
    text = "this is a long sentence with a lot of words that nobody could have said"
    assert invented(text, 0.4)
    assert not invented(text, 3.0)
    assert invented("ありがとうございましたありがとう", 0.2)


NUMBERS = st.none() | st.floats(-20, 20)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from([text for text, _ in REAL] + FAREWELLS + CREDITS),
    st.lists(st.sampled_from(["a", "so", "no", "kitsu", "the"]), max_size=30).map(" ".join),
)


@given(text=TEXTS, seconds=st.floats(0, 30), a=NUMBERS, b=NUMBERS, c=NUMBERS, worse=st.floats(0, 5))
def test_more_doubt_never_makes_it_more_believable(
    text: str, seconds: float, a: float | None, b: float | None, c: float | None, worse: float
) -> None:
    if invented(text, seconds, a, b, c):
        assert invented(
            text,
            max(0.0, seconds - worse),
            None if a is None else a + worse,
            None if b is None else b - worse,
            None if c is None else c + worse,
        )


@given(
    words=st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=9), min_size=1, max_size=20)
)
def test_words_that_have_their_time_are_believed(words: list[str]) -> None:
    if len(set(words)) == len(words):
        text = " ".join(words)
        assert invented(text, len(text) / 10 + 0.5, 0.1, -0.4, 1.3) == (
            text in ("titre", "www com") or invented(text, 1e9)
        )


@given(text=TEXTS, seconds=st.floats(0, 30))
def test_case_and_marks_do_not_count(text: str, seconds: float) -> None:
    if text.isascii() and text.strip(string.punctuation + string.whitespace) == text and text:
        assert invented(f"{text}!", seconds) == invented(f"{text}.", seconds)


@pytest.mark.parametrize("text", ["a" * 100_000, "a " * 50_000, "[" * 50_000, "субтитры " * 9_000])
def test_a_monstrous_text_takes_no_time(text: str) -> None:
    assert invented(text, 3.0)
