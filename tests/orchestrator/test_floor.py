"""The floor: priority, freshness, bounds, windows, and a reason for whoever leaves unanswered."""

from itertools import pairwise

import pytest

from apps.orchestrator.floor import Floor
from libs.contracts.conversation import SkipReason, TurnSource
from libs.contracts.people import Author
from tests.orchestrator.floor_lines import floor, line, reasons, taken


def test_the_operator_comes_before_the_host_and_the_host_before_chat() -> None:
    here = floor()
    for name, source in [
        ("idle", TurnSource.IDLE),
        ("chat", TurnSource.CHAT),
        ("paid", TurnSource.PAID),
        ("voice", TurnSource.VOICE),
        ("operator", TurnSource.OPERATOR),
    ]:
        here.offer(line(name, source=source), 0.0)
    found = [taken(here) for _ in range(6)]
    assert found == ["operator", "voice", "paid", "chat", "idle", None]


def test_the_line_that_deserves_it_most_is_answered_first() -> None:
    here = floor()
    for text in ("nice weather today", "kitsu what is your favourite tea?", "i had soup for lunch"):
        here.offer(line(text), 0.0)
    assert taken(here) == "kitsu what is your favourite tea?"


def test_of_two_equal_lines_the_newer_one_is_answered_for_the_older_lost_points_waiting() -> None:
    here = floor()
    here.offer(line("the first thing i say", at=0), 0.0)
    here.offer(line("something else to say", at=4), 4.0)
    assert taken(here, 5.0) == "something else to say"


def test_a_flood_keeps_the_best_lines_and_every_other_one_has_a_reason() -> None:
    here = floor(waiting_lines=3)
    left = [
        item
        for n in range(1_000)
        for item in here.offer(line(f"word{n} other{n} third{n}", at=n / 1_000), n / 1_000)
    ]
    best = line("kitsu can you see me?", at=1.0)
    left += here.offer(best, 1.0)
    assert len(left) == 1_001 - 3
    assert {item.reason for item in left} == {SkipReason.OUTRANKED}
    assert taken(here, now=1.5) == "kitsu can you see me?"


def test_a_line_that_waited_too_long_is_not_answered() -> None:
    here = floor(fresh_seconds=15)
    here.offer(line("an old thing", at=0), 0.0)
    here.offer(line("a new thing", at=10), 10.0)
    candidate, skipped = here.take(16.0)
    assert candidate is not None
    assert candidate.input.text == "a new thing"
    assert reasons(skipped) == [("an old thing", SkipReason.TOO_OLD)]


@pytest.mark.parametrize("late", [{"at": -20.0}, {"late_seconds": 20.0}])
def test_a_line_that_was_old_when_it_came_leaves_at_once(late: dict[str, float]) -> None:
    here = floor(fresh_seconds=15)
    assert reasons(here.offer(line("hello", **late), 0.0)) == [("hello", SkipReason.TOO_OLD)]
    assert len(here) == 0


def test_what_the_operator_asked_for_does_not_grow_too_old() -> None:
    here = floor()
    here.offer(line("say", source=TurnSource.OPERATOR, at=0), 0.0)
    assert taken(here, now=1_000) == "say"


def test_operator_lines_are_bounded_too_and_the_last_one_is_refused() -> None:
    here = floor()
    left = [s for n in range(60) for s in here.offer(line(str(n), source=TurnSource.OPERATOR), 0.0)]
    assert [item.reason for item in left] == [SkipReason.FULL] * 10
    assert left[0].candidate.input.text == "50"


def test_a_deleted_message_and_a_banned_viewer_leave_the_queue() -> None:
    here = floor()
    lines = {name: line(f"{name} says something", name) for name in ("ann", "bob", "cid")}
    for one in lines.values():
        here.offer(one, 0.0)
    (message_id,) = lines["bob"].input.message_ids
    gone = here.withdraw(message_id=message_id) + here.withdraw(viewer_id="id-ann")
    assert [item.candidate for item in gone] == [lines["bob"], lines["ann"]]
    assert {item.reason for item in gone} == {SkipReason.DELETED}
    assert here.withdraw(message_id="") == []
    assert taken(here) == "cid says something"


def test_panic_empties_the_floor() -> None:
    here = floor()
    here.offer(line("a line"), 0.0)
    here.offer(line("a word", source=TurnSource.VOICE), 0.0)
    assert {s.reason for s in here.clear(SkipReason.PANIC)} == {SkipReason.PANIC}
    assert len(here) == 0


# Windows -----------------------------------------------------------------------------------------


def test_a_lone_line_is_answered_at_once() -> None:
    here = floor(window_seconds=0.4, burst_viewers=4)
    here.offer(line("hello there kitsu"), 0.0)
    assert here.next_at(0.0) == 0.0
    assert taken(here, 0.0) == "hello there kitsu"


