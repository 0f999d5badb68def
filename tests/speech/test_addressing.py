import time

import pytest

from libs.contracts.listening import ListeningMode
from libs.speech.addressing import (
    ATTENTION_SECONDS,
    KEY_GRACE_SECONDS,
    Attention,
    TalkKey,
    addressed,
    names_her,
)

OPEN, PUSH, WAKE = ListeningMode.OPEN, ListeningMode.PUSH_TO_TALK, ListeningMode.WAKE_NAME
KITSU = ("Kitsu",)


@pytest.mark.parametrize(
    "text",
    [
        "Kitsu, how are you?", "hey kitsu", "Hey Kit Sue, how are you?", "quitsu!", "Kidsu hello",
        "so, KITSU", "Kitsoo?", "Kitsu's tail", "what do you think, kit su", "Китсу, привет",
        "Кицу", "Kítsu", "ask Kitzu", "キツ Kitsu", "kitsu\u200b",
    ],
)  # fmt: skip
def test_her_name_is_found_in_the_spellings_of_recognisers(text: str) -> None:
    assert names_her(text, KITSU)


@pytest.mark.parametrize(
    "text",
    [
        "the kids who live there", "kits are nice", "a kitsune is a fox", "it's you", "kitty cat",
        "that suits me", "kit", "sue", "cats do that", "keep it so", "", "   ", "!!!", "12345",
        "biscuit soup", "hit sue", "catsuit",
    ],
)  # fmt: skip
def test_other_words_are_not_her_name(text: str) -> None:
    assert not names_her(text, KITSU)


def test_every_one_of_her_names_counts_and_short_ones_only_letter_for_letter() -> None:
    assert names_her("hello Mia, are you there", ("Kitsune-chan", "Mia"))
    assert not names_her("hello Mio, are you there", ("Mia",))
    assert names_her("hey kit sooner chan", ("Kitsune-chan",))
    assert names_her("hey Alexandra", ("Aleksandra",))


def test_a_name_in_another_script_is_looked_for_as_it_is_written() -> None:
    assert names_her("こんにちはキツさん", ("キツ",))
    assert not names_her("こんにちは", ("キツ",))


def test_without_a_name_nobody_is_named() -> None:
    assert not names_her("Kitsu", ())
    assert not names_her("Kitsu", ("", "   ", "!!!"))


def test_hostile_text_and_names_are_looked_at_quickly() -> None:
    began = time.perf_counter()
    for text in ("a" * 1_000_000, "kit " * 200_000, ".*(" * 100_000, "\u0301" * 500_000, "\ud800"):
        names_her(text, ("Kitsu", ".*", "(", "[a-z]+", "\\", "a" * 10_000))
    assert time.perf_counter() - began < 5
    assert not names_her("anything at all", (".*", "[a-z]+", "\\w"))


def test_an_open_microphone_means_her_always() -> None:
    assert addressed(OPEN, "", (), by_key=False, attention=False)


def test_push_to_talk_means_only_what_was_said_into_the_key() -> None:
    assert addressed(PUSH, "hello", KITSU, by_key=True, attention=False)
    assert not addressed(PUSH, "Kitsu, hello", KITSU, by_key=False, attention=True)


def test_by_name_she_is_meant_when_named_when_she_just_spoke_to_him_or_by_key() -> None:
    assert addressed(WAKE, "hello Kitsu", KITSU, by_key=False, attention=False)
    assert addressed(WAKE, "and why?", KITSU, by_key=False, attention=True)
    assert addressed(WAKE, "and why?", KITSU, by_key=True, attention=False)
    assert not addressed(WAKE, "and why?", KITSU, by_key=False, attention=False)


def test_her_attention_lasts_a_while_after_she_spoke_to_him() -> None:
    attention = Attention()
    assert not attention.holds(0.0)
    attention.she_spoke_to_him(100.0)
    assert attention.holds(100.0 + ATTENTION_SECONDS - 0.1)
    assert not attention.holds(100.0 + ATTENTION_SECONDS)
    attention.she_spoke_to_him(50.0)
    assert attention.holds(100.0 + ATTENTION_SECONDS - 0.1)


def test_a_key_is_held_until_it_is_let_go_and_the_last_syllable_counts() -> None:
    key = TalkKey()
    assert not key.counts(0.0)
    key.hold(True, 15.0, now=10.0)
    assert key.held(12.0)
    key.hold(False, 15.0, now=12.0)
    assert not key.held(12.0)
    assert key.counts(12.0 + KEY_GRACE_SECONDS - 0.01)
    assert not key.counts(12.0 + KEY_GRACE_SECONDS)


def test_a_key_that_is_not_renewed_ends_by_itself() -> None:
    key = TalkKey()
    key.hold(True, 2.0, now=0.0)
    key.hold(True, 2.0, now=1.5)
    assert key.held(3.4)
    assert not key.held(3.5)
    assert key.counts(3.5 + KEY_GRACE_SECONDS - 0.01)
    assert not key.counts(10.0)


def test_sound_from_before_the_press_does_not_count_although_it_comes_late() -> None:
    key = TalkKey()
    key.hold(True, 5.0, now=10.0)
    assert not key.counts(9.9)
    key.hold(True, 5.0, now=12.0)
    assert key.counts(10.1)
    key.hold(False, 5.0, now=13.0)
    assert key.counts(12.9)


def test_letting_go_of_a_key_that_was_not_held_changes_nothing() -> None:
    key = TalkKey()
    key.hold(False, 15.0, now=5.0)
    assert not key.counts(5.1)
    key.hold(True, 0.0, now=6.0)
    assert not key.held(6.0)


def test_a_key_that_had_ended_by_itself_keeps_the_end_it_had() -> None:
    key = TalkKey()
    key.hold(True, 1.0, now=0.0)
    key.hold(False, 1.0, now=30.0)
    assert not key.counts(30.1)
