"""An embedding server that fails in every way, and a file that cannot be written: vectors wait, and
nothing else is touched."""

import asyncio
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from apps.orchestrator.engines.base import EmbeddingError
from apps.orchestrator.engines.ollama import OllamaEmbedding
from apps.orchestrator.memory import meaning as meaning_module
from apps.orchestrator.memory import server_health
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.meaning import Meaning
from libs.testing.stand_ins.embedding_faults import FAULTS
from libs.testing.stand_ins.ollama import OllamaStandIn
from tests.orchestrator.mind import FAR, TOLD, Mind, a_mind, has_vectors, rows_of, stored
from tests.orchestrator.test_facts import line


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"slow"}))
async def test_no_fault_loses_a_message_or_leaves_a_wrong_vector(
    mind: Mind, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_health, "PAUSE_SECONDS", 0.0)
    await mind.show.turn(line(TOLD))
    await mind.catch_up()
    good = await stored(mind)
    await mind.show.turn(line("the second line", "bob"))
    mind.server.embedding_faults.append(fault)
    with pytest.raises(EmbeddingError):
        await mind.catch_up()
    assert await stored(mind) == good
    assert mind.meaning.complaint
    mind.server.embedding_faults.append(fault)
    assert await mind.memory.think_of(line(FAR)) is None
    await mind.meaning.stop()
    assert TOLD in await mind.texts(line("what is my cat called?"))


async def test_a_model_that_is_not_there_is_told_with_the_step_that_mends_it(
    tmp_path: Path,
) -> None:
    async with OllamaStandIn([]) as server, a_mind(tmp_path, server) as mind:
        await mind.show.turn(line(TOLD))
        with pytest.raises(EmbeddingError):
            await mind.catch_up()
        assert "pull the model" in mind.meaning.complaint
        asked = len(server.embedded)
        await mind.catch_up()
        assert len(server.embedded) == asked, "it is left alone for a while"


async def test_a_server_that_dies_in_the_middle_loses_nothing(
    mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_health, "PAUSE_SECONDS", 0.0)
    await mind.talk(40)
    mind.server.embedding_faults.extend(["", "", "reset"])
    with pytest.raises(EmbeddingError):
        await mind.catch_up()
    assert len(mind.meaning) == 2 * meaning_module.BATCH == len(await stored(mind))
    await mind.catch_up()
    assert len(await rows_of(mind, "message")) == 80
    assert mind.meaning.complaint == ""


async def test_one_answer_of_another_length_is_not_believed_and_three_are(
    mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_health, "PAUSE_SECONDS", 0.0)
    await mind.show.turn(line(TOLD))
    await mind.catch_up()
    await mind.show.turn(line("one more", "bob"))
    mind.server.dimension = 128
    for _ in range(server_health.CHANGED_IN_A_ROW - 1):
        with pytest.raises(EmbeddingError):
            await mind.catch_up()
    assert {dimension for *_, dimension in await stored(mind)} == {384}
    await mind.catch_up()
    assert {dimension for *_, dimension in await stored(mind)} == {128}
    assert len(await stored(mind)) == 5
    assert await mind.memory.think_of(line(FAR)) is not None


async def test_questions_of_another_length_are_answered_by_words(
    mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_health, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(server_health.ServerHealth, "may_be_asked", True)
    await mind.show.turn(line(TOLD))
    await mind.catch_up()
    mind.server.dimension = 128
    for _ in range(2 * server_health.CHANGED_IN_A_ROW):
        assert await mind.texts(line("what is my cat called?")) == [TOLD]


async def test_another_model_makes_all_vectors_anew(tmp_path: Path, server: OllamaStandIn) -> None:
    async with a_mind(tmp_path, server) as mind:
        await mind.talk(5)
        await mind.catch_up()
    database = Database(tmp_path / "kitsu.sqlite")
    await database.open()
    other = Meaning(database, OllamaEmbedding(server.url, "other"), 5.0)
    await other.refill()
    assert len(other) == 0
    await other.make_missing(lambda: True)
    models = await database.look(
        lambda db: db.execute("SELECT DISTINCT model FROM vector").fetchall()
    )
    assert [row["model"] for row in models] == ["ollama/other"]
    await other.stop()
    await database.close()


async def test_a_vector_that_was_tampered_with_is_not_used(mind: Mind) -> None:
    await mind.talk(3)
    await mind.catch_up()
    whole = len(mind.meaning)

    def spoil(db: sqlite3.Connection) -> None:
        nan = np.full(384, np.nan, "<f4").tobytes()
        db.execute("UPDATE vector SET vector = x'00' WHERE kind = 'message' AND row_id = 1")
        db.execute("UPDATE vector SET vector = ? WHERE kind = 'message' AND row_id = 2", (nan,))

    await mind.database.run(spoil)
    await mind.meaning.refill()
    assert len(mind.meaning) == whole - 2
    assert await mind.memory.think_of(line(FAR)) is not None


async def test_a_locked_file_keeps_vectors_waiting_and_nothing_else(
    mind: Mind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meaning_module, "KEEP_UP_SECONDS", 0.02)
    await mind.database.look(lambda db: db.execute("PRAGMA busy_timeout = 50").fetchall())
    await mind.talk(5)
    other = sqlite3.connect(tmp_path / "kitsu.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    keeping = asyncio.create_task(mind.meaning.keep_up(lambda: True))
    await asyncio.sleep(0.4)
    assert mind.server.embedded, "it was tried"
    assert len(mind.meaning) == 0
    assert not keeping.done()
    other.execute("ROLLBACK")
    other.close()
    await has_vectors(mind, 10)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_a_full_disk_keeps_vectors_waiting_and_nothing_else(
    mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meaning_module, "KEEP_UP_SECONDS", 0.02)
    await mind.talk(20)

    def limit(db: sqlite3.Connection, pages: int) -> None:
        db.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    used = await mind.database.look(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await mind.database.look(lambda db: limit(db, used))
    keeping = asyncio.create_task(mind.meaning.keep_up(lambda: True))
    await asyncio.sleep(0.3)
    assert len(mind.meaning) == len(await stored(mind)) < 40
    assert not keeping.done()
    await mind.database.look(lambda db: limit(db, 2**30))
    await has_vectors(mind, 40)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_a_restart_finds_what_was_made_and_makes_the_rest(
    tmp_path: Path, server: OllamaStandIn
) -> None:
    async with a_mind(tmp_path, server) as mind:
        await mind.talk(20)
        server.embedding_faults.extend(["", "reset"])
        with pytest.raises(EmbeddingError):
            await mind.catch_up()
        made = len(mind.meaning)
    asked = sum(map(len, server.embedded))
    async with a_mind(tmp_path, server) as mind:
        assert len(mind.meaning) == made > 0
        await mind.catch_up()
        assert len(await rows_of(mind, "message")) == 40
    missing = 44 - made
    assert sum(map(len, server.embedded)) == asked + missing, "nothing is made twice"
