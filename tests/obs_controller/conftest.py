"""An obs_controller that works on an OBS in memory."""

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
from libs.contracts.studio import StudioChanged
from libs.testing.running_show import free_module_ports
from libs.worker.access import Access, Scope
from libs.worker.runtime import running
from tests.obs_controller.scripted_obs import MemoryObs
from tests.obs_studio.fixtures import eye, fresh_obs, module_obs, real_obs
from tests.worker.module_stand import ModuleStand, begun, until

#: Fixtures of a real OBS, for the tests that are marked so.
__all__ = ["eye", "fresh_obs", "module_obs", "real_obs"]


@dataclass
class RunningController(ModuleStand[ObsControllerWorker]):
    """An obs_controller that runs, and a bus beside it to order and to listen."""

    settings: ObsControllerSettings

    @property
    def told(self) -> StudioChanged:
        return self.worker.studio.as_event()

    async def request(self, method: str, path: str, body: Any = None) -> httpx.Response:
        token = Access(self.settings.kitsu_data_dir).token(Scope.OPERATOR)
        url = f"http://127.0.0.1:{self.settings.obs_controller_port}{path}"
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            headers = {"Authorization": f"Bearer {token}"}
            return await client.request(method, url, json=body, headers=headers)

    async def ready(self) -> None:
        await until(lambda: self.worker.studio.link.ready)


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
        async with running(worker, worker.bus) if entered else begun(worker):
            if entered:
                await beside.open()
            stand = RunningController(worker, beside, settings)
            if ready:
                await stand.ready()
            yield stand

    return begin
