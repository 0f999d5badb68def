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
from libs.testing.running_show import free_module_ports
from libs.worker.runtime import running
from tests.avatar_controller.scripted_avatar import ScriptedAvatar
from tests.worker.module_stand import ModuleStand, begun


@dataclass
class RunningAvatars(ModuleStand[AvatarControllerWorker]):
    """An avatar_controller that runs, and a bus beside it to order and to listen."""

    avatars: Sequence[ScriptedAvatar]

    async def told(self) -> AvatarChanged:
        """The last word about avatars."""
        await asyncio.sleep(GATHER_SECONDS + 0.1)
        last: AvatarChanged = (await self.facts(AvatarChanged))[-1]
        return last


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
        async with running(worker, worker.bus) if entered else begun(worker):
            if entered:
                await beside.open()
            yield RunningAvatars(worker, beside, avatars)

    return begin
