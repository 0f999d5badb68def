"""`kitsu bench turn`: a typed line to the first audio chunk at the stage.

Every worker is its own process over the embedded server; the engines answer at once (scripted
persona, captions instead of a voice, silent output), so that what is measured is Kitsu itself. Each
turn is cut off after its first sound and the next one begins.
"""

import asyncio
from pathlib import Path

from apps.cli.bench.floor import Floor, floor_chain
from apps.cli.bench.report import Check, Figures, Report, percentile, process_name
from libs.bus.embedded import read_address
from libs.testing.panel_stream import PanelStream, panel_stream
from libs.testing.running_show import RunningShow, running_show

#: Engines that cost nothing, so that the bus and the workers are what is left.
INSTANT_ENGINES = {"TTS_ENGINE": "captions", "STAGE_OUTPUT": "silent", "POLICY_FORCE_MOCK": "1"}

#: Turns that warm up imports, connections and caches; not counted.
WARM_UP_TURNS = 10

#: Between two turns: about eight a second, so that none runs into the clearing up of the last one.
PAUSE_SECONDS = 0.1

#: From this many turns on, the last tenth is compared with the first.
SITTING_TURNS = 300


async def bench_turn(turns: int, folder: Path) -> Report:
    """Raises `TimeoutError` when a turn gets no sound."""
    async with running_show(folder, INSTANT_ENGINES) as show, panel_stream(show) as panel:
        url = read_address(show.settings.kitsu_data_dir)
        assert url is not None, "the bench needs the embedded server"
        with floor_chain(url) as floor:
            return await _measure(turns, show, panel, floor)


async def _measure(turns: int, show: RunningShow, panel: PanelStream, floor: Floor) -> Report:
    for number in range(WARM_UP_TURNS):
        await one_turn(show, panel, f"warm up {number}")
        floor.sample()
    memory = [_memory_mb(show)]
    times: list[float] = []
    floors: list[float] = []
    for number in range(turns):
        times.append(await one_turn(show, panel, f"what do you think of number {number}?"))
        floors.append(floor.sample())
        panel.messages.clear()
        if number + 1 in (turns // 2, turns):
            memory.append(_memory_mb(show))
    report = Report("turn", Figures(times), "4 hops, redis-py (asyncio) alone", Figures(floors))
    latency = await show.get("/telemetry/latency")
    report.parts["stages_p50_ms"] = {
        name: stage["p50_ms"] for name, stage in latency["stages"].items()
    }
    report.parts["ready_seconds"] = round(show.ready_seconds, 2)
    report.parts["memory_mb"] = dict(zip(("before", "half", "after"), memory, strict=True))
    report.checks += [
        Check("first audio chunk p50", 6.0, percentile(times, 0.5)),
        Check("first audio chunk p95", 15.0, percentile(times, 0.95)),
        Check(
            "p50 as a multiple of the floor",
            2.0,
            round(percentile(times, 0.5) / percentile(floors, 0.5), 2),
            "x",
        ),
    ]
    if turns >= SITTING_TURNS:
        _compare_tenths(report, times, floors)
    return report


def _compare_tenths(report: Report, times: list[float], floors: list[float]) -> None:
    """The last tenth with the first, each against the floor of its own minutes: what the machine
    does meanwhile is not ours. Memory from the middle on, when bounded caches are full."""
    tenth = len(times) // 10
    first, last = percentile(times[:tenth], 0.5), percentile(times[-tenth:], 0.5)
    floor_drift = percentile(floors[-tenth:], 0.5) / percentile(floors[:tenth], 0.5)
    report.parts["tenths_p50_ms"] = {"first": round(first, 3), "last": round(last, 3)}
    report.parts["floor_drift"] = round(floor_drift, 3)
    half, after = (sum(report.parts["memory_mb"][key].values()) for key in ("half", "after"))
    report.checks += [
        Check("last tenth as a multiple of the first", 1.1, round(last / first / floor_drift, 3)),
        Check("memory, end as a multiple of the middle", 1.05, round(after / half, 3), "x"),
    ]


async def one_turn(show: RunningShow, panel: PanelStream, text: str) -> float:
    """Milliseconds from the line's arrival to the first audio chunk; the turn is cut after it."""
    since = len(panel.messages)
    await show.chat(text)
    spoken = await panel.wait_for(
        lambda m: (
            m["type"] == "turn"
            and m["turn"]["input"] == text
            and m["turn"]["stages"]["total_to_first_audio_ms"] is not None
        ),
        since,
    )
    await show.post("/stop")
    await panel.wait_for(
        lambda m: m["type"] == "turn" and m["turn"]["input"] == text and m["turn"]["outcome"],
        since,
    )
    await asyncio.sleep(PAUSE_SECONDS)
    stages = spoken["turn"]["stages"]
    return float(stages["total_to_first_audio_ms"] - stages["playback_start_ms"])


def _memory_mb(show: RunningShow) -> dict[str, float]:
    """Resident memory of each process of the show."""
    return {process_name(p): round(p.memory_info().rss / 2**20, 1) for p in show.processes()}
