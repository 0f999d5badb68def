"""The whole worker on a memory bus, with scripted parts around the real hearing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.partners import Hit
from apps.asr_worker.parts import Parts, Publish
from apps.asr_worker.settings import AsrSettings
from apps.asr_worker.worker import AsrWorker
from libs.bus.base import Bus, Subscription
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.envelope import Event
from libs.contracts.listening import MicrophoneReported
from libs.contracts.streams import LIVE
from libs.telemetry import clock
from libs.testing.running_show import free_module_ports
from libs.worker.access import Access, Scope
from libs.worker.runtime import running
from tests.asr_worker.hearing_stand import tone
from tests.asr_worker.scripted_parts import (
    ScriptedAgreement,
    ScriptedEar,
    ScriptedInput,
    ScriptedInterruption,
    ScriptedLadder,
    ScriptedLevels,
    ScriptedPlayback,
    ScriptedVoiceModel,
    not_invented,
)

EventType = TypeVar("EventType", bound=Event)


async def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.005)


@dataclass
class Scripts:
    """What plays around the worker."""

    sound: ScriptedInput = field(default_factory=ScriptedInput)
    ladder: ScriptedLadder = field(default_factory=ScriptedLadder)
    interruption: ScriptedInterruption = field(default_factory=ScriptedInterruption)
    playback: ScriptedPlayback = field(default_factory=ScriptedPlayback)
    guard: ScriptedEar = field(default_factory=ScriptedEar)
    levels: ScriptedLevels = field(default_factory=ScriptedLevels)
    model: ScriptedVoiceModel = field(default_factory=ScriptedVoiceModel)

    def parts(self, settings: AsrSettings, publish: Publish, on_hit: Hit) -> Parts:
        self.interruption.publish = publish
        return Parts(
            self.sound,
            self.ladder,
            self.interruption,
            self.playback,
            self.guard,
            self.levels,
            not_invented,
            ScriptedAgreement,
            voice_model=lambda: self.model,
        )


@dataclass
class RunningEars:
    worker: AsrWorker
    scripts: Scripts
    bus: Bus
    reports: list[MicrophoneReported] = field(default_factory=list)
    position: int = 0

    async def facts(self, kind: type[EventType]) -> list[EventType]:
        found = await self.bus.recent(kind.topic, "main", 2_000)
        return [one.event for one in found if isinstance(one.event, kind)]

    async def some(self, kind: type[EventType], count: int = 1) -> list[EventType]:
        for _ in range(1_000):
            found = await self.facts(kind)
            if len(found) >= count:
                return found
            await asyncio.sleep(0.005)
        raise AssertionError(f"{len(found)} of {count} {kind.__name__}")

    async def order(self, event: Event, data: bytes = b"") -> None:
        await self.bus.publish(event, data)

    def hear(self, pcm: bytes) -> None:
        block = Block(self.position, pcm, clock.now())
        self.position = block.end
        self.scripts.sound.give(block)

    def say(self, seconds: float = 1.0, silence: float = 2.0) -> None:
        """Sound of so many seconds at once: nothing here waits for it."""
        self.hear(tone(round(seconds * RATE_HZ)) + bytes(2 * round(silence * RATE_HZ)))

    async def listens(self) -> None:
        await until(lambda: self.scripts.sound.is_open and self.worker._report.hearing)

    async def reported(self, true: Callable[[MicrophoneReported], object]) -> MicrophoneReported:
        await until(lambda: self.reports and true(self.reports[-1]))
        return self.reports[-1]

    async def get(self, path: str) -> httpx.Response:
        settings = self.worker.settings
        token = Access(settings.kitsu_data_dir).token(Scope.OPERATOR)
        url = f"http://127.0.0.1:{settings.asr_worker_port}{path}"
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            return await client.get(url, headers={"Authorization": f"Bearer {token}"})


def settings_in(folder: Path, **changes: Any) -> AsrSettings:
    fields = {"kitsu_data_dir": folder, **free_module_ports(), **changes}
    return AsrSettings(_env_file=None, **fields)


@asynccontextmanager
async def running_ears(
    folder: Path, scripts: Scripts | None = None, server: MemoryServer | None = None, **changes: Any
) -> AsyncIterator[RunningEars]:
    scripts, server = scripts or Scripts(), server or MemoryServer()
    bus = MemoryBus(server, "asr_worker@here#0")
    worker = AsrWorker(settings_in(folder, **changes), bus, scripts.parts)
    beside = MemoryBus(server, "test@here#0")
    await beside.open()
    ears = RunningEars(worker, scripts, beside)

    async def collect() -> None:
        async for delivery in beside.subscribe(Subscription((LIVE,), "main")):
            if isinstance(delivery.event, MicrophoneReported):
                ears.reports.append(delivery.event)

    collecting = asyncio.create_task(collect())
    try:
        async with running(worker, bus):
            yield ears
    finally:
        collecting.cancel()
        await asyncio.gather(collecting, return_exceptions=True)
        await beside.close()
