"""What the ears hear, and a whole show that does something with it; the test plays the ears."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from apps.orchestrator.host_desk import INTERRUPTED, WENT_ON
from libs.bus.base import Bus
from libs.bus.embedded import find_binary
from libs.bus.opening import connect
from libs.contracts.conversation import TurnCommitted
from libs.contracts.interruption import StopSpeaking
from libs.contracts.listening import (
    DismissReason,
    InterruptionDecided,
    InterruptionKind,
    SpeechDismissed,
    SpeechStarted,
    TranscriptFinalized,
)
from libs.contracts.speaking import PlaybackStarted
from libs.telemetry import clock
from libs.testing.running_show import RunningShow, running_show
from tests.conftest import need
from tests.system.test_actions import all_of
from tests.system.test_memory_kill import KILLER, over, wait_for_orchestrator

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

FIRST, SECOND = "what I wanted to ask is", "do foxes dream?"


@asynccontextmanager
async def a_show(folder: Path, **settings: str) -> AsyncIterator[tuple[RunningShow, Bus]]:
    need(find_binary(), "a Redis-compatible server")
    given = {"TTS_ENGINE": "captions", "STAGE_OUTPUT": "silent", **settings}
    async with running_show(folder, given) as show:
        bus = connect(show.settings, "ears@here#0")
        await bus.open()
        try:
            yield show, bus
        finally:
            await bus.close()


async def committed(bus: Bus, text: str) -> TurnCommitted:
    def found(turns: list[TurnCommitted]) -> list[TurnCommitted]:
        return [turn for turn in turns if turn.input.text == text]

    async with asyncio.timeout(30):
        while not (turns := found(await all_of(bus, TurnCommitted))):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return turns[-1]


async def says(bus: Bus, text: str, at: float | None = None) -> None:
    at = at or clock.now()
    speech = SpeechStarted(emitted_at=at)
    await bus.publish(speech)
    await bus.publish(TranscriptFinalized.caused_by(speech, text=text, speech_ended_at=at))


async def speaking(show: RunningShow) -> str:
    async with asyncio.timeout(30):
        while (now := (await show.get("/status"))["speaking"]) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return str(now["utterance_id"])


async def test_the_host_cuts_her_off_and_the_next_turn_knows_what_nobody_heard(
    tmp_path: Path,
) -> None:
    async with a_show(tmp_path) as (show, bus):
        await show.chat("tell us a long story about your favourite arcade game", "ann")
        utterance_id = await speaking(show)
        kind = InterruptionKind.WORDS
        await bus.publish(InterruptionDecided(kind=kind, utterance_id=utterance_id))
        cut = await over(show, "tell us a long story about your favourite arcade game")
        assert (cut["outcome"], cut["reason"]) == ("interrupted", INTERRUPTED)
        assert cut["unheard_text"]
        assert not cut["heard_text"].endswith(cut["unheard_text"])
        await says(bus, "wait, how old are you?")
        turn = await committed(bus, "wait, how old are you?")
        stops = [event for event in await all_of(bus, StopSpeaking) if event.turn_id is None]
        assert [event.epoch for event in stops] == [turn.epoch]
        heard = [line for line in turn.history if line.speaker == "kitsu"]
        assert [line.unheard for line in heard] == [cut["unheard_text"]] * len(heard)
        answered = await over(show, "wait, how old are you?")
        assert answered["outcome"] == "completed"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("moment", ["inside the closing transaction", "between close and refresh"])
async def test_a_kill_while_two_pieces_of_speech_become_one_loses_neither(
    tmp_path: Path, moment: str
) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(KILLER, "utf-8")
    flag = tmp_path / "flag"
    settings = {
        "PYTHONPATH": str(tmp_path / "hooks"),
        "KITSU_TEST_KILL": str(flag),
        "TURN_THINKING_SECONDS": "20",
    }
    async with a_show(tmp_path, **settings) as (show, bus):
        mind = psutil.Process(await show.pid("policy_worker"))
        mind.suspend()
        before = await show.pid("orchestrator")
        at = clock.now()
        await says(bus, FIRST, at)
        first = await committed(bus, FIRST)
        flag.write_text(moment, "utf-8")
        await says(bus, SECOND, at + 1)  # however slow this machine is
        async with asyncio.timeout(60):
            while flag.exists() or await show.pid("orchestrator") in (None, before):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await wait_for_orchestrator(show)
        both = f"{FIRST} {SECOND}"
        await committed(bus, both)
        mind.resume()
        answered = await over(show, both)
        assert answered["outcome"] == "completed"
        turns = {turn["turn_id"]: turn for turn in await show.turns(20)}
        assert turns[str(first.turn_id)]["reason"] == WENT_ON
        assert len(turns) == 2
        kept = sqlite3.connect(show.folder / "data" / "memory" / "kitsu.sqlite")
        said = kept.execute("SELECT text FROM message WHERE speaker = 'viewer'").fetchall()
        assert said == [(both,)]


async def test_a_reply_in_thought_waits_at_the_stage_while_the_host_speaks(
    tmp_path: Path,
) -> None:
    async with a_show(tmp_path) as (show, bus):
        # This test is the ears: those of the show would say that they hear nobody.
        psutil.Process(await show.pid("asr_worker")).suspend()
        mind = psutil.Process(await show.pid("policy_worker"))
        mind.suspend()
        await show.chat("do you like tea?", "ann")
        await committed(bus, "do you like tea?")
        speech = SpeechStarted()
        await bus.publish(speech)
        await asyncio.sleep(0.3)
        mind.resume()
        await asyncio.sleep(3.0)  # longer than one hold lasts
        assert await all_of(bus, PlaybackStarted) == []
        at = clock.now()
        await bus.publish(SpeechDismissed.caused_by(speech, reason=DismissReason.NOISE))
        answered = await over(show, "do you like tea?")
        assert answered["outcome"] == "completed"
        [started] = await all_of(bus, PlaybackStarted)
        assert 0 <= started.started_at - at < 2.0
