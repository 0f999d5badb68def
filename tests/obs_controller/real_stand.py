"""An obs_controller on a real OBS (or on whatever else answers at a port), over the memory bus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.worker import ObsControllerWorker
from libs.bus.memory import MemoryBus, MemoryServer
from libs.testing.obs_studio import Observer, ObsStudio
from libs.testing.obs_studio.collection import (
    BACKGROUNDS,
    BRB,
    CAPTION,
    LIVE,
    MIC,
    PANIC_FILTER,
    VOICE,
)
from libs.testing.running_show import free_module_ports
from libs.worker.runtime import running
from tests.obs_controller.conftest import RunningController

#: What the streamer of these tests has set: the names of the test's OBS.
SETTINGS = {
    "obs_voice_inputs": VOICE,
    "obs_panic_filter": PANIC_FILTER,
    "obs_caption_source": CAPTION,
}


@asynccontextmanager
async def controller_at(
    port: int,
    password: str,
    folder: Path,
    server: MemoryServer | None = None,
    ready: bool = True,
    **changes: Any,
) -> AsyncIterator[RunningController]:
    """Of the same folder and server, one after the other is the same module restarted."""
    server = server or MemoryServer()
    fields: dict[str, Any] = {
        **free_module_ports(),
        **SETTINGS,
        "kitsu_data_dir": folder / "data",
        "obs_ws_url": f"ws://127.0.0.1:{port}",
        "obs_ws_password": password,
        **changes,
    }
    settings = ObsControllerSettings(_env_file=None, **fields)
    worker = ObsControllerWorker(settings, MemoryBus(server, "obs_controller@here#0"))
    beside = MemoryBus(server, "test@here#0")
    await beside.open()
    try:
        async with running(worker, worker.bus):
            stand = RunningController(worker, beside, settings)
            if ready:
                await stand.ready()
            yield stand
    finally:
        await beside.close()


@asynccontextmanager
async def controller_on(
    obs: ObsStudio, folder: Path, server: MemoryServer | None = None, **changes: Any
) -> AsyncIterator[RunningController]:
    async with controller_at(obs.port, obs.password, folder, server, **changes) as stand:
        yield stand


async def on_air_and_talking(obs: ObsStudio, eye: Observer) -> None:
    """Live is on programme and her voice can be heard."""
    await eye.call("SetCurrentProgramScene", sceneName=LIVE)
    await eye.until_colour(BACKGROUNDS[LIVE])
    await eye.play(obs.folder.tone)


async def until_panic_is_seen(eye: Observer, seconds: float = 20.0) -> None:
    """BRB is what viewers see; muted and the filter on by OBS's own word."""
    await eye.until_colour(BACKGROUNDS[BRB], seconds=seconds)
    await eye.until_scene(BRB, seconds)
    await eye.until_muted(MIC, seconds=seconds)
    await eye.until_muted(VOICE, seconds=seconds)

    async def filter_is_on() -> bool:
        return await eye.filter_on(LIVE, PANIC_FILTER)

    await eye.until(filter_is_on, seconds)
