"""`!forget me`: from the chat line to the last byte on disk."""

import asyncio
import re
import sqlite3
from typing import Any

import pytest

from libs.contracts.chat import ChatMessageReceived
from libs.contracts.conversation import InputSkipped, TurnCommitted
from libs.contracts.identity import new_id
from libs.contracts.interruption import StopSpeaking
from libs.contracts.memory import ViewerForgotten
from libs.contracts.people import Author
from libs.contracts.speaking import PlaybackOutcome
from libs.contracts.timing import TurnTimed
from tests.orchestrator.stand import Stand

JUERGEN = Author(viewer_id="twitch:4711", name="Jürgen🦊Q")
BOB = Author(viewer_id="twitch:2", name="bob")
#: Everything that is Jürgen's: id, name, words that only he used, in any spelling.
TRACES = re.compile(r"4711|rgen🦊|Jürgen|zyxwvu|xylo|plugh|grault", re.IGNORECASE)


@pytest.fixture
def stand_settings() -> dict[str, Any]:
    return {"turn_thinking_seconds": 30, "summary_every_lines": 4, "history_lines": 2}


async def says(show: Stand, author: Author, text: str) -> None:
    await show.bus.publish(
        ChatMessageReceived(message_id=new_id(), platform="test", author=author, text=text)
    )


async def talks(show: Stand, author: Author, text: str, answer: str) -> TurnCommitted:
    """A line that is answered and heard."""
    await says(show, author, text)
    turn = await show.committed(text)
    await show.play(turn, answer)
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
    return turn


async def everything_on_disk(show: Stand) -> str:
    """All rows of all tables, those of the word index too, and the bytes of the files."""

    def rows(db: sqlite3.Connection) -> list[Any]:
        tables = [
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%TABLE%'")
        ]
        return [tuple(row) for table in tables for row in db.execute(f"SELECT * FROM {table}")]

    found = repr(await show.worker.database.look(rows))
    folder = show.settings.kitsu_data_dir / "memory"
    for path in sorted(folder.iterdir()):
        found += path.read_bytes().decode("utf-8", "replace")
    return found


async def test_a_viewer_who_wants_to_be_forgotten_is_in_no_table_no_index_and_no_byte(
    show: Stand,
) -> None:
    await talks(show, JUERGEN, "my cat is called Zyxwvu", "Hello Jürgen🦊Q, hello Zyxwvu!")
    await talks(show, JUERGEN, "my cat is called Zyxwvu the Grault now", "Long name!")
    asked = await talks(show, BOB, "what is Jürgen🦊Q's cat called?", "It is Zyxwvu the Grault.")
    assert [memory.viewer_id for memory in asked.memories] == [JUERGEN.viewer_id]
    for number in range(4):
        await talks(show, JUERGEN, f"the xylo is better, xylo number {number}", "I see.")
    await talks(show, BOB, "jürgen🦊q likes his music", "He does.")
    await show.worker.memory.keep_house()
    assert "xylo" in show.worker.memory.summary.text
    await says(show, JUERGEN, "being answered: plugh")
    turn = await show.committed("being answered: plugh")
    await says(show, JUERGEN, "waiting: plugh")
    await says(show, BOB, "waiting too")
    assert len(set(TRACES.findall(await everything_on_disk(show)))) > 4

    await says(show, JUERGEN, " !Forget  me ")
    await show.next(ViewerForgotten, lambda event: event.viewer_id == JUERGEN.viewer_id)
    skipped = await show.next(InputSkipped)
    assert (skipped.text, skipped.reason) == ("waiting: plugh", "deleted")
    assert (await show.next(StopSpeaking)).turn_id == turn.turn_id
    await show.play(turn, "I was about", "I was about to", outcome=PlaybackOutcome.INTERRUPTED)
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
    await show.committed("waiting too")
    await show.worker.database.wipe()

    assert TRACES.findall(await everything_on_disk(show)) == []
    assert TRACES.findall(repr(await show.get("/memory"))) == []
    rows = [message.row for message in show.worker.feed.latest()]
    assert not [row for row in rows if row.author == JUERGEN.name or "xylo" in row.text]
    kept = await show.get("/memory/viewers/twitch%3A4711")
    assert not any(kept[part] for part in ("facts", "messages", "answers", "unanswered"))
    said = [line["text"] for line in (await show.get("/memory/viewers/twitch%3A2"))["messages"]]
    assert said == ["what is someone's cat called?", "someone likes his music"]


async def test_forgetting_while_the_turn_is_being_opened_leaves_nothing(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.orchestrator.conversation.ANSWER_FIRST_SECONDS", 0.2)
    await says(show, JUERGEN, "plugh")
    turn = await show.committed("plugh")
    gone = await show.request("DELETE", "/memory/viewers/twitch%3A4711")
    assert gone.status_code == 200
    await show.play(turn, "I was about", "I was about to", outcome=PlaybackOutcome.INTERRUPTED)
    await show.next(TurnTimed)
    await asyncio.sleep(0.3)
    await show.worker.database.wipe()
    assert TRACES.findall(await everything_on_disk(show)) == []


async def test_nobody_forgets_somebody_else_or_scratches_a_word_out_of_the_past(
    show: Stand,
) -> None:
    await talks(show, BOB, "the castle is mine", "The castle!")
    castle = Author(viewer_id="twitch:9", name="castle")
    await talks(show, castle, "my dog is called Rex", "Hi castle.")
    await talks(show, castle, "!forget bob", "No.")
    await talks(show, castle, "!forget me bob", "No.")
    await talks(show, BOB, "still here", "Yes.")
    await says(show, castle, "!forgetme")
    await show.next(ViewerForgotten)
    said = [line["text"] for line in (await show.get("/memory/viewers/twitch%3A2"))["messages"]]
    assert said == ["the castle is mine", "still here"]


async def test_what_was_forgotten_can_be_told_again(show: Stand) -> None:
    await talks(show, JUERGEN, "my cat is called Zyxwvu", "Hello!")
    await says(show, JUERGEN, "!forget me")
    await show.next(ViewerForgotten)
    await talks(show, JUERGEN, "my dog is called Rex", "Hello again!")
    kept = await show.get("/memory/viewers/twitch%3A4711")
    assert [fact["text"] for fact in kept["facts"]] == ["my dog is called Rex"]
