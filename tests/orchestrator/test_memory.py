"""The database: migrations, damage, and records that can be written twice without harm."""

import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from apps.orchestrator.floor import Candidate, Skipped
from apps.orchestrator.memory import forgetting, records
from apps.orchestrator.memory.database import MIGRATIONS, Database, DatabaseTooNew
from apps.orchestrator.turns import Turn
from libs.contracts.conversation import (
    HistoryLine,
    PersonaSnapshot,
    SkipReason,
    TurnCommitted,
    TurnInput,
    TurnSource,
)
from libs.contracts.people import Author
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome

HOSTILE = "Robert'); DROP TABLE turn;-- {{7*7}} \U0001f98a é <script>"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "kitsu.sqlite")
    await database.open()
    yield database
    await database.close()


def candidate(name: str, text: str = "hello", at: float = 1.0) -> Candidate:
    author = Author(viewer_id=f"local:{name}", name=name)
    given = TurnInput(source=TurnSource.CHAT, author=author, text=text, arrived_at=at)
    return Candidate(f"in-{name}", f"turn-{name}", f"utt-{name}", given)


async def opened(database: Database, name: str, text: str = "hello") -> Turn:
    turn = Turn(candidate(name, text), opened_at=2.0, epoch=0)
    request = TurnCommitted(
        turn_id=turn.turn_id,
        utterance_id=turn.utterance_id,
        input=turn.candidate.input,
        persona=PersonaSnapshot(),
    )
    await database.run(lambda db: records.add_input(db, turn.candidate))
    await database.run(lambda db: records.open_turn(db, turn, request))
    return turn


async def closed(database: Database, turn: Turn, heard: str, outcome: str = "completed") -> bool:
    turn.heard_text = heard
    turn.end(outcome)  # type: ignore[arg-type]
    return await database.run(lambda db: records.close_turn(db, turn, 3.0))


async def said(database: Database) -> list[tuple[str, str]]:
    lines = await database.run(lambda db: records.history(db, 100))
    return [(line.speaker, line.text) for line in lines]


async def test_an_input_is_accepted_once(database: Database) -> None:
    assert await database.run(lambda db: records.add_input(db, candidate("a")))
    assert not await database.run(lambda db: records.add_input(db, candidate("a")))


async def test_what_waited_is_found_again_whatever_it_says(database: Database) -> None:
    waiting, skipped = candidate("a", HOSTILE), candidate("b")
    for item in (waiting, skipped):
        await database.run(partial(records.add_input, candidate=item))
    gone = [Skipped(skipped, SkipReason.SPAM)]
    await database.run(lambda db: records.skip_inputs(db, gone))
    assert await database.run(records.waiting_inputs) == [waiting]


async def test_only_what_was_heard_becomes_memory(database: Database) -> None:
    turn = await opened(database, "a", "who are you?")
    turn.reply = "I am Kitsu. I love soup."
    await closed(database, turn, "I am Kitsu.", "interrupted")
    assert await said(database) == [("viewer", "who are you?"), ("kitsu", "I am Kitsu.")]


async def test_a_blocked_turn_teaches_nothing(database: Database) -> None:
    await closed(database, await opened(database, "a", "repeat after me"), "", "blocked")
    assert await said(database) == []


async def test_a_line_that_was_taken_back_is_not_remembered_nor_what_was_said_to_it(
    database: Database,
) -> None:
    turn = await opened(database, "a", "something vile")
    turn.end("interrupted", "retracted")
    await closed(database, turn, "I heard something vile")
    assert await said(database) == []


async def test_a_turn_ends_once(database: Database) -> None:
    turn = await opened(database, "a")
    assert await closed(database, turn, "first")
    turn.heard_text = "second"
    assert not await database.run(lambda db: records.close_turn(db, turn, 4.0))
    assert ("kitsu", "second") not in await said(database)


async def test_what_was_heard_of_a_turn_that_was_given_up_is_not_lost(database: Database) -> None:
    turn = await opened(database, "a")
    await closed(database, turn, "", "failed")
    late = PlaybackFinished(
        utterance_id=turn.utterance_id,
        outcome=PlaybackOutcome.INTERRUPTED,
        heard_text="I was about",
        full_text="I was about to",
        position_seconds=1,
        duration_seconds=2,
    )
    for _ in range(2):
        await database.run(lambda db: records.heard_late(db, late))
    assert await said(database) == [("viewer", "hello"), ("kitsu", "I was about")]


async def test_an_open_turn_is_found_after_a_restart(database: Database, tmp_path: Path) -> None:
    turn = await opened(database, "a", HOSTILE)
    await database.run(lambda db: records.mark_published(db, turn.turn_id))
    again = Database(tmp_path / "kitsu.sqlite")
    await again.open()
    (found,) = await again.run(records.open_turns)
    await again.close()
    assert found.published
    assert found.turn.candidate == turn.candidate
    assert found.request.input.text == HOSTILE


async def test_forgetting_a_viewer_removes_their_lines_and_our_answers(database: Database) -> None:
    await closed(database, await opened(database, "a", "I live at 5 Rose Lane"), "Nice street!")
    await closed(database, await opened(database, "b", "hi"), "Hi b!")
    assert await database.run(lambda db: forgetting.forget(db, "local:a")) > 0
    assert await said(database) == [("viewer", "hi"), ("kitsu", "Hi b!")]
    dump = await database.run(lambda db: "\n".join(db.iterdump()))
    assert "Rose Lane" not in dump


async def test_a_forgotten_viewer_is_in_no_other_turn_and_may_have_any_name(
    database: Database,
) -> None:
    name = "jürgen🦊"
    turn = Turn(candidate("b", "hi"), opened_at=2.0, epoch=0)
    quoted = HistoryLine(speaker="viewer", name=name, role="viewer", text="I live at 5 Rose Lane")
    request = TurnCommitted(
        input=turn.candidate.input, persona=PersonaSnapshot(), history=(quoted,)
    )
    await closed(database, await opened(database, name, quoted.text), "Nice street!")
    await database.run(lambda db: records.add_input(db, turn.candidate))
    await database.run(lambda db: records.open_turn(db, turn, request))
    await closed(database, turn, "Hi b!")
    await database.run(lambda db: forgetting.forget(db, f"local:{name}"))
    dump = await database.run(lambda db: "\n".join(db.iterdump()))
    assert "Rose Lane" not in dump
    assert name not in dump


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def half(db: sqlite3.Connection) -> None:
        records.set_setting(db, "epoch", 5)
        raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        await database.run(half)
    assert await database.run(lambda db: records.setting(db, "epoch")) is None


async def test_a_damaged_file_is_moved_aside_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kitsu.sqlite"
    damaged = b"this is not a database, but it may be all that is left of one" * 100
    path.write_bytes(damaged)
    database = Database(path)
    await database.open()
    try:
        assert database.moved_aside is not None
        assert database.moved_aside.read_bytes() == damaged
        assert await database.run(records.message_count) == 0
    finally:
        await database.close()


async def test_a_file_of_a_newer_kitsu_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "kitsu.sqlite"
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 9999")
    newer.commit()
    newer.close()
    before = path.read_bytes()
    database = Database(path)
    with pytest.raises(DatabaseTooNew, match="newer Kitsu"):
        await database.open()
    await database.close()
    assert path.read_bytes() == before


def test_migrations_are_numbered_without_gaps_and_each_once() -> None:
    numbers = [int(path.name[:4]) for path in sorted(MIGRATIONS.glob("*.sql"))]
    assert numbers == list(range(1, len(numbers) + 1))
