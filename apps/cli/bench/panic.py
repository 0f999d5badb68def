"""`kitsu bench panic`: the press of the button to silence, also when things are going wrong.

Sound off is the stage's own word: its account of the utterance says when the last sample was heard.
OBS muted and on BRB is seen from outside: by the events that a real OBS sends to a connection
which is not Kitsu's. The floor is a plain request to the stage.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from apps.cli.bench.report import Check, Figures, Report, percentile
from apps.cli.bench.show_speaking import until_speaking
from apps.cli.bench.turn import INSTANT_ENGINES
from libs.bus.base import Bus
from libs.bus.opening import connect
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.identity import new_id
from libs.contracts.modules import MODULES
from libs.contracts.people import Author
from libs.contracts.speaking import PlaybackFinished
from libs.contracts.streams import SPEAKING
from libs.telemetry import clock
from libs.testing.obs_studio import Observer, ObsStudio, missing_programs
from libs.testing.obs_studio.collection import BRB, LIVE, MIC, PANIC_FILTER, VOICE
from libs.testing.running_show import RunningShow, running_show

#: Chat lines a second in the flood.
FLOOD_LINES = 1_000
SOUND_LIMIT_MS = 50.0
OBS_LIMIT_MS = 250.0
#: OBS draws so many pictures a second here; it tells of a new scene with the next one.
OBS_FRAMES = 30

ORCHESTRATOR = ("orchestrator",)
#: Who is asked when the orchestrator or the bus is gone: every output module, by its own port.
OWN_PORTS = tuple(module.id for module in MODULES if module.output)


@dataclass
class Situation:
    """Milliseconds from the order, for each round."""

    sound_off: list[float] = field(default_factory=list)
    obs: list[float] = field(default_factory=list)
    """Microphone and voice muted, and BRB on programme."""


async def bench_panic(rounds: int, folder: Path, with_obs: bool = True) -> Report:
    missing = missing_programs()
    if not with_obs or missing:
        report = await _measure(rounds, folder, None)
        why = "left out" if not with_obs else f"not installed here: {', '.join(missing)}"
        report.notes.append(f"OBS: {why}; only the sound was measured")
        return report
    studio = ObsStudio(folder / "obs", frames_per_second=OBS_FRAMES, shown=False)
    await studio.start()
    try:
        return await _measure(rounds, folder, studio)
    finally:
        await studio.stop()


async def _measure(rounds: int, folder: Path, studio: ObsStudio | None) -> Report:
    settings = {**INSTANT_ENGINES}
    if studio is not None:
        settings |= {
            "OBS_WS_URL": studio.url,
            "OBS_WS_PASSWORD": studio.password,
            "OBS_VOICE_INPUTS": VOICE,
            "OBS_PANIC_FILTER": PANIC_FILTER,
        }
    async with contextlib.AsyncExitStack() as stack:
        eye = None
        if studio is not None:
            eye = await stack.enter_async_context(studio.observer())
            await eye.call("SetCurrentProgramScene", sceneName=LIVE)
        show = await stack.enter_async_context(running_show(folder / "show", settings))
        bus = connect(show.settings, "bench@here#0")
        await bus.open()
        stack.push_async_callback(bus.close)
        button = Button(show, eye, bus)
        await button.ready()
        floors = [await _plain_request(show) for _ in range(rounds)]
        situations = {"calm": await button.press_often(rounds)}
        async with _flood(show, bus):
            situations["chat_flood"] = await button.press_often(rounds)
        situations["orchestrator_dead"] = await _without_orchestrator(button, rounds)
        situations["bus_dead"] = await _without_bus(button, rounds)
    return _report(situations, floors)


def _report(situations: dict[str, Situation], floors: list[float]) -> Report:
    everything = [value for found in situations.values() for value in found.sound_off]
    report = Report("panic", Figures(everything), "GET /live of the stage", Figures(floors))
    for name, found in situations.items():
        measured = [("sound off", found.sound_off, SOUND_LIMIT_MS)]
        if found.obs:
            measured.append(("OBS muted and BRB", found.obs, OBS_LIMIT_MS))
        for what, values, limit_ms in measured:
            key = name if what == "sound off" else f"{name}_obs"
            report.parts[key] = {"n": len(values), **Figures(values).as_json()}
            p99 = round(percentile(values, 0.99), 2)
            report.checks.append(Check(f"{what} p99, {name}", limit_ms, p99))
    return report


class Button:
    """Presses panic while she speaks, and watches how long it takes until nothing is heard or seen
    of her any more."""

    def __init__(self, show: RunningShow, eye: Observer | None, bus: Bus) -> None:
        self.show = show
        self._eye = eye
        self._bus = bus

    async def ready(self) -> None:
        """OBS is connected, unmuted and not on BRB."""
        if self._eye is None:
            return
        async with asyncio.timeout(20):
            while (await self.show.get("/obs"))["link"] != "ready":  # noqa: ASYNC110 - is asked
                await asyncio.sleep(0.05)
        await self._eye.until_scene(LIVE)
        await self._eye.until_muted(MIC, False)
        await self._eye.until_muted(VOICE, False)

    async def press_often(self, rounds: int) -> Situation:
        found = Situation()
        for _ in range(rounds):
            await self.press(found, ORCHESTRATOR, await until_speaking(self.show))
            await self.heard_until(found)
            await self.release()
        return found

    async def press(self, found: Situation, modules: tuple[str, ...], utterance_id: str) -> None:
        """In mid-sentence; adds the round's figures (the sound's with `heard_until`)."""
        since = len(self._eye.events) if self._eye is not None else 0
        self._pressed = (utterance_id, clock.now())
        started = time.perf_counter()
        orders = [
            asyncio.create_task(self.show.post("/panic", {"reason": "bench"}, module))
            for module in modules
        ]
        if self._eye is not None:
            found.obs.append((await _hidden_at(self._eye, since) - started) * 1000)
        for answer in await asyncio.gather(*orders):
            assert answer["engaged"] is True
        playing = await self.show.get("/now", "stage")
        assert playing["speaking"] is None, f"still playing after a panic: {playing}"

    async def heard_until(self, found: Situation) -> None:
        """The stage's account of the utterance that was cut, as soon as the bus has it."""
        utterance_id, pressed_at = self._pressed
        show = self.show.settings.kitsu_show
        async with asyncio.timeout(10):
            while True:
                for delivery in await self._bus.recent(SPEAKING, show, 40):
                    told = delivery.event
                    if isinstance(told, PlaybackFinished) and told.utterance_id == utterance_id:
                        assert told.stopped_at is not None
                        found.sound_off.append(max(0.0, told.stopped_at - pressed_at) * 1000)
                        return
                await asyncio.sleep(0.02)

    async def release(self) -> None:
        await self.show.post("/panic/release")
        await self.ready()


