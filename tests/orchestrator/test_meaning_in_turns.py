"""A running orchestrator with an embedding model: what goes with a turn, and what it waits for."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apps.orchestrator.memory import server_health
from apps.orchestrator.memory.meaning import Meaning
from libs.contracts.control import EngagePanic
from libs.contracts.conversation import ReplyFinished, TurnCommitted
from libs.contracts.interruption import StopSpeaking
from libs.contracts.timing import TurnTimed
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.testing.stand_ins.ollama.wire import Model
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until

TOLD = (
    "i'm from Porto",
    "my favourite game is Celeste",
    "i play the cello",
    "my cat is called Miso",
)
QUESTION = "who is the furry one on my bed?"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.orchestrator.memory.meaning.KEEP_UP_SECONDS", 0.05)
    monkeypatch.setattr(server_health, "PAUSE_SECONDS", 0.2)


@pytest.fixture
async def stand(tmp_path: Path, server: OllamaStandIn) -> AsyncIterator[Stand]:
    stand = Stand(
        tmp_path,
        ollama_url=server.url,
        embedding_model_name="embed",
        embedding_deadline_ms=300,
        history_lines=2,
    )
    await stand.bus.open()
    yield stand
    await stand.bus.close()


def meaning_of(show: Stand) -> Meaning:
    found = show.worker.memory.meaning
    assert found is not None
    return found


async def talks(show: Stand, text: str, author: str = "ana") -> TurnCommitted:
    await show.post("/ingest/chat", {"author": author, "text": text})
    turn = await show.committed(text)
    await show.play(turn, "Oh, how nice.")
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
    return turn


async def told_everything(show: Stand) -> None:
    """Four facts, four lines, four answers; all of them have vectors."""
    for text in TOLD:
        await talks(show, text)
    await until(lambda: len(meaning_of(show)) == 3 * len(TOLD))


async def test_what_a_line_means_decides_what_goes_with_its_turn(show: Stand) -> None:
    await told_everything(show)
    turn = await talks(show, QUESTION)
    assert turn.memories[0].text == TOLD[-1]


async def test_a_late_model_costs_the_deadline_and_the_words_count(
    show: Stand, server: OllamaStandIn
) -> None:
    await told_everything(show)
    server.embedding_faults.append("slow:5")
    begun = time.perf_counter()
    await show.post("/ingest/chat", {"author": "ana", "text": "what is my cat called?"})
    turn = await show.committed("what is my cat called?")
    assert 0.25 < time.perf_counter() - begun < 1.5
    assert turn.memories[0].text == TOLD[-1]


async def test_a_line_that_comes_while_another_one_is_thought_about_waits_its_turn(
    show: Stand, server: OllamaStandIn
) -> None:
    await told_everything(show)
    server.embedding_faults.append("slow:5")
    for text in ("first line", "second line"):
        await show.post("/ingest/chat", {"author": "ana", "text": text})
    first = await show.committed("first line")
    assert not [event for event in await show.all(TurnCommitted) if "second" in event.input.text]
    await show.play(first, "Well.")
    assert (await show.committed("second line")).turn_id != first.turn_id


async def test_a_panic_while_a_line_is_thought_about_leaves_nothing_to_be_said(
    show: Stand, server: OllamaStandIn
) -> None:
    await told_everything(show)
    server.embedding_faults.append("slow:5")
    asked = len(server.embedded)
    await show.post("/ingest/chat", {"author": "ana", "text": "a line in a panic"})
    await until(lambda: len(server.embedded) > asked)
    await show.bus.publish(EngagePanic(reason="test", by="test", ordinal=1))
    timed = await show.next(TurnTimed, lambda event: event.outcome == "interrupted")
    committed = [e for e in await show.all(TurnCommitted) if e.turn_id == timed.turn_id]
    cut = [event.turn_id for event in await show.all(StopSpeaking)]
    assert not committed or timed.turn_id in cut
    turns = (await show.get("/telemetry/turns"))["turns"]
    assert (turns[0]["input"], turns[0]["outcome"]) == ("a line in a panic", "interrupted")


async def test_a_missing_model_is_told_and_used_once_it_is_there(
    show: Stand, server: OllamaStandIn
) -> None:
    gone = server.models.pop("embed:latest")
    for text in TOLD:
        await talks(show, text)
    await until(lambda: bool(meaning_of(show).complaint))
    health = show.worker.health()
    assert health.state == "degraded"
    assert "pull the model" in health.detail
    turn = await talks(show, "what is my cat called?")
    assert turn.memories[0].text == TOLD[-1], "words find it meanwhile"
    server.models["embed:latest"] = Model(gone.name)
    await until(lambda: meaning_of(show).complaint == "" and len(meaning_of(show)) == 14)
    assert show.worker.health().state == "ready"
    assert (await talks(show, QUESTION)).memories[0].text == TOLD[-1]


async def test_forgetting_over_http_takes_the_vectors(show: Stand) -> None:
    await told_everything(show)
    kept = await show.get("/memory/viewers/local%3Aana")
    assert {one["kind"]: one["vectors"] for one in kept["vectors"]} == {"fact": 4, "message": 4}
    await show.request("DELETE", "/memory/viewers/local%3Aana")
    count = "SELECT count(*) FROM vector"
    left = await show.worker.database.look(lambda db: db.execute(count).fetchone()[0])
    assert left == len(meaning_of(show)) == 0


async def test_no_vectors_are_made_while_somebody_waits_for_an_answer(
    show: Stand, server: OllamaStandIn
) -> None:
    await told_everything(show)
    await show.post("/ingest/chat", {"author": "ana", "text": "a long question"})
    turn = await show.committed("a long question")
    asked = len(server.embedded)
    await asyncio.sleep(0.3)
    assert len(server.embedded) == asked
    await show.bus.publish(ReplyFinished.caused_by(turn, sentences=0, text="", engine="test"))
    await until(lambda: len(meaning_of(show)) > 3 * len(TOLD))


async def test_a_restart_in_mid_work_goes_on_where_it_was(
    stand: Stand, server: OllamaStandIn
) -> None:
    async with running(stand.worker, stand.worker.bus):
        await told_everything(stand)
        server.embedding_faults.append("slow:30")
        await talks(stand, "one more line")
    async with running(stand.fresh(), stand.worker.bus):
        assert len(meaning_of(stand)) >= 3 * len(TOLD)
        await until(lambda: len(meaning_of(stand)) == 3 * len(TOLD) + 2)
