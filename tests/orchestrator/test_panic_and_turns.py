"""Panic in the middle of a turn: it ends at once, and what was being thought is never said."""

import asyncio
from typing import Any

import pytest

from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.worker import PolicyWorker
from libs.bus.memory import MemoryBus
from libs.contracts.control import SetModuleEnabled
from libs.contracts.conversation import InputSkipped, TurnCommitted, TurnOpened
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, SpeakSentence
from libs.contracts.timing import TurnTimed
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.policy_worker.test_worker import PlaysScript, use
from tests.worker.test_runtime import until


@pytest.fixture
def stand_settings() -> dict[str, Any]:
    return {"turn_thinking_seconds": 60}


@pytest.fixture(autouse=True)
def no_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends here ends because of the panic, not because somebody was waited for."""
    monkeypatch.setattr("apps.orchestrator.conversation.LAST_WORD_SECONDS", 60)


async def first_of_two(show: Stand) -> TurnCommitted:
    """One line is being answered, another one waits."""
    for text in ("first", "second"):
        await show.post("/ingest/chat", {"text": text})
    await until(lambda: show.worker.conversation.waiting)
    await show.worker.conversation.room.catch_up()
    return await show.committed("first")


async def test_a_turn_that_is_being_thought_ends_at_once(show: Stand) -> None:
    await show.post("/ingest/chat", {"text": "talk"})
    turn = await show.committed("talk")
    await show.post("/panic")
    assert (await show.next(TurnTimed)).outcome == "interrupted"
    assert (await show.next(StopSpeaking)).turn_id == turn.turn_id
    assert show.worker.conversation.active is None


async def test_a_turn_that_is_being_written_down_when_panic_is_pressed_ends_at_once(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, run = show.worker, show.worker.database.run
    panics: list[asyncio.Task[Any]] = []

    async def panic_first(work: Any) -> Any:
        turn = worker.conversation.active
        if turn is not None and turn.candidate.input.text == "second":
            monkeypatch.undo()
            panics.append(asyncio.create_task(worker.panic_desk.engage("", "test")))
            await until(lambda: worker.conversation.active is None)
        return await run(work)

    first = await first_of_two(show)
    monkeypatch.setattr(worker.database, "run", panic_first)
    await show.play(first, "one")
    timed = await show.next(TurnTimed, lambda e: e.turn_id != first.turn_id)
    assert timed.outcome == "interrupted"
    await asyncio.gather(*panics)
    assert [turn.input.text for turn in await show.all(TurnCommitted)] == ["first"]
    assert (await show.get("/telemetry/turns"))["turns"][0]["outcome"] == "interrupted"


async def test_no_turn_is_opened_while_the_modules_are_being_told(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    engage = show.worker.panic_desk.show_panic.engage
    switched_on = SetModuleEnabled(module="policy_worker", enabled=True)

    async def slowly(*order: Any) -> Any:
        await show.worker.module_switched(switched_on, show.delivery(switched_on))
        await show.post("/ingest/chat", {"text": "in between"})
        await show.next(InputSkipped, lambda e: e.text == "in between")
        return await engage(*order)

    monkeypatch.setattr(show.worker.panic_desk.show_panic, "engage", slowly)
    await show.worker.panic_desk.engage("", "test")
    assert await show.all(TurnCommitted) == []


async def test_what_the_stage_had_just_begun_is_remembered_as_far_as_it_was_heard(
    show: Stand,
) -> None:
    await show.post("/ingest/chat", {"text": "talk"})
    turn = await show.committed("talk")
    await show.post("/panic")
    await show.next(TurnTimed)
    await show.bus.publish(
        PlaybackFinished.caused_by(
            turn,
            outcome=PlaybackOutcome.INTERRUPTED,
            heard_text="Well",
            full_text="Well, now.",
            position_seconds=0.2,
            duration_seconds=1,
        )
    )
    await until(lambda: len(show.worker.memory.history) == 2)
    memory = await show.get("/memory")
    assert [line["text"] for line in memory["recent"]] == ["talk", "Well"]


async def test_an_open_turn_of_a_former_life_ends_when_panic_was_pressed_meanwhile(
    stand: Stand,
) -> None:
    async with running(stand.worker, stand.worker.bus):
        await stand.post("/ingest/chat", {"text": "talk"})
        await stand.next(TurnOpened)  # then it is on disk
    value = {"engaged": True, "ordinal": 5, "reason": "", "by": "x"}
    await stand.bus.set_latch("main", "panic", value)
    fresh = stand.fresh()
    async with running(fresh, fresh.bus):
        assert (await stand.next(TurnTimed)).outcome == "interrupted"


@pytest.mark.parametrize("pressed", ["in the panel", "at the brain's own port"])
async def test_a_reply_still_being_thought_is_never_said_not_even_after_the_release(
    show: Stand, pressed: str
) -> None:
    settings = PolicySettings(
        _env_file=None,
        kitsu_data_dir=show.settings.kitsu_data_dir,
        policy_worker_port=show.settings.policy_worker_port,
    )
    brain = PolicyWorker(settings, MemoryBus(show.server, source="policy_worker@here#0"))
    thinking = asyncio.Event()
    engine = PlaysScript(thinking, "<speech>This is what I was thinking all along.</speech>")
    async with running(brain, brain.bus):
        await use(brain, engine)
        await show.post("/ingest/chat", {"text": "think hard"})
        await until(lambda: engine.asked)
        if pressed == "in the panel":
            await show.post("/panic")
        else:
            await show.post("/panic", at="policy_worker")
            await until(lambda: show.worker.panic.engaged)
        thinking.set()
        await until(lambda: engine.closed)
        assert (await show.next(TurnTimed)).outcome == "interrupted"
        await show.post("/panic/release")
        await until(lambda: not brain.panic.engaged)
        await show.post("/ingest/chat", {"text": "and now?"})
        (said,) = [await show.next(SpeakSentence)]
        after = await show.committed("and now?")
        await asyncio.sleep(0.2)
        assert {sentence.turn_id for sentence in await show.all(SpeakSentence)} == {after.turn_id}
        assert said.epoch == after.epoch
