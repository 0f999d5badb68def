"""Viewers who ask the same are answered together, and so are raiders who greet."""

from libs.contracts.conversation import SkipReason
from tests.orchestrator.floor_lines import floor, line, reasons, taken


def test_three_who_ask_the_same_are_answered_once() -> None:
    here = floor()
    here.offer(line("what game is this?", "ann"), 0.0)
    here.offer(line("what game is this", "bob"), 0.1)
    here.offer(line("which game is that one?", "eve"), 0.1)
    here.offer(line("What game is this!?", "cid"), 0.2)
    candidate, left = here.take(0.3)
    assert candidate is not None
    given = candidate.input
    assert given.told == "ann (and 2 others) ask: what game is this?"
    assert [asker.name for asker in given.asked_by] == ["bob", "cid"]
    assert all(asker.message_id for asker in given.asked_by)
    assert [(s.candidate.input.author.name, s.reason) for s in left] == [
        ("bob", SkipReason.DUPLICATE),
        ("cid", SkipReason.DUPLICATE),
    ]
    assert left[0].detail == "answered together with ann"
    assert taken(here, 0.4) == "which game is that one?"


def test_a_question_that_more_viewers_ask_comes_first() -> None:
    here = floor()
    here.offer(line("what is your favourite tea?", "ann"), 0.0)
    for name in ("bob", "cid", "dan"):
        here.offer(line("where do you live?", name), 0.0)
    assert taken(here) == "where do you live?"


def test_when_one_of_them_takes_it_back_the_others_still_ask() -> None:
    here = floor()
    first, second = line("what game is this?", "ann"), line("what game is this?", "bob")
    for one in (first, second):
        here.offer(one, 0.0)
    assert len(here.withdraw(message_id=first.input.message_ids[0])) == 1
    candidate, left = here.take(0.1)
    assert candidate is not None
    assert (candidate.input.author.name, candidate.input.asked_by, left) == ("bob", (), [])


def test_when_one_of_them_is_banned_the_others_still_ask() -> None:
    here = floor()
    for name in ("ann", "bob", "cid"):
        here.offer(line("what game is this?", name), 0.0)
    here.withdraw(viewer_id="id-bob")
    candidate, _ = here.take(0.1)
    assert candidate is not None
    assert [asker.name for asker in candidate.input.asked_by] == ["cid"]


def test_the_lead_is_whoever_was_not_just_answered() -> None:
    here = floor()
    here.offer(line("kitsu hello", "ann"), 0.0)
    taken(here)
    for name in ("ann", "bob"):
        here.offer(line("what game is this?", name, at=1), 1.0)
    candidate, _ = here.take(1.1)
    assert candidate is not None
    assert candidate.input.author.name == "bob"


def test_so_many_may_ask_the_same_and_no_more_are_kept() -> None:
    here = floor(together_viewers=3)
    left = [s for n in range(10) for s in here.offer(line("what game is this?", f"v{n}"), 0.0)]
    assert len(here) == 4
    assert [item.reason for item in left] == [SkipReason.DUPLICATE] * 6
    candidate, more = here.take(0.5)
    assert candidate is not None
    assert len(candidate.input.asked_by) == len(more) == 3


def test_lines_with_pictures_are_answered_one_by_one() -> None:
    here = floor()
    for name in ("ann", "bob"):
        here.offer(line("what is this?", name, picture="image/png"), 0.0)
    candidate, left = here.take(0.1)
    assert candidate is not None
    assert (candidate.input.asked_by, left) == ((), [])
    assert len(here) == 1


# Raids -------------------------------------------------------------------------------------------


def test_raiders_who_greet_are_greeted_together_and_once() -> None:
    here = floor(together_viewers=20)
    here.offer(line("i am a regular", "old"), 0.0)
    taken(here)
    here.raided(10.0)
    for n, text in enumerate(("hello!", "fox raid fox raid", "we come in peace", "hiiii kitsu")):
        here.offer(line(text, f"raider{n}", at=11), 11.0)
    here.offer(line("welcome all of you", "old", at=11), 11.0)
    candidate, left = here.take(11.5)
    assert candidate is not None
    assert len(candidate.input.asked_by) == len(left) == 3
    assert "old" not in {item.candidate.input.author.name for item in left}
    late = here.offer(line("hello hello", "raider9", at=15), 15.0)
    assert reasons(late) == [("hello hello", SkipReason.DUPLICATE)]


def test_a_raiders_question_is_a_question_and_after_the_raid_greetings_are_greetings() -> None:
    here = floor(alerts={"raid_seconds": 45})
    here.raided(0.0)
    here.offer(line("hello everybody", "a", at=1), 1.0)
    here.offer(line("kitsu what do you stream?", "b", at=1), 1.0)
    assert taken(here, 2.0) == "kitsu what do you stream?"
    here.offer(line("good evening", "c", at=46), 46.0)
    assert here.chat_lines[-1].label == ""