async def _hidden_at(eye: Observer, since: int) -> float:
    seen = [
        await eye.until_event("InputMuteStateChanged", since, inputName=name, inputMuted=True)
        for name in (MIC, VOICE)
    ]
    seen.append(await eye.until_event("CurrentProgramSceneChanged", since, sceneName=BRB))
    return max(one.at for one in seen)


async def _plain_request(show: RunningShow) -> float:
    started = time.perf_counter()
    await show.pid("stage")
    return (time.perf_counter() - started) * 1000


@contextlib.asynccontextmanager
async def _flood(show: RunningShow, bus: Bus) -> AsyncIterator[None]:
    """A bounded flood of chat lines, straight onto the bus as twitch_ingest would put them."""

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


async def _without_orchestrator(button: Button, rounds: int) -> Situation:
    """She speaks, the orchestrator is killed, the modules' own ports take the panic."""
    found, show = Situation(), button.show
    for _ in range(max(3, rounds // 5)):
        await show.wait_ready()
        spoken = await until_speaking(show)
        await show.kill("orchestrator")
        await button.press(found, OWN_PORTS, spoken)
        await button.heard_until(found)
        await show.wait_ready()
        await asyncio.sleep(1.5)  # the orchestrator hears of the panic by the modules' beats
        await button.release()
    return found


async def _without_bus(button: Button, rounds: int) -> Situation:
    """She speaks, the server stops answering, the modules' own ports take the panic."""
    show = button.show
    servers = [p for p in show.processes() if "server" in p.name()]
    assert servers, "no embedded server among the show's processes"
    found = Situation()
    for _ in range(max(3, rounds // 5)):
        spoken = await until_speaking(show)
        servers[0].suspend()
        try:
            await button.press(found, OWN_PORTS, spoken)
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                servers[0].resume()
        await asyncio.sleep(2.0)
        await button.heard_until(found)
        await button.release()
        await asyncio.sleep(0.5)
    return found
