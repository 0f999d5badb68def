"""A twitch_ingest that hears a scripted platform."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from apps.twitch_ingest.settings import TwitchIngestSettings
from apps.twitch_ingest.worker import TwitchIngestWorker
from libs.bus.base import Bus, BusUnavailable
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.envelope import Event
from libs.safety import Gate
from libs.testing.running_show import free_module_ports
from libs.worker.access import Access, Scope
from libs.worker.runtime import running
from tests.twitch_ingest.scripted_platform import ScriptedPlatform

EventType = TypeVar("EventType", bound=Event)
Start = Callable[..., Any]


async def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.005)


@dataclass
class RunningIngest:
    """A twitch_ingest that runs, and a bus beside it to order and to listen."""

    worker: TwitchIngestWorker
    platform: ScriptedPlatform
    bus: Bus
    settings: TwitchIngestSettings

    async def facts(self, kind: type[EventType]) -> list[EventType]:
        found = await self.bus.recent(kind.topic, "main", 20_000)
        return [one.event for one in found if isinstance(one.event, kind)]

    async def some(self, kind: type[EventType], count: int = 1) -> list[EventType]:
        """Waits until there are so many."""
        found: list[EventType] = []
        for _ in range(1_000):
            with contextlib.suppress(BusUnavailable):
                found = await self.facts(kind)
            if len(found) >= count:
                return found
            await asyncio.sleep(0.005)
        raise AssertionError(f"{len(found)} of {count} {kind.__name__}")

    async def settled(self) -> None:
        """All that was told is on the bus."""
        await until(lambda: not len(self.worker._chat) and not len(self.worker._commands))
        await asyncio.sleep(0.01)

    async def request(self, method: str, path: str, body: Any = None) -> httpx.Response:
        token = Access(self.settings.kitsu_data_dir).token(Scope.OPERATOR)
        url = f"http://127.0.0.1:{self.settings.twitch_ingest_port}{path}"
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            headers = {"Authorization": f"Bearer {token}"}
            return await client.request(method, url, json=body, headers=headers)


def settings_in(folder: Path, **changes: Any) -> TwitchIngestSettings:
    fields = {"kitsu_data_dir": folder, **free_module_ports(), **changes}
    return TwitchIngestSettings(_env_file=None, **fields)


@pytest.fixture
def rules_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "twitch.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def gate() -> Gate:
    """Loaded once: that takes half a second."""
    return Gate.load()


@pytest.fixture
def ingest(tmp_path: Path, gate: Gate) -> Start:
    """Starts a twitch_ingest; several, one after the other, share data and bus."""
    server = MemoryServer()

    @asynccontextmanager
    async def begin(
        platform: ScriptedPlatform | None = None, **changes: Any
    ) -> AsyncIterator[RunningIngest]:
        settings = settings_in(tmp_path, **changes)
        platform = platform or ScriptedPlatform()
        bus = MemoryBus(server, "twitch_ingest@here#0")
        worker = TwitchIngestWorker(settings, bus, platform, gate)
        beside = MemoryBus(server, "test@here#0")
        await beside.open()
        try:
            async with running(worker, worker.bus):
                yield RunningIngest(worker, platform, beside, settings)
        finally:
            await beside.close()

    return begin