def test_in_a_burst_the_best_line_of_the_window_is_taken_and_not_the_first() -> None:
    here = floor(window_seconds=0.4, burst_viewers=3)
    for n, text in enumerate(("good evening all", "what a view", "this is lovely")):
        here.offer(line(text, at=n / 100), n / 100)
    assert taken(here, 0.03) is None
    assert here.next_at(0.03) == pytest.approx(0.4)
    here.offer(line("kitsu who are you?", at=0.3), 0.3)
    assert taken(here, 0.41) == "kitsu who are you?"


def test_one_viewer_who_writes_quickly_is_no_burst() -> None:
    here = floor(window_seconds=0.4, burst_viewers=3)
    for n in range(5):
        here.offer(line(f"part {n} of my story", "ann", at=n / 100), n / 100)
    assert taken(here, 0.05) == "part 4 of my story"


def test_in_a_flood_in_which_nobody_waits_for_long_somebody_is_answered_all_the_same() -> None:
    here = floor(window_seconds=0.4, burst_viewers=3, waiting_lines=8)
    answered = []
    for n in range(3_000):  # a thousand lines a second
        at = n / 1_000
        text = f"kitsu, what is number{n} plus other{n * 7}?"
        here.offer(line(text, f"viewer{n}", at=at), at)
        candidate, _ = here.take(at)
        if candidate is not None:
            answered.append(at)
    assert len(answered) >= 7
    assert max(b - a for a, b in pairwise(answered)) < 0.5


def test_what_waited_while_she_spoke_is_taken_without_a_further_window() -> None:
    here = floor(window_seconds=0.4, burst_viewers=3)
    for n in range(30):
        here.offer(line(f"word{n} other{n} third{n}", at=n / 10), n / 10)
    assert here.next_at(2.9) == 2.9
    assert taken(here, 2.9) is not None


# The host ----------------------------------------------------------------------------------------


def test_while_the_host_speaks_only_operator_and_host_are_answered() -> None:
    here = floor(host={"grace_seconds": 1.5, "at_most_seconds": 30})
    here.host.started(0.0)
    here.offer(line("kitsu, hello!"), 0.5)
    here.offer(line("gift", source=TurnSource.PAID), 0.5)
    here.offer(line("order", source=TurnSource.OPERATOR), 0.5)
    assert [taken(here, 1.0), taken(here, 1.0)] == ["order", None]
    here.offer(line("words", source=TurnSource.VOICE), 2.0)
    here.host.understood()
    assert [taken(here, 2.0) for _ in range(3)] == ["words", "gift", "kitsu, hello!"]


def test_words_that_do_not_come_are_not_waited_for_for_long() -> None:
    here = floor(host={"grace_seconds": 1.5, "at_most_seconds": 30})
    here.host.started(0.0)
    here.offer(line("kitsu, hello!", at=4), 4.0)
    here.host.ended(5.0)
    assert here.next_at(5.0) == 6.5
    assert taken(here, 6.4) is None
    assert taken(here, 6.5) == "kitsu, hello!"


def test_a_host_whose_end_is_never_heard_holds_the_floor_for_a_bounded_time() -> None:
    here = floor(host={"grace_seconds": 1.5, "at_most_seconds": 10})
    here.host.started(0.0)
    here.offer(line("kitsu, hello!", at=1), 1.0)
    assert taken(here, 9.9) is None
    assert taken(here, 10.0) == "kitsu, hello!"


# Quiet and mutes ---------------------------------------------------------------------------------


def test_in_a_quiet_only_operator_and_host_are_answered() -> None:
    here = floor()
    here.offer(line("before it"), 0.0)
    here.offer(line("order", source=TurnSource.OPERATOR), 0.0)
    here.quiet_until = 60.0
    assert reasons(here.clear(SkipReason.QUIET)) == [("before it", SkipReason.QUIET)]
    for source in (TurnSource.CHAT, TurnSource.PAID, TurnSource.IDLE):
        left = here.offer(line("within it", source=source, at=30), 30.0)
        assert reasons(left) == [("within it", SkipReason.QUIET)]
    here.offer(line("words", source=TurnSource.VOICE, at=30), 30.0)
    assert [taken(here, 30.0) for _ in range(3)] == ["order", "words", None]
    assert here.offer(line("after it", at=60), 60.0) == []


def test_a_muted_viewer_is_not_answered_also_when_paying() -> None:
    here = floor()
    here.muted.add("id-troll")
    for source in (TurnSource.CHAT, TurnSource.PAID):
        left = here.offer(line("look at me", "troll", source=source), 0.0)
        assert reasons(left) == [("look at me", SkipReason.BLOCKED)]


def test_the_rules_as_they_are_shipped_can_be_used() -> None:
    assert taken(Floor()) is None


def test_a_name_stays_with_whoever_wrote_under_it_last() -> None:
    """A rehearsal's ann is not the channel's, and her going takes nothing from her."""
    crowd = Floor().crowd
    for viewer_id in ("replay:ann", "twitch:1"):
        crowd.met(Author(viewer_id=viewer_id, name="Ann"), 0.0)
    crowd.met(Author(viewer_id="replay:ann", name="Anna"), 1.0)
    crowd.forget("replay:ann")
    named = crowd.named("@ann")
    assert named is not None
    assert named.viewer_id == "twitch:1"
    assert crowd.named("anna") is None
