"""What was deleted, or was of somebody who was banned: out of queue, mouth, memory and screens."""

import asyncio
import sqlite3
from typing import Any

import pytest

from apps.orchestrator import inputs
from apps.orchestrator.floor import Candidate
from apps.orchestrator.memory import records
from libs.contracts.chat import (
    ChatCleared,
    ChatMessageDeleted,
    ChatMessageReceived,
    ViewerBanned,
)
from libs.contracts.conversation import (
    InputSkipped,
    PromptBuilt,
    RememberFact,
    StartPoll,
    TurnCommitted,
)
from libs.contracts.envelope import Event
from libs.contracts.interruption import StopSpeaking
from libs.contracts.people import Author
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.contracts.timing import TurnTimed
from libs.telemetry import clock
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until

ANN = Author(viewer_id="twitch:1", name="ann")
BOB = Author(viewer_id="twitch:2", name="bob")


@pytest.fixture
def stand_settings() -> dict[str, Any]:
    return {"turn_thinking_seconds": 30, "summary_every_lines": 2, "history_lines": 2}


def line(message_id: str, text: str, author: Author = ANN, **fields: Any) -> ChatMessageReceived:
    return ChatMessageReceived(
        message_id=message_id, platform="twitch", author=author, text=text, **fields
    )


def deletion(message_id: str) -> ChatMessageDeleted:
    return ChatMessageDeleted(message_id=message_id, platform="twitch")


async def says(show: Stand, message_id: str, text: str, author: Author = ANN) -> TurnCommitted:
    await show.bus.publish(line(message_id, text, author))
    return await show.committed(text)


async def talks(
    show: Stand, message_id: str, text: str, answer: str, author: Author = ANN
) -> TurnCommitted:
    """A line that is answered and heard."""
    turn = await says(show, message_id, text, author)
    await show.play(turn, answer)
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
    return turn


async def on_disk(show: Stand) -> str:
    def rows(db: sqlite3.Connection) -> list[Any]:
        tables = [
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%TABLE%'")
        ]
        return [tuple(row) for table in tables for row in db.execute(f"SELECT * FROM {table}")]

    return repr(await show.worker.database.look(rows))


def feed_of(show: Stand, words: str) -> list[str]:
    rows = [message.row for message in show.worker.feed.latest()]
    return [row.id for row in rows if words in f"{row.text} {row.unheard}"]


async def test_a_line_that_was_answered_is_struck_out_with_its_answer_and_all_it_taught(
    show: Stand,
) -> None:
    turn = await talks(show, "m1", "my cat is called Xyzzy", "Xyzzy is a fine name!")
    prompt = PromptBuilt.caused_by(turn, engine="e", committed_at=turn.emitted_at)
    await show.bus.publish(prompt)
    await show.bus.publish(RememberFact.caused_by(turn, text="has a cat named Xyzzy"))
    asked = await talks(show, "m2", "ann has a cat, what is it called?", "It is Xyzzy.", BOB)
    assert {memory.viewer_id for memory in asked.memories} == {ANN.viewer_id}
    await talks(show, "m3", "nice weather", "It is.", BOB)
    await until(lambda: len(show.worker.papers.prompts) == 1)
    await show.worker.memory.keep_house()
    assert "Xyzzy" in await on_disk(show)
    screen = show.worker.screens.open()

    await show.bus.publish(deletion("m1"))
    await until(lambda: show.worker.counters["turns_retracted"] == 1)
    assert "Xyzzy" not in await on_disk(show)
    assert "nice weather" in await on_disk(show)
    assert feed_of(show, "Xyzzy") == []
    assert len(show.worker.papers.prompts) == 0
    rows = [m.row for m in show.worker.feed.latest() if m.row.note == "deleted"]
    assert sorted((row.author, row.kind) for row in rows) == [
        ("Kitsu", "kitsu"),
        ("Kitsu", "kitsu"),
        ("ann", "skip"),
    ]
    told = [message.turn for message in await screen.batch() if message.type == "turn"]  # type: ignore[attr-defined]
    show.worker.screens.close(screen)
    emptied = {one.turn_id: (one.input, one.reply) for one in told}
    assert emptied[turn.turn_id] == ("", "")
    assert emptied[asked.turn_id] == ("ann has a cat, what is it called?", "")
    turns = {one["turn_id"]: one for one in (await show.get("/telemetry/turns"))["turns"]}
    assert turns[turn.turn_id]["reason"] == "retracted"

    await show.bus.publish(deletion("m1"))  # handed out again
    later = await talks(show, "m4", "tell me about the cat", "Which one?", BOB)
    assert "Xyzzy" not in repr(later)
    assert show.worker.counters["turns_retracted"] == 1


