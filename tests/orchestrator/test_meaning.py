"""Memories found by meaning: vectors made in quiet moments by the stand-in for Ollama, kept,
forgotten, made anew."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from apps.orchestrator.engines.base import EmbeddingError
from apps.orchestrator.memory import server_health, vectors, viewers
from apps.orchestrator.memory.memory import MemoryRules
from apps.orchestrator.memory.quiz import Embedding, measure
from apps.orchestrator.memory.recall import NEAR
from libs.contracts.conversation import TurnSource
from libs.testing.stand_ins.ollama import OllamaStandIn
from tests.orchestrator.mind import FAR, TOLD, Mind, a_mind, rows_of, stored
from tests.orchestrator.test_facts import line

# Recall ------------------------------------------------------------------------------------------


async def test_a_fact_is_found_by_a_question_that_has_no_word_of_it(mind: Mind) -> None:
    await mind.show.turn(line(TOLD, "ana"))
    await mind.talk()
    question = line(FAR, "bob")
    assert TOLD not in await mind.texts(question), "words do not find it"
    await mind.catch_up()
    found = {one.text: one.why for one in await mind.recalled(question)}
    assert found[TOLD] == NEAR


async def test_the_authors_own_facts_are_put_in_order_by_meaning(mind: Mind) -> None:
    for text in ("i'm from Porto", TOLD, "my favourite game is Celeste", "i play the cello",
                 "i'm allergic to okra", "my birthday is May 9th"):  # fmt: skip
        await mind.show.turn(line(text, "ana"))
    await mind.catch_up()
    assert (await mind.texts(line("who is the furry one on my bed?", "ana")))[0] == TOLD


async def test_what_was_said_is_found_by_meaning_and_not_what_goes_along_anyway(
    mind: Mind,
) -> None:
    await mind.show.turn(line("everyone here would love a puppy on a leash", "zoe"))
    await mind.talk(40)
    await mind.show.turn(line("every dog needs a walk", "last"))
    await mind.catch_up()
    found = await mind.texts(line("does it bark?", "bob"))
    assert "everyone here would love a puppy on a leash" in found
    assert "every dog needs a walk" not in found, "it goes along as history"


async def test_a_question_in_the_same_words_needs_no_model(tmp_path: Path) -> None:
    async with OllamaStandIn(["embed:latest"]) as server, a_mind(tmp_path, server) as mind:
        await mind.show.turn(line(TOLD, "ana"))
        server.embedding_faults.extend(["500"] * 9)
        with pytest.raises(EmbeddingError):
            await mind.catch_up()
        assert TOLD in await mind.texts(line("what is my cat called?", "ana"))
        assert "words alone" in mind.meaning.complaint


async def test_nothing_is_asked_for_what_nobody_asked(mind: Mind) -> None:
    await mind.show.turn(line(TOLD))
    await mind.catch_up()
    before = len(mind.server.embedded)
    for source in (TurnSource.OPERATOR, TurnSource.IDLE):
        assert await mind.memory.think_of(line(FAR, source=source)) is None
    assert await mind.memory.think_of(line("   ")) is None
    assert len(mind.server.embedded) == before


async def test_the_quiz_is_answered_better_with_vectors_than_by_words_alone(
    tmp_path: Path, server: OllamaStandIn
) -> None:
    by_words = await measure(600, tmp_path, embedding=Embedding(server.url, "embed"))
    both = by_words["vectors"]
    assert both["outdated"] == []
    assert not [question for question in both["missed"] if not question.startswith("far:")]
    assert both["by_kind"]["far"]["first"] > by_words["by_kind"]["far"]["first"]
    assert both["recalled"] >= by_words["recalled"]


# Time ----------------------------------------------------------------------------------------


async def test_a_late_answer_costs_no_more_than_the_deadline(
    tmp_path: Path, server: OllamaStandIn
) -> None:
    async with a_mind(tmp_path, server, seconds=0.04) as mind:
        await mind.show.turn(line(TOLD, "ana"))
        await mind.catch_up()
        server.embedding_faults.append("slow:0.5")
        begun = time.perf_counter()
        found = await mind.texts(line("what is my cat called?", "ana"))
        assert time.perf_counter() - begun < 0.3
        assert found[0] == TOLD
        begun = time.perf_counter()
        assert await mind.memory.think_of(line(FAR)) is None, "it is still busy with the last"
        assert time.perf_counter() - begun < 0.02


async def test_a_server_that_is_always_late_is_not_waited_for_any_more(
    tmp_path: Path, server: OllamaStandIn
) -> None:
    async with a_mind(tmp_path, server, seconds=0.02) as mind:
        await mind.show.turn(line(TOLD))
        await mind.catch_up()
        for _ in range(server_health.LATE_IN_A_ROW):
            server.embedding_faults.append("slow:0.1")
            assert await mind.memory.think_of(line(FAR)) is None
            await asyncio.sleep(0.3)
        asked = len(server.embedded)
        assert await mind.memory.think_of(line(FAR)) is None
        assert len(server.embedded) == asked
        assert "EMBEDDING_DEADLINE_MS" in mind.meaning.complaint


async def test_nobody_waits_before_the_server_has_answered_once(mind: Mind) -> None:
    await mind.show.turn(line(TOLD))
    assert await mind.memory.think_of(line(FAR)) is None
    assert mind.server.embedded == []


async def test_a_question_takes_the_server_from_a_batch(mind: Mind) -> None:
    await mind.show.turn(line(TOLD))
    await mind.catch_up()
    await mind.talk(3)
    mind.server.embedding_faults.append("slow:30")
    working = asyncio.create_task(mind.catch_up())
    while len(mind.server.embedded) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert await asyncio.wait_for(mind.memory.think_of(line(FAR)), 2) is not None
    await asyncio.wait_for(working, 2)
    assert len(await rows_of(mind, "message")) < 8
    await mind.catch_up()
    assert len(await rows_of(mind, "message")) == 8


async def test_vectors_are_made_only_while_it_is_quiet(mind: Mind) -> None:
    await mind.talk(40)
    quiet = iter([True, True, True, False])
    await mind.meaning.make_missing(lambda: next(quiet, False))
    assert 0 < len(mind.meaning) < 40


async def test_when_nothing_was_written_nothing_is_looked_up_or_asked(mind: Mind) -> None:
    await mind.talk(3)
    await mind.catch_up()
    asked = len(mind.server.embedded)
    before = await mind.database.look(lambda db: db.total_changes)
    await mind.catch_up()
    assert len(mind.server.embedded) == asked
    assert await mind.database.look(lambda db: db.total_changes) == before


# Forgetting --------------------------------------------------------------------------------------


async def test_a_forgotten_viewer_has_no_vector_on_disk_or_at_hand(mind: Mind) -> None:
    await mind.show.turn(line(TOLD, "ana"))
    await mind.show.turn(line("the ana person has a cat", "bob"))
    await mind.talk()
    await mind.catch_up()
    exported = await mind.database.look(lambda db: viewers.export(db, "v:ana", 1.0))
    assert [(one["kind"], one["vectors"]) for one in exported["vectors"]] == [
        ("fact", 1),
        ("message", 1),
    ]
    whole = len(mind.meaning)
    await mind.memory.forget("v:ana")
    # Her line, its answer, the fact; the line that named her, and its answer that used the fact.
    assert len(mind.meaning) == len(await stored(mind)) == whole - 5
    question = line(FAR, "eve")
    assert TOLD not in await mind.texts(question)
    await mind.catch_up()
    assert len(mind.meaning) == whole - 4, "what no longer names her has a vector again"


async def test_who_is_forgotten_while_a_batch_is_away_is_not_brought_back(mind: Mind) -> None:
    await mind.show.turn(line(TOLD, "ana"))
    mind.server.embedding_faults.append("slow:0.3")
    working = asyncio.create_task(mind.catch_up())
    while not mind.server.embedded:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await mind.memory.forget("v:ana")
    await working
    assert await stored(mind) == []
    assert len(mind.meaning) == 0


async def test_what_is_replaced_is_not_found_by_meaning_any_more(mind: Mind) -> None:
    await mind.show.turn(line("my favourite game is Tetris", "ana"))
    await mind.talk(30)
    await mind.catch_up()
    await mind.show.turn(line("my favourite game is Celeste", "ana"))
    await mind.catch_up()
    found = await mind.texts(line("what does anyone like to play?", "bob"))
    assert not any("Tetris" in text for text in found)
    assert 1 not in await rows_of(mind, "message")


async def test_what_is_older_than_the_retention_has_no_vector(mind: Mind) -> None:
    await mind.talk(5)  # written in 1970
    await mind.catch_up()
    assert await rows_of(mind, "message")
    mind.memory.rules = MemoryRules(retention_days=30)
    assert await mind.memory.keep_retention() > 0
    assert await rows_of(mind, "message") == set()
    await mind.catch_up()
    assert len(mind.meaning) == len(await stored(mind))


async def test_a_row_that_replaces_another_takes_its_vector_away(mind: Mind) -> None:
    await mind.show.turn(line("i'm from Porto", "ana"))
    await mind.show.turn(line("my cat is called Miso", "ana"))
    await mind.catch_up()

    def same(db: sqlite3.Connection) -> None:
        sql = "SELECT topic, text FROM fact WHERE fact_id = 1"
        topic, text = db.execute(sql).fetchone()
        sql = "UPDATE OR REPLACE fact SET topic = ?, text = ? WHERE fact_id = 2"
        db.execute(sql, (topic, text))

    await mind.database.run(same)
    assert await rows_of(mind, "fact") == set()


async def test_only_the_newest_have_vectors(mind: Mind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vectors.MOST, "message", 10)
    await mind.talk(12)
    await mind.catch_up()
    assert await rows_of(mind, "message") == set(range(15, 25))
    await mind.talk(2)
    await mind.catch_up()
    newest = max(await rows_of(mind, "message"))
    assert await rows_of(mind, "message") <= set(range(newest - 9, newest + 1))


async def test_a_backup_has_the_vectors(mind: Mind) -> None:
    await mind.talk(3)
    await mind.catch_up()
    path = await mind.memory.backup()
    with sqlite3.connect(path) as copy:
        count = copy.execute("SELECT count(*) FROM vector").fetchone()[0]
    copy.close()
    assert count == len(mind.meaning) > 0
