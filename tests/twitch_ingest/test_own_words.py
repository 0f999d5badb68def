"""With one account for two, whose line it is."""

import pytest

from apps.twitch_ingest.own_words import DOUBT_SECONDS, ECHO_SECONDS, OwnWords

SAID = "Not ready: Stage. \U0001f98a"


@pytest.fixture
def words() -> OwnWords:
    words = OwnWords()
    words.said(SAID, 100.0)
    return words


@pytest.mark.parametrize(
    "text", [SAID, "not  ready: stage.", "NOT READY - Stage!", "Not ready stage"]
)
def test_what_she_sent_is_hers_also_when_the_platform_changed_its_signs(
    words: OwnWords, text: str
) -> None:
    assert words.are_hers(text, 100.0 + ECHO_SECONDS - 1)


def test_so_soon_after_one_of_hers_any_line_may_be_hers(words: OwnWords) -> None:
    assert words.are_hers("changed beyond knowing", 100.0 + DOUBT_SECONDS - 0.1)
    assert not words.are_hers("how are you, kitsu?", 100.0 + DOUBT_SECONDS)


def test_after_a_minute_the_same_words_are_the_streamers(words: OwnWords) -> None:
    assert not words.are_hers(SAID, 100.0 + ECHO_SECONDS)


def test_a_line_without_letters_is_known_too() -> None:
    words = OwnWords()
    words.said("\u00bb \u2764", 0.0)
    assert words.are_hers("\u00bb \u2764", 10.0)
    assert not words.are_hers("\u2764\u2764", 10.0)


def test_a_flood_of_her_own_lines_is_bounded() -> None:
    words = OwnWords()
    for number in range(10_000):
        words.said(f"line {number}", 0.0)
    assert words.are_hers("line 9999", 10.0)
    assert not words.are_hers("line 1", 10.0)
