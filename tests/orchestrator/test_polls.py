"""Polls: begun once, counted from chat, ended once and told, whatever happens meanwhile."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orchestrator import poll_desk
from apps.orchestrator.poll import Poll, PollRefused
from libs.contracts.chat import ChatMessageReceived, ViewerBanned
from libs.contracts.conversation import PollFinished, StartPoll, TurnCommitted, TurnSource
from libs.contracts.people import Author
from libs.contracts.stage import ShowPoll
from libs.telemetry import clock
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.safety.corpus import DISGUISES

GAMES = ("Tetris", "Snake", "Chess")


def a_poll(*options: str) -> Poll:
    return Poll("poll", "Which game?", options or GAMES, ends_at=100.0)


# The rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "choice"),
    [
        ("1", 0),
        ("#2", 1),
        ("3!", 2),
        ("(2)", 1),
        (" 2. ", 1),
        ("\uff12", 1),
        ("!vote", None),
        ("4", None),
        ("0", None),
        ("22", None),
        ("1 2", None),
        ("tetris", 0),
        ("TETRIS!!", 0),
        ("Te\u200btris", 0),
        ("\u0422etris", 0),
        ("i like tetris", None),
        ("1 is the best", None),
        ("", None),
        ("\U0001f98a", None),
        ("9" * 500, None),
        ("tetris" * 200, None),
    ],
)
def test_a_line_is_a_vote_when_it_is_just_a_number_or_an_option(
    line: str, choice: int | None
) -> None:
    assert a_poll().choice_of(line) == choice


def test_options_of_other_scripts_are_voted_for_too() -> None:
    poll = a_poll("\u306f\u3044", "\u3044\u3044\u3048", "caf\u00e9")
    assert poll.choice_of("\u3044\u3044\u3048") == 1
    assert poll.choice_of("cafe") == 2


@pytest.mark.parametrize(
    "options",
    [
        ("Tetris", "tetris"),
        ("Tetris", "\u0422etris"),
        ("Tetris", "T e t r i s"),
        ("Tetris", "Te\u200btris!"),
        ("Tetris", "T3tr1s"),
        ("\uff34etris", "Tetris"),
        ("2", "1"),
        ("2", "Tetris"),
    ],
)
def test_options_that_read_alike_are_refused(options: tuple[str, ...]) -> None:
    with pytest.raises(PollRefused) as caught:
        a_poll(*options)
    assert caught.value.code == "alike"


@pytest.mark.parametrize("options", [("1", "2", "3"), ("1998", "2004"), ("3", "4")])
def test_numbers_may_be_options_where_they_cannot_be_mistaken(options: tuple[str, ...]) -> None:
    poll = a_poll(*options)
    assert [poll.choice_of(option) for option in options] == list(range(len(options)))


@pytest.mark.parametrize(
    ("question", "options"),
    [("", GAMES), ("Q?", ()), ("Q?", ("One",)), ("Q?", ("One", "")), ("Q?", tuple("abcdef"))],
)
def test_what_cannot_be_voted_on_is_refused(question: str, options: tuple[str, ...]) -> None:
    with pytest.raises(PollRefused) as caught:
        Poll("poll", question, options, 1.0)
    assert caught.value.code == "malformed"


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2))))
def test_each_viewer_has_one_vote_and_the_last_one_counts(votes: list[tuple[str, int]]) -> None:
    poll = a_poll()
    for viewer, choice in votes:
        poll.vote(viewer, choice)
    counts = Counter(dict(votes).values())
    assert [option.votes for option in poll.result] == [counts[number] for number in range(3)]


def test_one_viewer_who_votes_a_thousand_times_counts_once() -> None:
    poll = a_poll()
    changed = [poll.vote("ana", number % 2) for number in range(1_000)]
    assert all(changed)
    assert [option.votes for option in poll.result] == [0, 1, 0]
    assert not poll.vote("ana", 1)
    assert poll.withdraw("ana")
    assert not poll.withdraw("ana")
    assert [option.votes for option in poll.result] == [0, 0, 0]


def test_voters_are_counted_up_to_a_bound_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("apps.orchestrator.poll.MAXIMUM_VOTERS", 10_000)
    poll = a_poll()
    begun = time.perf_counter()
    for number in range(12_000):
        choice = poll.choice_of("Tetris" if number % 4 else "2")
        assert choice is not None
        poll.vote(f"viewer {number}", choice)
    assert time.perf_counter() - begun < 2
    assert sum(option.votes for option in poll.result) == 10_000
    assert poll.vote("viewer 1", 2)  # who has voted may change it


# The show -----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_desk, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(poll_desk, "SHOW_SECONDS", 0.05)
    monkeypatch.setattr(poll_desk, "GRACE_SECONDS", 0.05)


@pytest.fixture
def stand_settings() -> dict[str, Any]:
    return {"poll_seconds": 600}


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def begin(show: Stand, *options: str, question: str = "Which game?") -> StartPoll:
    event = StartPoll(question=question, options=options or GAMES, epoch=show.worker.session.epoch)
    await show.bus.publish(event)
    await until(lambda: show.worker.polls.poll is not None)
    return event


async def vote(show: Stand, viewer: str, text: str) -> None:
    await show.bus.publish(
        ChatMessageReceived(
            message_id=f"{viewer} {text}",
            platform="test",
            author=Author(viewer_id=viewer, name=viewer),
            text=text,
        )
    )


async def votes(show: Stand) -> list[int]:
    poll = (await show.get("/poll"))["poll"]
    return [option["votes"] for option in poll["options"]]


def hurry(show: Stand) -> None:
    """The time is over."""
    poll = show.worker.polls.poll
    assert poll is not None
    poll.ends_at = clock.now()
    show.worker.polls._begun.set()


async def test_a_poll_is_counted_from_chat_shown_and_told_when_it_is_over(show: Stand) -> None:
    started = await begin(show)
    for viewer, text in (("ana", "1"), ("ben", "snake"), ("ana", "2"), ("cyd", "Snake!")):
        await vote(show, viewer, text)
    await until(lambda: sum(o.votes for o in show.worker.polls.poll.result) == 3)  # type: ignore[union-attr]
    assert await votes(show) == [0, 3, 0]
    status = (await show.get("/status"))["poll"]
    assert (status["question"], len(status["options"])) == ("Which game?", 3)
    await show.next(ShowPoll, lambda e: e.options and e.options[1].votes == 3)
    hurry(show)
    finished = await show.next(PollFinished)
    assert (finished.outcome, finished.cause_id) == ("ended", started.event_id)
    assert [(o.text, o.votes) for o in finished.options] == [
        ("Tetris", 0),
        ("Snake", 3),
        ("Chess", 0),
    ]
    turn = await show.next(TurnCommitted)
    assert turn.input.source is TurnSource.IDLE
    assert turn.input.author.viewer_id == ""
    assert "Snake won" in turn.input.text
    assert (await show.get("/status"))["poll"] is None
    assert len(await show.all(PollFinished)) == 1


async def test_a_vote_is_no_line_for_her_and_says_why(show: Stand) -> None:
    await begin(show)
    await vote(show, "ana", "2")
    await vote(show, "ana", "who made tetris?")
    await show.committed("who made tetris?")
    assert [turn.input.text for turn in await show.all(TurnCommitted)] == ["who made tetris?"]
    rows = {row.row.text: row.row.note for row in show.worker.feed.latest()}
    assert rows["2"] == "vote"
    hurry(show)
    await show.next(PollFinished)
    await vote(show, "ben", "1")  # its poll is just over
    await until(lambda: show.worker.counters["votes_late"])
    assert "1" not in [turn.input.text for turn in await show.all(TurnCommitted)]


async def test_ten_thousand_votes_are_counted_while_the_show_goes_on(show: Stand) -> None:
    await begin(show)
    author = Author(viewer_id="x", name="x")
    line = ChatMessageReceived(message_id="m", platform="test", author=author, text="1")
    for number in range(10_000):
        given = author.model_copy(update={"viewer_id": f"viewer {number}"})
        event = line.model_copy(update={"event_id": f"e{number}", "author": given})
        await show.worker.hear_chat(event, show.delivery(event))
    for number in range(1_000):
        event = line.model_copy(update={"event_id": f"r{number}", "text": str(number % 3 + 1)})
        await show.worker.hear_chat(event, show.delivery(event))
    assert await votes(show) == [10_001, 0, 0]
    assert await show.all(TurnCommitted) == []
    assert len(await show.all(ShowPoll)) < 500


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"options": ("One",)}, "malformed"),
        ({"question": "\u202e"}, "malformed"),
        ({"options": ("Tetris", "\u0422etris")}, "alike"),
        ({"question": f"Who is {DISGUISES['plain']}?"}, "blocked"),
        ({"options": ("Tetris", DISGUISES["plain"])}, "blocked"),
        ({"epoch": -1}, "stale"),
    ],
)
async def test_a_poll_that_must_not_be_is_refused_and_counted(
    show: Stand, fields: dict[str, Any], code: str
) -> None:
    await show.post("/stop")
    epoch = show.worker.session.epoch
    fields = {"question": "Which?", "options": GAMES, "epoch": epoch, **fields}
    await show.bus.publish(StartPoll(**fields))
    await until(lambda: show.worker.counters[f"polls_refused_{code}"])
    assert (await show.get("/poll"))["poll"] is None
    assert await show.all(ShowPoll) == []


async def test_a_second_poll_is_refused_while_one_runs_and_just_after_it(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(show)
    await vote(show, "ana", "1")
    await show.bus.publish(StartPoll(question="Another?", options=("Yes", "No")))
    await until(lambda: show.worker.counters["polls_refused_running"])
    assert (await show.get("/poll"))["poll"]["question"] == "Which game?"
    assert await votes(show) == [1, 0, 0]
    hurry(show)
    await show.next(PollFinished)
    monkeypatch.setattr(poll_desk, "PAUSE_SECONDS", 120.0)
    await show.bus.publish(StartPoll(question="Again?", options=("Yes", "No")))
    await until(lambda: show.worker.counters["polls_refused_too_soon"])


async def test_an_order_that_comes_twice_begins_one_poll(show: Stand) -> None:
    started = await begin(show)
    hurry(show)
    await show.next(PollFinished)
    await show.worker.start_poll(started, show.delivery(started, deliveries=2))
    assert (await show.get("/poll"))["poll"] is None
    assert show.worker.counters["polls_started"] == 1


async def test_a_panic_calls_the_poll_off_and_none_begins_in_it(show: Stand) -> None:
    await begin(show)
    await vote(show, "ana", "1")
    await show.post("/panic", {"reason": "test"})
    finished = await show.next(PollFinished)
    assert (finished.outcome, finished.reason) == ("cancelled", "panic")
    assert (await show.next(ShowPoll)).question == ""
    await show.bus.publish(StartPoll(question="In panic?", options=("Yes", "No"), epoch=9_999))
    await until(lambda: show.worker.counters["polls_refused_panic"])
    await show.post("/panic/release")
    assert (await show.get("/poll"))["poll"] is None
    assert await show.all(TurnCommitted) == []


async def test_the_operator_calls_a_poll_off(show: Stand) -> None:
    assert (await show.request("DELETE", "/poll")).json() == {"cancelled": False}
    await begin(show)
    assert (await show.request("DELETE", "/poll")).json() == {"cancelled": True}
    assert (await show.get("/poll"))["poll"] is None
    assert (await show.next(PollFinished)).reason == "operator"
    assert (await show.request("GET", "/poll")).status_code == 200
    assert (await show.raw("DELETE", "/poll", b"", scope="")).status_code == 401
    await asyncio.sleep(0.1)
    assert await show.all(TurnCommitted) == []


async def test_who_is_banned_or_forgotten_has_no_vote(show: Stand) -> None:
    await begin(show)
    for viewer in ("ana", "ben", "cyd"):
        await vote(show, viewer, "1")
    await until(lambda: show.worker.polls.poll.result[0].votes == 3)  # type: ignore[union-attr]
    await show.bus.publish(ViewerBanned(viewer_id="ana", platform="test"))
    await until(lambda: show.worker.polls.poll.result[0].votes == 2)  # type: ignore[union-attr]
    await show.request("DELETE", "/memory/viewers/ben")
    assert await votes(show) == [1, 0, 0]
    rows = await show.worker.database.look(
        lambda db: [row["viewer_id"] for row in db.execute("SELECT * FROM vote")]
    )
    assert rows == ["cyd"]


async def killed_in_a_poll(stand: Stand) -> StartPoll:
    """An orchestrator dies while two viewers have voted."""
    async with running(stand.worker, stand.worker.bus):
        started = await begin(stand)
        await vote(stand, "ana", "1")
        await vote(stand, "ben", "2")
        await until(lambda: sum(o.votes for o in stand.worker.polls.poll.result) == 2)  # type: ignore[union-attr]
    stand.fresh()
    return started


async def end_at(stand: Stand, ends_at: float) -> None:
    await stand.worker.database.open()
    await stand.worker.database.run(
        lambda db: db.execute("UPDATE poll SET ends_at = ?", (ends_at,))
    )
    await stand.worker.database.close()
    stand.fresh()


async def test_a_killed_orchestrator_goes_on_with_the_poll_and_its_votes(stand: Stand) -> None:
    started = await killed_in_a_poll(stand)
    async with running(stand.worker, stand.worker.bus):
        await until(lambda: stand.worker.polls.poll)
        assert await votes(stand) == [1, 1, 0]
        await vote(stand, "ana", "2")
        await until(lambda: stand.worker.polls.poll.result[1].votes == 2)  # type: ignore[union-attr]
        hurry(stand)
        finished = await stand.next(PollFinished)
        assert finished.cause_id == started.event_id
        assert [option.votes for option in finished.options] == [0, 2, 0]


async def test_a_poll_that_ended_while_nobody_was_there_is_told_once(stand: Stand) -> None:
    await killed_in_a_poll(stand)
    await end_at(stand, clock.now() - 5)
    async with running(stand.worker, stand.worker.bus):
        finished = await stand.next(PollFinished)
        assert finished.outcome == "ended"
        assert [option.votes for option in finished.options] == [1, 1, 0]
        turn = await stand.next(TurnCommitted)
        assert "Tetris and Snake are level" in turn.input.text
    # Killed between telling and writing it down: told again, under the same id.
    stand.fresh()
    await stand.worker.database.open()
    await stand.worker.database.run(lambda db: db.execute("UPDATE poll SET outcome = NULL"))
    await stand.worker.database.close()
    stand.fresh()
    async with running(stand.worker, stand.worker.bus):
        await until(lambda: stand.worker.polls._last)
        await asyncio.sleep(0.2)
        assert len({e.event_id for e in await stand.all(PollFinished)}) == 1
        again = [t for t in await stand.all(TurnCommitted) if t.input.source is TurnSource.IDLE]
        assert len({t.event_id for t in again}) == 1
        assert not [t for t in again if not t.again][1:]


async def test_a_poll_that_ended_long_ago_is_called_off(stand: Stand) -> None:
    await killed_in_a_poll(stand)
    await end_at(stand, clock.now() - 3_600)
    async with running(stand.worker, stand.worker.bus):
        finished = await stand.next(PollFinished)
        assert (finished.outcome, finished.reason) == ("cancelled", "orchestrator_was_away")
        assert await stand.all(TurnCommitted) == []
