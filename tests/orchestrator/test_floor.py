"""The floor: priority, freshness, bounds, and a reason for whoever leaves unanswered."""

from apps.orchestrator.floor import Candidate, Floor
from libs.contracts.conversation import SkipReason, TurnInput, TurnSource
from libs.contracts.people import Author


def line(name: str, source: TurnSource = TurnSource.CHAT, at: float = 0.0) -> Candidate:
    author = Author(viewer_id=f"id-{name}", name=name)
    given = TurnInput(
        source=source, author=author, text=name, message_ids=(f"m-{name}",), arrived_at=at
    )
    return Candidate(name, f"turn-{name}", f"utterance-{name}", given)


def taken(floor: Floor, now: float = 0.0) -> str | None:
    candidate, _ = floor.take(now)
    return candidate.input_id if candidate else None


def test_the_operator_comes_before_the_host_and_the_host_before_chat() -> None:
    floor = Floor()
    for name, source in [
        ("chat", TurnSource.CHAT),
        ("paid", TurnSource.PAID),
        ("voice", TurnSource.VOICE),
        ("operator", TurnSource.OPERATOR),
    ]:
        floor.offer(line(name, source))
    assert [taken(floor) for _ in range(5)] == ["operator", "voice", "paid", "chat", None]


def test_a_flood_leaves_the_newest_lines_and_every_other_one_has_a_reason() -> None:
    floor = Floor(chat_lines=3)
    skipped = [s for n in range(1_000) for s in floor.offer(line(f"{n}", at=n / 1_000))]
    assert len(skipped) == 997
    assert {s.reason for s in skipped} == {SkipReason.OUTRANKED}
    assert taken(floor, now=1.0) == "997"


def test_a_line_that_waited_too_long_is_not_answered() -> None:
    floor = Floor(chat_fresh_seconds=15)
    floor.offer(line("old", at=0))
    floor.offer(line("new", at=10))
    candidate, skipped = floor.take(now=16)
    assert candidate is not None
    assert candidate.input_id == "new"
    assert [(s.candidate.input_id, s.reason) for s in skipped] == [("old", SkipReason.TOO_OLD)]


def test_what_the_operator_asked_for_does_not_grow_too_old() -> None:
    floor = Floor()
    floor.offer(line("say", TurnSource.OPERATOR, at=0))
    assert taken(floor, now=1_000) == "say"


def test_operator_lines_are_bounded_too_and_the_last_one_is_refused() -> None:
    floor = Floor()
    skipped = [s for n in range(60) for s in floor.offer(line(str(n), TurnSource.OPERATOR))]
    assert [s.reason for s in skipped] == [SkipReason.FULL] * 10
    assert skipped[0].candidate.input_id == "50"


def test_a_deleted_message_and_a_banned_viewer_leave_the_queue() -> None:
    floor = Floor()
    for name in ("a", "b", "c"):
        floor.offer(line(name))
    assert [s.candidate.input_id for s in floor.withdraw(message_id="m-b")] == ["b"]
    assert [s.candidate.input_id for s in floor.withdraw(viewer_id="id-a")] == ["a"]
    assert floor.withdraw(message_id="") == []
    assert taken(floor) == "c"


def test_panic_empties_the_floor() -> None:
    floor = Floor()
    floor.offer(line("a"))
    floor.offer(line("b", TurnSource.VOICE))
    assert {s.reason for s in floor.clear(SkipReason.PANIC)} == {SkipReason.PANIC}
    assert len(floor) == 0
