import pytest

from libs.speech.turn_taking import (
    MODEL_COMPLETE_SECONDS,
    FixedSilence,
    Pause,
    TextAware,
    TurnModel,
    ending_of,
)

USUAL, LONGEST = 0.6, 1.6
TEXT = TextAware(USUAL, LONGEST)


def wait(text: str | None, language: str = "") -> float:
    return TEXT.silence_seconds(Pause(text, language))


def test_the_fixed_hangover_looks_at_nothing_else() -> None:
    fixed = FixedSilence(USUAL)
    pauses = (Pause(), Pause("I went to the"), Pause(words_pending=True), Pause(verdict="complete"))
    assert {fixed.silence_seconds(pause) for pause in pauses} == {USUAL}


def test_without_words_the_silence_alone_decides() -> None:
    assert wait(None) == USUAL


def test_words_that_are_being_made_out_are_waited_for() -> None:
    assert TEXT.silence_seconds(Pause(words_pending=True)) == LONGEST


@pytest.mark.parametrize(
    "text",
    [
        "Hello there.", "What do you think?", "That's it!", "Está bom assim.", "Das war's.",
        "Ты меня слышишь?", "これは猫です。", 'He said "hello."', "I want to die.", "Come in.",
        "Da drüben liegt es.", "I had no idea. Did you?",
    ],
)  # fmt: skip
def test_a_sentence_that_is_whole_ends_sooner(text: str) -> None:
    assert 0.3 <= wait(text) < USUAL


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("um", "en"), ("So I was, uh", "en"), ("äh", "de"), ("é", "pt"), ("ну", "ru"),
        ("I went to the", "en"), ("I went to the.", "en"), ("and", ""), ("Because", ""),
        ("I was going to", "en"), ("Ich glaube, dass", "de"), ("Ich glaube, dass.", "de"),
        ("eu acho que", "pt"), ("porque", "es"), ("je voudrais un", "fr"), ("perché", "it"),
        ("я хочу чтобы", "ru"), ("потому что", ""), ("ponieważ", "pl"), ("omdat", "nl"),
        ("I think", "en"), ("well, you know, kind of", "en"), ("wait...", "en"), ("so…", ""),
        ("first -", ""), ("the list is:", "en"), ("Hello (by the", "en"), ("This is Dr.", "en"),
        ("I don’t want to say that I’m", "en"),
    ],
)  # fmt: skip
def test_a_thought_that_goes_on_is_given_the_longest_time(text: str, language: str) -> None:
    assert wait(text, language) == LONGEST


@pytest.mark.parametrize("text", ["hello kitsu", "yes", "okay cool", "ja genau", "да конечно"])
def test_words_that_tell_nothing_take_the_usual_time(text: str) -> None:
    assert wait(text) == USUAL


def test_a_comma_is_between_the_usual_and_the_longest() -> None:
    assert USUAL < wait("well, I saw him,") < LONGEST


def test_a_word_of_another_language_tells_nothing_where_the_language_is_known() -> None:
    assert wait("I want to die", "en") == USUAL
    assert wait("ich sehe die", "de") == LONGEST
    assert wait("nothing is known of icelandic og", "is") == USUAL


def test_a_usual_time_that_is_longer_than_the_longest_still_holds() -> None:
    odd = TextAware(2.0, 1.0)
    assert odd.silence_seconds(Pause("I went to the")) == 2.0
    assert odd.silence_seconds(Pause(words_pending=True)) == 2.0


def test_no_text_makes_it_wait_less_than_a_breath_nor_more_than_the_longest() -> None:
    short = TextAware(0.2, 0.4)
    for text in ("Yes.", "Yes?", "and", ",", "", "   ", "\x00", "." * 10_000, "(" * 10_000):
        assert 0.2 <= short.silence_seconds(Pause(text)) <= 0.4


def test_hostile_text_is_looked_at_quickly() -> None:
    for text in ("a" * 1_000_000, "и " * 500_000, "'" * 1_000_000, "\u0301" * 1_000_000, "\ud800?"):
        assert ending_of(text) in ("open", "unfinished", "question", "sentence", "comma")


def test_a_turn_model_decides_where_it_has_a_verdict() -> None:
    smart = TurnModel(LONGEST, TEXT)
    assert smart.silence_seconds(Pause("and", verdict="complete")) == MODEL_COMPLETE_SECONDS
    assert smart.silence_seconds(Pause("Done.", verdict="unfinished")) == LONGEST


def test_without_its_verdict_the_words_decide() -> None:
    smart = TurnModel(LONGEST, TEXT)
    for text in ("Done.", "and", None, "hello"):
        assert smart.silence_seconds(Pause(text)) == TEXT.silence_seconds(Pause(text))