async def test_a_turn_in_thought_is_dropped_and_the_next_begins_without_it(show: Stand) -> None:
    turn = await says(show, "m1", "something vile")
    await show.bus.publish(line("m2", "and now?", BOB))
    await show.bus.publish(deletion("m1"))
    after = await show.committed("and now?")  # at once: nobody has to say first how it ended
    assert "vile" not in repr(after)
    assert (await show.next(StopSpeaking)).turn_id == turn.turn_id
    assert (await show.next(TurnTimed)).outcome == "interrupted"
    # The stage had begun after all, this very moment.
    heard = PlaybackFinished.caused_by(
        turn,
        outcome=PlaybackOutcome.INTERRUPTED,
        heard_text="vile indeed",
        full_text="vile indeed",
        position_seconds=1,
        duration_seconds=1,
    )
    await show.bus.publish(heard)
    await show.play(after, "Hello bob.")
    await show.next(TurnTimed, lambda event: event.turn_id == after.turn_id)
    assert "vile" not in await on_disk(show)


@pytest.mark.parametrize(
    "ending",
    [
        {"outcome": PlaybackOutcome.INTERRUPTED, "reason": "retracted"},
        {"outcome": PlaybackOutcome.COMPLETED},  # it was over before the stage heard of it
    ],
)
async def test_what_is_being_said_is_cut_and_nothing_of_it_is_kept(
    show: Stand, ending: dict[str, Any]
) -> None:
    turn = await says(show, "m1", "my dog is called Plugh")
    await show.worker.on_air.started(_started(turn))
    await show.bus.publish(deletion("m1"))
    assert (await show.next(StopSpeaking)).reason == "retracted"
    await until(lambda: feed_of(show, "Plugh") == [])
    await show.play(turn, "Plugh is", "Plugh is nice", **ending)
    await show.next(TurnTimed)
    assert "Plugh" not in await on_disk(show)
    assert feed_of(show, "Plugh") == []


def _started(turn: TurnCommitted) -> PlaybackStarted:
    now = clock.now()
    return PlaybackStarted.caused_by(
        turn, text="Plugh is nice", output="silent", started_at=now, first_chunk_at=now
    )


async def test_a_deletion_that_comes_before_its_line_counts(show: Stand) -> None:
    await show.bus.publish(deletion("m1"))
    await show.bus.publish(line("m1", "something vile"))
    skipped = await show.next(InputSkipped)
    assert (skipped.reason, skipped.text, skipped.author.name) == ("deleted", "", "ann")
    assert "vile" not in await on_disk(show)
    assert feed_of(show, "vile") == []
    assert await show.all(TurnCommitted) == []


async def test_a_ban_takes_the_last_minutes_of_a_viewer_and_no_more(show: Stand) -> None:
    old = line("m0", "i like grault", emitted_at=clock.now() - 700)
    candidate = Candidate("in0", "turn0", "utt0", inputs.from_chat(old))
    await show.worker.conversation.offer(candidate)
    await asyncio.sleep(0)
    await talks(show, "m1", "hello from a troll", "Hello troll.")
    turn = await says(show, "m2", "being answered, troll")
    await show.bus.publish(line("m3", "a waiting troll"))
    await show.bus.publish(line("m4", "a waiting friend", BOB))
    await show.bus.publish(
        ViewerBanned(viewer_id=ANN.viewer_id, platform="twitch", timeout_seconds=600)
    )
    assert (await show.next(StopSpeaking)).turn_id == turn.turn_id
    after = await show.committed("a waiting friend")
    assert "troll" not in repr(after)
    disk = await on_disk(show)
    assert "troll" not in disk
    assert "i like grault" in disk
    assert (await show.next(InputSkipped, lambda e: e.input_id != "in0")).reason == "deleted"
    await until(lambda: show.worker.counters["turns_retracted"] == 2)
    assert show.worker.counters["error_handler_failed"] == 0


async def test_a_chat_that_is_cleared_takes_its_lines_and_leaves_those_of_others(
    show: Stand,
) -> None:
    await talks(show, "m1", "a vile raid", "Oh dear.", BOB)
    await show.post("/ingest/chat", {"author": "streamer", "text": "calm down"})
    calm = await show.committed("calm down")
    await show.bus.publish(line("m2", "more vile things"))
    await show.bus.publish(ChatCleared(platform="twitch"))
    await show.next(InputSkipped, lambda event: event.reason == "deleted")
    await show.play(calm, "I am calm.")
    await show.next(TurnTimed, lambda event: event.turn_id == calm.turn_id)
    disk = await on_disk(show)
    assert "vile" not in disk
    assert "I am calm." in disk


