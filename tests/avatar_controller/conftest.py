"""An avatar_controller that moves scripted avatars."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.avatar_controller import worker as worker_module
from apps.avatar_controller.avatar_report import GATHER_SECONDS
from apps.avatar_controller.settings import AvatarControllerSettings
from apps.avatar_controller.worker import AvatarControllerWorker
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.avatar import AvatarChanged
from libs.contracts.envelope import Event
from libs.testing.running_show import free_module_ports
from libs.worker.runtime import Runtime, running
from tests.avatar_controller.scripted_avatar import ScriptedAvatar


async def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.01)


@dataclass
class RunningAvatars:
    """An avatar_controller that runs, and a bus beside it to order and to listen."""

    worker: AvatarControllerWorker
    bus: MemoryBus
    avatars: Sequence[ScriptedAvatar]

    async def order(self, order: Event) -> Any:
        """Sends it and waits for its answer."""
        await self.bus.publish(order)
        for _ in range(500):
            for delivery in await self.bus.recent(order.topic, "main", 2_000):
                if delivery.event.cause_id == order.event_id:
                    return delivery.event
            await asyncio.sleep(0.01)
        raise AssertionError(f"no answer to {order.type}")

    async def facts(self, kind: type[Event]) -> list[Any]:
        found = await self.bus.recent(kind.topic, "main", 2_000)
        return [delivery.event for delivery in found if isinstance(delivery.event, kind)]

    async def told(self) -> AvatarChanged:
        """The last word about avatars."""
        await asyncio.sleep(GATHER_SECONDS + 0.1)
        last: AvatarChanged = (await self.facts(AvatarChanged))[-1]
        return last


@asynccontextmanager
async def _started(worker: AvatarControllerWorker) -> AsyncIterator[None]:
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
def controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Starts avatar_controllers; one after the other share data and bus."""
    server, ports = MemoryServer(), free_module_ports()

    @asynccontextmanager
    async def begin(
        *avatars: ScriptedAvatar, entered: bool = True, file: str = "", **changes: Any
    ) -> AsyncIterator[RunningAvatars]:
        """`entered`: it is running with its bus when this begins. `file`: its avatar.yaml."""
        path = tmp_path / "avatar.yaml"
        path.write_text(file, "utf-8")

        def scripted(settings: Any, file: Any, publish: Any, changed: Any) -> Any:
            for avatar in avatars:
                avatar.changed = changed
            return list(avatars)

        monkeypatch.setattr(worker_module, "avatars_of", scripted)
        fields: dict[str, Any] = {
            "kitsu_data_dir": tmp_path,
            "avatar_file": path,
            **ports,
            **changes,
        }
        settings = AvatarControllerSettings(_env_file=None, **fields)
        worker = AvatarControllerWorker(settings, MemoryBus(server, "avatar_controller@here#0"))
        beside = MemoryBus(server, "test@here#0")
        async with running(worker, worker.bus) if entered else _started(worker):
            if entered:
                await beside.open()
            yield RunningAvatars(worker, beside, avatars)

    return begin
