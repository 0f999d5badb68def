"""The summary by a language model, as the orchestrator asks for it, judges it and keeps it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from apps.orchestrator.memory import summaries
from apps.orchestrator.memory.summaries import Summary
from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.worker import PolicyWorker
from libs.bus.memory import MemoryBus
from libs.contracts.control import EngagePanic
from libs.contracts.memory import SummaryAbandoned, SummaryWritten, WriteSummary
from libs.contracts.timing import TurnTimed
from libs.telemetry import clock
from libs.testing.running_show import free_module_ports
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.orchestrator.test_memory_disk import LONG, full, locked
from tests.safety.corpus import DISGUISES, INJECTIONS
from tests.worker.test_runtime import until

NOTES = "Ann told you about her dragon. You promised to play Celeste on Friday."


@pytest.fixture
def stand_settings() -> dict[str, Any]:
    return {"summary_every_lines": 4, "history_lines": 2}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.orchestrator.housekeeping.HOUSEKEEPING_SECONDS", 0.05)
    monkeypatch.setattr("apps.orchestrator.memory.summary_desk.AGAIN_SECONDS", 0.1)
    monkeypatch.setattr("apps.orchestrator.memory.database.LOCK_WAIT_MS", 300)


@pytest.fixture
async def show(stand: Stand) -> AsyncIterator[Stand]:
    async with running(stand.worker, stand.worker.bus):
        yield stand


async def talks(show: Stand, text: str, author: str = "ann") -> None:
    await show.post("/ingest/chat", {"author": author, "text": text})
    turn = await show.committed(text)
    await show.play(turn, f"So you say: {text[:60]}")
    await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)


async def enough_was_said(show: Stand, author: str = "ann", word: str = "dragon") -> WriteSummary:
    """Returns the order that follows. One that was made before all of it was said is let go."""
    for number in range(4):
        await talks(show, f"the {word} number {number}", author)
    async with asyncio.timeout(5):
        while word not in repr((order := await show.next(WriteSummary)).lines):
            await show.bus.publish(SummaryAbandoned.caused_by(order, reason="turn_came"))
            await asyncio.sleep(0.05)
    return order


async def answers(show: Stand, order: WriteSummary, text: str, engine: str = "ollama") -> None:
    await show.bus.publish(
        SummaryWritten.caused_by(order, text=text, messages=len(order.lines), engine=engine)
    )


async def refused(show: Stand, count: int = 1) -> None:
    await until(lambda: show.worker.summary_desk.refused == count)


def current(show: Stand) -> Summary:
    return show.worker.memory.summary


async def rows(show: Stand) -> list[tuple[str, str]]:
    """Engine and text of all summaries on disk."""
    sql = "SELECT engine, text FROM summary ORDER BY summary_id"
    return [tuple(r) for r in await show.worker.database.look(lambda db: db.execute(sql))]


async def test_words_stand_until_a_model_has_written_a_better_one(show: Stand) -> None:
    order = await enough_was_said(show)
    assert current(show).engine == "words"
    assert "dragon" in current(show).text
    assert {line.speaker for line in order.lines} == {"viewer", "kitsu"}
    assert order.expires_at is not None

    await answers(show, order, NOTES)
    await until(lambda: current(show).engine == "ollama")
    told = await show.get("/memory")
    assert (told["current_summary"], told["summary_engine"]) == (NOTES, "ollama")
    await show.post("/ingest/chat", {"author": "bob", "text": "what did i miss?"})
    turn = await show.committed("what did i miss?")
    assert [line.text for line in turn.memories if line.kind == "summary"] == [NOTES]


async def test_the_next_summary_goes_on_from_the_last_one_of_a_model(show: Stand) -> None:
    first = await enough_was_said(show)
    await answers(show, first, NOTES)
    await until(lambda: current(show).engine == "ollama")
    second = await enough_was_said(show, word="castle")
    assert second.event_id != first.event_id
    assert second.before == NOTES
    assert not {line.text for line in first.lines} & {line.text for line in second.lines}


async def test_what_no_model_summed_up_is_in_the_next_order(show: Stand) -> None:
    first = await enough_was_said(show)
    await show.bus.publish(SummaryAbandoned.caused_by(first, reason="turn_came"))
    again = await show.next(WriteSummary, lambda event: event.event_id != first.event_id)
    assert again.lines[: len(first.lines)] == first.lines
    assert current(show).engine == "words"


async def test_nothing_is_asked_while_somebody_waits_for_an_answer(show: Stand) -> None:
    for number in range(3):
        await talks(show, f"the dragon number {number}")
    await show.post("/ingest/chat", {"author": "ann", "text": "a long question"})
    turn = await show.committed("a long question")
    await asyncio.sleep(0.3)
    asked = await show.all(WriteSummary)
    await show.play(turn, "A long answer.")
    await show.next(WriteSummary)
    assert asked == [] or all(len(order.lines) < 6 for order in asked)


async def test_nothing_is_asked_in_a_panic(show: Stand) -> None:
    await show.bus.publish(EngagePanic(reason="test", by="test", ordinal=1))
    await until(lambda: show.worker.panic.engaged)
    await show.worker.memory.summarise()
    assert not show.worker.conversation.quiet
    await asyncio.sleep(0.3)
    assert await show.all(WriteSummary) == []


@pytest.mark.parametrize("stand_settings", [{"summary_by_model": False, "summary_every_lines": 4}])
async def test_it_can_be_switched_off(show: Stand) -> None:
    for number in range(9):
        await talks(show, f"the dragon number {number}")
    await until(lambda: current(show).engine == "words")
    await asyncio.sleep(0.3)
    assert await show.all(WriteSummary) == []


@pytest.mark.parametrize(
    "text",
    [
        f"Ann is nice. {DISGUISES['slur stretched']} all of them.",
        INJECTIONS[0],
        "Ann lives at 12 Elm Street in Springfield.",
        "\u202e \u200b \n",
        "",
    ],
)
async def test_what_the_gate_stops_is_not_kept(show: Stand, text: str) -> None:
    order = await enough_was_said(show)
    await answers(show, order, text)
    await refused(show)
    assert [engine for engine, _ in await rows(show)] == ["words"]
    assert current(show).engine == "words"


async def test_a_summary_is_bounded_whoever_sends_it(show: Stand) -> None:
    order = await enough_was_said(show)
    await answers(show, order, "Ann likes tea. " * 2_000, engine="x" * 10_000)
    await until(lambda: current(show).engine != "words")
    assert len(current(show).text) <= summaries.MAXIMUM_CHARACTERS
    assert len(current(show).engine) <= 40


async def test_a_summary_that_nobody_asked_for_or_that_comes_twice_is_not_kept(
    show: Stand,
) -> None:
    stranger = WriteSummary(persona=show.worker.session.snapshot, lines=())
    await answers(show, stranger, "Nobody asked for this.")
    await refused(show)
    order = await enough_was_said(show)
    await answers(show, order, NOTES)
    await until(lambda: current(show).engine == "ollama")
    await answers(show, order, "And now for something else.")
    await refused(show, 2)
    assert current(show).text == NOTES


async def test_a_summary_that_comes_too_late_is_not_kept(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.orchestrator.memory.summary_desk.DEADLINE_SECONDS", 0.1)
    order = await enough_was_said(show)
    await asyncio.sleep(0.15)
    await answers(show, order, NOTES)
    await refused(show)
    assert current(show).engine == "words"
    again = await show.next(WriteSummary, lambda event: event.event_id != order.event_id)
    assert again.expires_at is not None
    assert again.expires_at > clock.now() - 1


async def test_a_model_that_cannot_do_it_is_asked_less_and_less_often(show: Stand) -> None:
    desk = show.worker.summary_desk
    order = await enough_was_said(show)
    pauses = []
    for _ in range(4):
        await show.bus.publish(SummaryAbandoned.caused_by(order, reason="other_language"))
        await until(lambda: desk._asked is None)
        pauses.append(desk._not_before - clock.now())
        known = {event.event_id for event in await show.all(WriteSummary)}
        order = await show.next(WriteSummary, lambda event: event.event_id not in known)  # noqa: B023
    assert [pause > 0.8 * before for before, pause in pairwise(pauses)] == [True] * 3
    assert pauses[-1] > 3 * pauses[0]
    await show.bus.publish(SummaryAbandoned.caused_by(order, reason="turn_came"))
    await until(lambda: desk._failures == 0)


# Forgetting ------------------------------------------------------------------------------------


async def test_a_summary_in_work_is_not_kept_when_somebody_was_forgotten_meanwhile(
    show: Stand,
) -> None:
    order = await enough_was_said(show, "zyxwvu", "plugh")
    await show.request("DELETE", "/memory/viewers/local:zyxwvu")
    await answers(show, order, "Zyxwvu told you about the plugh.")
    await refused(show)
    assert "plugh" not in repr(await rows(show)).lower()
    assert "plugh" not in current(show).text.lower()


async def test_what_a_model_wrote_of_a_forgotten_viewer_goes(show: Stand) -> None:
    order = await enough_was_said(show, "zyxwvu", "plugh")
    await answers(show, order, "Zyxwvu told you about the plugh.")
    await until(lambda: current(show).engine == "ollama")
    await show.request("DELETE", "/memory/viewers/local:zyxwvu")
    assert "plugh" not in repr(await rows(show)).lower()
    later = await enough_was_said(show, word="castle")
    assert "plugh" not in repr(later)


async def test_what_a_model_wrote_before_the_disk_took_it_is_dropped_by_a_forgetting(
    show: Stand,
) -> None:
    order = await enough_was_said(show, "zyxwvu", "plugh")
    with locked(show):
        await answers(show, order, "Zyxwvu told you about the plugh.")
        await until(lambda: bool(show.worker.database.late))
        await show.request("DELETE", "/memory/viewers/local:zyxwvu")
    await until(lambda: not show.worker.database.late)
    await until(lambda: not show.worker.database.late.trouble)
    assert "plugh" not in repr(await rows(show)).lower()


async def test_a_summary_of_what_is_too_old_goes_with_it(show: Stand) -> None:
    order = await enough_was_said(show)
    await answers(show, order, NOTES)
    await until(lambda: current(show).engine == "ollama")

    def age_one(db: sqlite3.Connection) -> None:
        db.execute("UPDATE message SET at = at - 90000 WHERE message_id = 1")

    await show.worker.database.run(age_one)
    show.worker.memory.rules = type(show.worker.memory.rules)(retention_days=1)
    assert await show.worker.memory.keep_retention() > 0
    assert await rows(show) == []


# Trouble ---------------------------------------------------------------------------------------


async def test_a_full_disk_keeps_the_summary_for_later(show: Stand) -> None:
    order = await enough_was_said(show)
    long = " ".join(f"Ann told you that dragon {n} is the best." for n in range(40))[:1_199]
    async with full(show):
        for number in range(12):  # what room is left in the file's pages is used up
            await talks(show, f"{number} {LONG}")
        await answers(show, order, long)
        await until(lambda: bool(show.worker.database.late))
    await until(lambda: not show.worker.database.late)
    assert ("ollama", long.strip()) in await rows(show)


async def test_a_restart_asks_again_and_takes_no_answer_to_the_former_life(stand: Stand) -> None:
    async with running(stand.worker, stand.worker.bus):
        order = await enough_was_said(stand)
    async with running(stand.fresh(), stand.worker.bus):
        await answers(stand, order, "From a former life.")
        await refused(stand)
        again = await stand.next(WriteSummary, lambda event: event.event_id != order.event_id)
        assert again.lines[: len(order.lines)] == order.lines
        await answers(stand, again, NOTES)
        await until(lambda: current(stand).engine == "ollama")


# With a brain ----------------------------------------------------------------------------------


async def test_orchestrator_and_brain_write_a_summary_together(show: Stand, tmp_path: Path) -> None:
    async with OllamaStandIn() as server:
        settings = PolicySettings(
            _env_file=None,
            kitsu_data_dir=tmp_path / "brain",
            chat_provider="ollama",
            ollama_url=server.url,
            policy_worker_port=free_module_ports()["policy_worker_port"],
        )
        bus = MemoryBus(show.server, "policy_worker@here#0")
        async with running(PolicyWorker(settings, bus), bus):
            for number in range(4):
                await talks(show, f"the dragon number {number}")
            await until(lambda: current(show).engine == "ollama")
        asked = [chat.body["messages"][-1]["content"] for chat in server.chats]
    assert any("dragon number 0" in text and "dragon number 1" in text for text in asked)
    assert "hello there" in current(show).text
    assert "<" not in current(show).text