async def test_a_batch_goes_on_without_a_line_that_only_stood_by(show: Stand) -> None:
    batch = inputs.from_chat(line("quoted", "when do you play?")).model_copy(
        update={"message_ids": ("quoted", "alike")}
    )
    await show.worker.conversation.offer(Candidate("in1", "turn1", "utt1", batch))
    await show.bus.publish(deletion("alike"))
    turn = show.worker.conversation.active
    assert turn is not None
    await until(lambda: turn.candidate.input.message_ids == ("quoted",))
    assert not turn.retracted
    await show.bus.publish(deletion("quoted"))
    await until(lambda: turn.outcome == "interrupted")
    assert "when do you play?" not in await on_disk(show)


async def test_what_was_taken_back_stays_so_over_a_kill_at_any_moment(stand: Stand) -> None:
    first = stand.worker
    async with running(first, first.bus):
        turn = await says(stand, "m1", "something vile")
        async with first.conversation.nothing_half_written():
            await first.database.run(  # as far as it got: struck, and then killed
                lambda db: db.execute("UPDATE turn SET reason = 'retracted'").fetchall()
            )
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        assert fresh.conversation.active is None
        assert await fresh.database.look(records.open_turns) == []
        await stand.play(turn, "vile indeed", outcome=PlaybackOutcome.INTERRUPTED)
        await stand.bus.publish(deletion("m1"))  # not acknowledged: handed out again
        await until(lambda: fresh.counters["turns_retracted"] == 1)
        assert "vile" not in await on_disk(stand)
        await stand.bus.publish(line("m1", "something vile"))  # so is the line
        await until(lambda: bool(fresh.feed.latest()))
        assert len(await stand.all(TurnCommitted)) == 1


async def test_while_the_disk_is_full_nothing_of_it_is_told_and_then_it_is_struck_out(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talks(show, "m1", "my cat is called Xyzzy", "Xyzzy is a fine name!")
    worker, late = show.worker, show.worker.database.late

    async def refuse(work: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    attempt = late._attempt
    monkeypatch.setattr(late, "_attempt", refuse)
    await show.bus.publish(deletion("m1"))
    await until(lambda: bool(late))
    assert "Xyzzy" not in repr(await says(show, "m2", "what is my cat called?"))
    assert worker.memory.history == ()
    monkeypatch.setattr(late, "_attempt", attempt)
    await worker.memory.keep_house()
    assert "Xyzzy" not in await on_disk(show)
    assert not worker.memory.doubted


NOBODYS: tuple[Event, ...] = (
    ChatMessageDeleted(message_id="", platform="twitch"),
    ChatMessageDeleted(message_id="'; DROP TABLE turn; --", platform="\u202e"),
    ViewerBanned(viewer_id="", platform="twitch"),
    ViewerBanned(viewer_id="x" * 10_000, platform=""),
    ChatCleared(platform=""),
    ChatCleared(platform="%"),
)


async def test_what_names_nobody_takes_nothing_away(show: Stand) -> None:
    await talks(show, "m1", "hello", "Hello!")
    handlers = show.worker.handlers()
    for event in NOBODYS:
        await handlers[type(event)](event, show.delivery(event))
    assert "Hello!" in await on_disk(show)
    assert show.worker.memory.history != ()


async def test_a_deleted_vote_does_not_count(show: Stand) -> None:
    poll = StartPoll(question="Which game?", options=("Celeste", "Portal"))
    await show.worker.polls.start(poll)
    for message_id, choice in (("v1", "1"), ("v2", "2"), ("v3", "2")):
        await show.bus.publish(line(message_id, choice))
    await show.bus.publish(line("v4", "2", BOB))
    votes = lambda: [option.votes for option in show.worker.polls.poll.result]  # type: ignore[union-attr]  # noqa: E731
    await until(lambda: votes() == [0, 2])
    await show.bus.publish(deletion("v1"))  # ann voted otherwise since
    await show.bus.publish(deletion("v4"))
    await until(lambda: votes() == [0, 1])
    await show.bus.publish(deletion("v2"))
    await until(lambda: votes() == [0, 0])


async def test_a_line_that_was_not_answered_leaves_the_feed_too(show: Stand) -> None:
    await show.worker.floor.set_quiet(5, "the operator")
    await show.bus.publish(line("m1", "the address is Xyzzy street"))
    await until(lambda: feed_of(show, "Xyzzy") != [])
    await show.bus.publish(deletion("m1"))
    await until(lambda: feed_of(show, "Xyzzy") == [])
