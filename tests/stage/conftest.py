"""A running stage behind its real gate and port, over the memory bus; and Chromium."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.stage.settings import StageSettings
from apps.stage.worker import StageWorker
from libs.bus.base import Subscription
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.envelope import Event
from libs.contracts.interruption import StopSpeaking
from libs.contracts.streams import LIVE, SPEAKING
from libs.testing.chromium import chromium as a_chromium
from libs.testing.chromium import find_page_engine
from libs.testing.ports import free_port
from libs.worker.access import Access, Scope
from libs.worker.runtime import running
from tests.conftest import need
from tests.stage.scripted_voice import ScriptedVoice


@dataclass
class RunningStage:
    """A stage on a real port, and a bus beside it that speaks to it and listens."""

    worker: StageWorker
    bus: MemoryBus
    port: int
    key: str
    operator: str
    told: list[Event] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def page(self, options: str = "") -> str:
        return f"{self.url}/?key={self.key}{options}"

    async def say(self, *events: Any) -> None:
        for item in events:
            event, pcm = item if isinstance(item, tuple) else (item, b"")
            await self.bus.publish(event, pcm)

    async def say_all(self, voice: ScriptedVoice, text: str, seconds: float, **more: Any) -> None:
        await self.say(*voice.sentence(text, seconds, **more), voice.finished())

    async def stop_speaking(self, epoch: int) -> None:
        await self.bus.publish(StopSpeaking(epoch=epoch, reason="test"))

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.told if type(event) is kind]

    async def now(self) -> dict[str, Any]:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.url}/now", params={"key": self.key})
            answer.raise_for_status()
            return dict(answer.json())


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Waits for something to become true; the limit only keeps a broken test from hanging."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def a_stage(
    data_dir: Path, server: MemoryServer | None = None, port: int = 0, **more: Any
) -> AsyncIterator[RunningStage]:
    server = server or MemoryServer()
    port = port or free_port()
    settings = StageSettings(
        kitsu_data_dir=data_dir, stage_port=port, kitsu_log_root=data_dir / "logs", **more
    )
    worker = StageWorker(settings, MemoryBus(server, source="stage@test#0"))
    bus = MemoryBus(server, source="test@test#0")
    await bus.open()
    access = Access(settings.kitsu_data_dir)
    stage = RunningStage(
        worker, bus, port, access.token(Scope.OVERLAY), access.token(Scope.OPERATOR)
    )

    async def listen(topics: Subscription) -> None:
        async for delivery in bus.subscribe(topics):
            stage.told.append(delivery.event)
            await bus.acknowledge(delivery)

    listening = [
        asyncio.create_task(
            listen(Subscription((SPEAKING,), "main", group="test", consumer="test@test#0"))
        ),
        asyncio.create_task(listen(Subscription((LIVE,), "main"))),
    ]
    try:
        async with running(worker, worker.bus):
            yield stage
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        await bus.close()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[RunningStage]:
    async with a_stage(tmp_path) as running_stage:
        yield running_stage


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Any]:
    """A browser with a fresh profile; skips the test where there is none."""
    path = find_page_engine()
    need(path, "Chromium")
    async with a_chromium(str(path), flags, may_sound=False) as browser:
        yield browser
