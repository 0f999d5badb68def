"""How many lines are sent and which goes next, in virtual time."""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.twitch_ingest.engines.base import Capabilities
from apps.twitch_ingest.pacing import (
    MAXIMUM_AGE_SECONDS,
    SAME_TEXT_SECONDS,
    SendingPace,
    SendingQueue,
    Waiting,
    per_window,
)
from apps.twitch_ingest.pieces import GUARD, LONGEST_PIECE, ORDERS, pieces
from libs.contracts.chat import SendChatMessage, SendPriority
from libs.contracts.safety import GateAction, Verdict

NOW = 1_000.0


def waiting(
    text: str = "hello", priority: SendPriority = SendPriority.ANSWER, at: float = NOW
) -> Waiting:
    verdict = Verdict(action=GateAction.ALLOW, text=text)
    event = SendChatMessage(
        platform="twitch", text=text, verdict=verdict, priority=priority, emitted_at=at
    )
    return Waiting(event, deque(pieces(text)))


# The pace -----------------------------------------------------------------------------------------


def test_twitch_takes_eighteen_in_thirty_seconds_and_ninety_from_a_moderator() -> None:
    twitch = Capabilities(can_send=True, has_roles=True, has_deletions=True)
    assert per_window(twitch, is_moderator=False) == 18
    assert per_window(twitch, is_moderator=True) == 90


def test_the_nineteenth_line_waits_for_the_first_to_be_thirty_seconds_old() -> None:
    pace = SendingPace(30.0)
    for number in range(18):
        assert pace.wait_seconds(NOW + number, 18) == 0
        pace.take(NOW + number)
    assert pace.wait_seconds(NOW + 18, 18) == pytest.approx(12)
    assert pace.wait_seconds(NOW + 30, 18) == 0
    assert pace.wait_seconds(NOW + 18, 90) == 0


def test_who_is_no_moderator_any_more_waits_at_once() -> None:
    pace = SendingPace(30.0)
    for number in range(90):
        pace.take(NOW + number / 10)
    assert pace.wait_seconds(NOW + 10, 18) == pytest.approx(30 + 7.2 - 10)


@settings(deadline=None)
@given(
    st.lists(st.floats(min_value=0, max_value=20), min_size=1, max_size=120),
    st.integers(min_value=1, max_value=18),
)
def test_no_stretch_of_a_window_ever_has_too_many_lines(waits: list[float], most: int) -> None:
    pace, now = SendingPace(30.0), 0.0
    sent: list[float] = []
    for wait in waits:
        now += wait
        now += pace.wait_seconds(now, most)
        assert pace.wait_seconds(now, most) <= 1e-6
        pace.take(now)
        sent.append(now)
    for first in sent:
        assert sum(1 for at in sent if first <= at < first + 30.0 - 1e-6) <= most


# The queue ----------------------------------------------------------------------------------------


def test_answers_to_moderators_go_first_then_the_order_in_which_they_came() -> None:
    queue = SendingQueue()
    for text, priority in (
        ("a", SendPriority.CHATTER),
        ("b", SendPriority.ANSWER),
        ("c", SendPriority.ANSWER),
        ("d", SendPriority.CONTROL),
    ):
        queue.put(waiting(text, priority))
    order = []
    while (first := queue.first()) is not None:
        order.append(first.event.text)
        queue.done(first)
    assert order == ["d", "b", "c", "a"]


def test_what_is_too_old_is_dropped_and_nothing_else() -> None:
    queue = SendingQueue()
    queue.put(waiting("old", at=NOW - MAXIMUM_AGE_SECONDS - 0.1))
    queue.put(waiting("new", at=NOW - MAXIMUM_AGE_SECONDS + 0.1))
    dropped = list(queue.dropped(NOW, same_text_allowed=False))
    assert [(one.event.text, reason) for one, reason in dropped] == [("old", "too_old")]
    assert len(queue) == 1


def test_the_same_text_is_not_sent_twice_in_thirty_seconds_except_by_a_moderator() -> None:
    queue = SendingQueue()
    queue.sent(waiting("Hello  there"), NOW)
    later = NOW + SAME_TEXT_SECONDS
    again = waiting("hello there", at=later)
    queue.put(again)
    assert list(queue.dropped(later - 0.1, same_text_allowed=True)) == []
    assert [reason for _, reason in queue.dropped(later - 0.1, False)] == ["duplicate"]
    queue.put(again)
    assert list(queue.dropped(later, False)) == []


def test_a_full_queue_drops_the_least_important_that_waits_longest() -> None:
    queue = SendingQueue(maximum=3)
    for text in ("a", "b"):
        assert queue.put(waiting(text, SendPriority.CHATTER)) is None
    assert queue.put(waiting("c", SendPriority.CONTROL)) is None
    dropped = queue.put(waiting("d", SendPriority.CONTROL))
    assert dropped is not None
    assert dropped.event.text == "a"
    late = queue.put(waiting("e", SendPriority.ANSWER))
    assert late is not None
    assert late.event.text == "b"


def test_texts_that_were_sent_are_forgotten_again() -> None:
    queue = SendingQueue()
    for number in range(1_000):
        queue.sent(waiting(f"text {number}"), NOW + number)
    assert len(queue._sent_texts) <= SAME_TEXT_SECONDS + 1


# Pieces -------------------------------------------------------------------------------------------


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_a_short_text_is_one_piece_as_it_is() -> None:
    assert pieces("hello  there\nall") == ["hello there all"]
    assert pieces("   ") == []


def test_a_long_text_is_cut_between_words() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    found = pieces(text)
    assert len(found) > 1
    assert all(len(piece) <= LONGEST_PIECE for piece in found)
    assert " ".join(found) == text


@pytest.mark.parametrize("text", ["/ban ann", ".timeout ann", "!so ann", "?panic", "/"])
def test_nothing_that_is_sent_is_an_order(text: str) -> None:
    assert pieces(text, prefix="?") == [f"{GUARD}{text}"]


def test_emoji_are_not_torn_apart() -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    found = pieces(family * 100)
    assert all(piece.startswith("\U0001f469") for piece in found)
    assert "".join(found) == family * 100


@settings(deadline=None)
@given(st.text(max_size=1_500), st.integers(min_value=20, max_value=450))
def test_no_text_makes_a_piece_that_is_too_long_or_an_order(text: str, longest: int) -> None:
    found = pieces(text, longest, prefix="?")
    for piece in found:
        assert 0 < units(piece) <= longest
        assert not piece.startswith((*ORDERS, "?"))
    plain = "".join("".join(piece.removeprefix(GUARD) for piece in found).split())
    assert plain == "".join(text.split()) or GUARD in text
