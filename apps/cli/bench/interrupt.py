"""`kitsu bench interrupt`: the order to stop, to the last sample that was heard.

And the way a voice takes: the order to pause, to the sound standing still, and to its going on.

The stage's own account of the utterance says when its last sample was audible. The floor is a plain
request to the orchestrator.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from apps.cli.bench.report import Check, Figures, Report, percentile
from apps.cli.bench.show_speaking import until_speaking
from apps.cli.bench.turn import INSTANT_ENGINES
from libs.bus.base import Bus, Subscription
from libs.bus.opening import connect
from libs.contracts.interruption import HoldSpeaking, SpeechHold
from libs.contracts.speaking import PlaybackFinished, PlaybackProgressed
from libs.contracts.streams import LIVE, SPEAKING
from libs.testing.running_show import RunningShow, running_show

#: One chunk of sound: what the budget allows to be heard after the order.
CHUNK_MS = 20.0
#: How long each pause lasts, and how long she is heard afterwards.
PAUSED_SECONDS = 0.15
GOES_ON_SECONDS = 0.1


@dataclass
class VoiceWay:
    """Milliseconds of each round, and how often the sound did what it must not."""

    pause: list[float] = field(default_factory=list)
    resume: list[float] = field(default_factory=list)
    moved: int = 0
    """Her position was another one at the end of the pause."""
    jumped: int = 0
    """Afterwards it was before the one at which she stood, or further than time allows."""


async def bench_interrupt(rounds: int, folder: Path) -> Report:
    async with running_show(folder, INSTANT_ENGINES) as show:
        bus = connect(show.settings, "bench@here#0")
        await bus.open()
        try:
            return await _measure(rounds, show, bus)
        finally:
            await bus.close()


async def _measure(rounds: int, show: RunningShow, bus: Bus) -> Report:
    times: list[float] = []
    floors: list[float] = []
    still_speaking = 0
    voice = VoiceWay()
    async with _told_of_holds(show, bus) as told:
        for _ in range(rounds):
            utterance = await until_speaking(show)
            await _pause_and_resume(show, bus, told, voice)
            started = time.perf_counter()
            await show.pid("orchestrator")
            floors.append((time.perf_counter() - started) * 1000)
            ordered_at = time.time()
            await show.post("/stop")
            times.append(max(0.0, await _last_sample(bus, show, utterance) - ordered_at) * 1000)
            await asyncio.sleep(0.2)
            still_speaking += (await show.get("/now", "stage"))["speaking"] is not None
    report = Report("interrupt", Figures(times), "GET /live of the orchestrator", Figures(floors))
    report.counts = {"stale": still_speaking}
    report.parts["voice"] = {
        "order_to_pause": Figures(voice.pause).as_json(),
        "order_to_resume": Figures(voice.resume).as_json(),
        "moved_while_paused": voice.moved,
        "jumped_on_resume": voice.jumped,
    }
    report.checks += [
        Check("order to last sample p95", CHUNK_MS, round(percentile(times, 0.95), 2)),
        Check("still speaking 200 ms later", 0, still_speaking, ""),
        Check("order to pause p95", CHUNK_MS, round(percentile(voice.pause, 0.95), 2)),
        Check("order to resume p95", CHUNK_MS, round(percentile(voice.resume, 0.95), 2)),
        Check("moved while paused", 0, voice.moved, ""),
        Check("lost or said twice around a pause", 0, voice.jumped, ""),
    ]
    return report


@contextlib.asynccontextmanager
async def _told_of_holds(
    show: RunningShow, bus: Bus
) -> AsyncIterator["asyncio.Queue[PlaybackProgressed]"]:
    """What the stage tells of her position."""
    told: asyncio.Queue[PlaybackProgressed] = asyncio.Queue()

    async def listen() -> None:
        async for delivery in bus.subscribe(Subscription((LIVE,), show.settings.kitsu_show)):
            if isinstance(delivery.event, PlaybackProgressed):
                told.put_nowait(delivery.event)

    listening = asyncio.create_task(listen())
    try:
        yield told
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _pause_and_resume(
    show: RunningShow,
    bus: Bus,
    told: "asyncio.Queue[PlaybackProgressed]",
    found: VoiceWay,
) -> None:
    """Holds her as somebody's voice would, lets her go on, and looks at her position meanwhile."""
    await asyncio.sleep(0.2)
    stood = await _hold(show, bus, told, SpeechHold.PAUSED, found.pause)
    await asyncio.sleep(PAUSED_SECONDS)
    now = (await show.get("/now", "stage"))["speaking"]
    found.moved += now is None or abs(now["position_seconds"] - stood.position_seconds) > 0.001
    again = await _hold(show, bus, told, SpeechHold.NONE, found.resume)
    await asyncio.sleep(GOES_ON_SECONDS)
    asked_at = time.time()
    now = (await show.get("/now", "stage"))["speaking"]
    least = stood.position_seconds + asked_at - again.emitted_at
    most = least + time.time() - asked_at
    here = now["position_seconds"] if now is not None else 0.0
    found.jumped += not least - 0.005 <= here <= most + 0.005


async def _hold(
    show: RunningShow,
    bus: Bus,
    told: "asyncio.Queue[PlaybackProgressed]",
    hold: SpeechHold,
    times: list[float],
) -> PlaybackProgressed:
    """Gives the order; returns what the stage told when it was carried out."""
    ordered_at = time.time()
    await bus.publish(
        HoldSpeaking(show=show.settings.kitsu_show, hold=hold, at_most_seconds=5.0, by="bench")
    )
    async with asyncio.timeout(5):
        while True:
            event = await told.get()
            if event.emitted_at >= ordered_at and event.hold is hold:
                times.append((event.emitted_at - ordered_at) * 1000)
                return event


async def _last_sample(bus: Bus, show: RunningShow, utterance: str) -> float:
    """When the utterance's last sample was audible, in Unix seconds."""
    async with asyncio.timeout(5):
        while True:
            for delivery in await bus.recent(SPEAKING, show.settings.kitsu_show, 20):
                event = delivery.event
                if isinstance(event, PlaybackFinished) and event.utterance_id == utterance:
                    return event.stopped_at or event.emitted_at
            await asyncio.sleep(0.01)
