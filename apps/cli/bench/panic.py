"""`kitsu bench panic`: the press of the button to silence, also when things are going wrong.

Silence is the stage's own word: its port answers a panic after its output has stopped, and its
account of the utterance says when the last sample was audible. The floor is a plain request to the
same port.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from apps.cli.bench.report import Check, Figures, Report, percentile
from apps.cli.bench.show_speaking import until_speaking
from apps.cli.bench.turn import INSTANT_ENGINES
from libs.testing.running_show import RunningShow, running_show

#: Chat lines a second in the flood.
FLOOD_LINES = 1_000
LIMIT_MS = 50.0


async def bench_panic(rounds: int, folder: Path) -> Report:
    async with running_show(folder, INSTANT_ENGINES) as show:
        floors = [await _plain_request(show) for _ in range(rounds)]
        situations: dict[str, list[float]] = {}
        situations["calm"] = [await _panic(show) for _ in range(rounds)]
        async with _flood(show):
            situations["chat_flood"] = [await _panic(show) for _ in range(rounds)]
        situations["orchestrator_dead"] = await _without_orchestrator(show, rounds)
        situations["bus_dead"] = await _without_bus(show, rounds)
    everything = [value for values in situations.values() for value in values]
    report = Report("panic", Figures(everything), "GET /live of the stage", Figures(floors))
    for name, values in situations.items():
        report.parts[name] = Figures(values).as_json()
        limit = Check(f"sound off p99, {name}", LIMIT_MS, round(percentile(values, 0.99), 2))
        report.checks.append(limit)
    return report


async def _plain_request(show: RunningShow) -> float:
    started = time.perf_counter()
    await show.pid("stage")
    return (time.perf_counter() - started) * 1000


async def _panic(show: RunningShow, route: str = "orchestrator") -> float:
    """Milliseconds from the request to silence, in mid-sentence; released afterwards."""
    await until_speaking(show)
    started = time.perf_counter()
    answer = await show.post("/panic", {"reason": "bench"}, route)
    took_ms = (time.perf_counter() - started) * 1000
    assert answer["engaged"] is True
    playing = await show.get("/now", "stage")
    assert playing["speaking"] is None, f"still playing after a panic: {playing}"
    if route == "orchestrator":
        await show.post("/panic/release")
    else:
        for module in ("stage", "tts_worker", "policy_worker", "obs_controller"):
            with contextlib.suppress(Exception):
                await show.post("/panic/release", module=module)
    return took_ms


@contextlib.asynccontextmanager
async def _flood(show: RunningShow) -> AsyncIterator[None]:
    """A bounded flood of chat lines, straight onto the bus as twitch_ingest would put them."""
    from libs.bus.opening import connect
    from libs.contracts.chat import ChatMessageReceived
    from libs.contracts.identity import new_id
    from libs.contracts.people import Author

    bus = connect(show.settings, "bench@here#0")
    await bus.open()

    async def pour() -> None:
        for number in range(FLOOD_LINES * 60):
            due = started + number / FLOOD_LINES
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            author = Author(viewer_id=f"v{number % 400}", name=f"viewer{number % 400}")
            await bus.publish(
                ChatMessageReceived(
                    show=show.settings.kitsu_show,
                    message_id=new_id(),
                    platform="bench",
                    author=author,
                    text=f"line {number} of the flood",
                )
            )

    started = time.monotonic()
    pouring = asyncio.create_task(pour())
    await asyncio.sleep(1.0)
    try:
        yield
    finally:
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
        await bus.close()


async def _without_orchestrator(show: RunningShow, rounds: int) -> list[float]:
    """She speaks, the orchestrator is killed, the stage's own port takes the panic."""
    found = []
    for _ in range(max(3, rounds // 10)):
        await show.wait_ready()
        await until_speaking(show)
        await show.kill("orchestrator")
        started = time.perf_counter()
        await show.post("/panic", {"reason": "bench"}, "stage")
        found.append((time.perf_counter() - started) * 1000)
        assert (await show.get("/now", "stage"))["speaking"] is None
        await show.wait_ready()
        await asyncio.sleep(1.5)  # the orchestrator hears of the panic by the stage's beat
        await show.post("/panic/release")
    return found


async def _without_bus(show: RunningShow, rounds: int) -> list[float]:
    """She speaks, the server stops answering, the stage's own port takes the panic."""
    servers = [p for p in show.processes() if "server" in p.name()]
    assert servers, "no embedded server among the show's processes"
    found = []
    for _ in range(max(3, rounds // 10)):
        await until_speaking(show)
        servers[0].suspend()
        try:
            started = time.perf_counter()
            await show.post("/panic", {"reason": "bench"}, "stage")
            found.append((time.perf_counter() - started) * 1000)
            assert (await show.get("/now", "stage"))["speaking"] is None
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                servers[0].resume()
        await asyncio.sleep(2.0)
        await show.post("/panic/release")
        await asyncio.sleep(0.5)
    return found
