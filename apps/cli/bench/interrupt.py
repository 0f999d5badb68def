"""`kitsu bench interrupt`: the order to stop, to the last sample that was heard.

The stage's own account of the utterance says when its last sample was audible. The floor is a plain
request to the orchestrator.
"""

import asyncio
import time
from pathlib import Path

from apps.cli.bench.report import Check, Figures, Report, percentile
from apps.cli.bench.show_speaking import until_speaking
from apps.cli.bench.turn import INSTANT_ENGINES
from libs.bus.base import Bus
from libs.bus.opening import connect
from libs.contracts.speaking import PlaybackFinished
from libs.contracts.streams import SPEAKING
from libs.testing.running_show import RunningShow, running_show

#: One chunk of sound: what the budget allows to be heard after the order.
CHUNK_MS = 20.0


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
    for _ in range(rounds):
        utterance = await until_speaking(show)
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
    report.checks += [
        Check("order to last sample p95", CHUNK_MS, round(percentile(times, 0.95), 2)),
        Check("still speaking 200 ms later", 0, still_speaking, ""),
    ]
    return report


async def _last_sample(bus: Bus, show: RunningShow, utterance: str) -> float:
    """When the utterance's last sample was audible, in Unix seconds."""
    async with asyncio.timeout(5):
        while True:
            for delivery in await bus.recent(SPEAKING, show.settings.kitsu_show, 20):
                event = delivery.event
                if isinstance(event, PlaybackFinished) and event.utterance_id == utterance:
                    return event.stopped_at or event.emitted_at
            await asyncio.sleep(0.01)
