"""An obs_controller that works on an OBS in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.obs_controller import studio as studio_module
from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.worker import ObsControllerWorker
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.envelope import Event
from libs.contracts.studio import StudioChanged
from libs.testing.running_show import free_module_ports
from libs.worker.access import Access, Scope
from libs.worker.runtime import Runtime, running
from tests.obs_controller.scripted_obs import MemoryObs
from tests.obs_studio.fixtures import eye, fresh_obs, module_obs, real_obs

#: Fixtures of a real OBS, for the tests that are marked so.
__all__ = ["eye", "fresh_obs", "module_obs", "real_obs"]


async def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.01)


@dataclass
class RunningController:
    """An obs_controller that runs, and a bus beside it to order and to listen."""

    worker: ObsControllerWorker
    bus: MemoryBus
    settings: ObsControllerSettings

    @property
    def told(self) -> StudioChanged:
        return self.worker.studio.as_event()

    async def order(self, order: Event) -> Any:
        """Sends it and waits for its answer: done, failed or a screenshot."""
        await self.bus.publish(order)
        for _ in range(800):
            for delivery in await self.bus.recent(order.topic, "main", 2_000):
                if delivery.event.cause_id == order.event_id:
                    return delivery.event
            await asyncio.sleep(0.01)
        raise AssertionError(f"no answer to {order.type}")

    async def facts(self, kind: type[Event]) -> list[Any]:
        found = await self.bus.recent(kind.topic, "main", 2_000)
        return [delivery.event for delivery in found if isinstance(delivery.event, kind)]

    async def request(self, method: str, path: str, body: Any = None) -> httpx.Response:
        token = Access(self.settings.kitsu_data_dir).token(Scope.OPERATOR)
        url = f"http://127.0.0.1:{self.settings.obs_controller_port}{path}"
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            headers = {"Authorization": f"Bearer {token}"}
            return await client.request(method, url, json=body, headers=headers)

    async def ready(self) -> None:
        await until(lambda: self.worker.studio.link.ready)


@asynccontextmanager
async def _started(worker: ObsControllerWorker) -> AsyncIterator[None]:
    """Its process runs, whether or not it ever gets a bus."""
    runtime = Runtime(worker, worker.bus)
    task = asyncio.create_task(runtime.run())
    try:
        await asyncio.sleep(0.1)
        yield
    finally:
        runtime.request_stop("the test is over")
        await task


@pytest.fixture
def obs() -> MemoryObs:
    return MemoryObs()


Start = Callable[..., Any]


@pytest.fixture
def controller(
    obs: MemoryObs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Starts obs_controllers on the OBS in memory; one after the other share data and bus."""
    monkeypatch.setattr(studio_module, "ObsWebSocketConnection", lambda *where: obs.connect())
    server, ports = MemoryServer(), free_module_ports()

    @asynccontextmanager
    async def begin(
        ready: bool = True, entered: bool = True, **changes: Any
    ) -> AsyncIterator[RunningController]:
        """`entered`: it is running with its bus when this begins."""
        fields: dict[str, Any] = {
            "kitsu_data_dir": tmp_path,
            "obs_ws_password": "secret-password",
            "obs_voice_inputs": "Voice",
            "obs_panic_filter": "Panic",
            **ports,
            **changes,
        }
        settings = ObsControllerSettings(_env_file=None, **fields)
        worker = ObsControllerWorker(settings, MemoryBus(server, "obs_controller@here#0"))
        beside = MemoryBus(server, "test@here#0")
        async with running(worker, worker.bus) if entered else _started(worker):
            if entered:
                await beside.open()
            stand = RunningController(worker, beside, settings)
            if ready:
                await stand.ready()
            yield stand

    return begin
