"""A real OBS for tests: import these into a folder's conftest.

`real_obs` is shared by a module's tests and set back to how it was made before each of them;
`fresh_obs` belongs to one test, which may kill it. `eye` watches `real_obs`.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from libs.testing.obs_studio import Observer, ObsStudio, Refused, missing_programs
from libs.testing.obs_studio.collection import (
    AVATAR,
    BACKGROUNDS,
    BRB,
    CAPTION,
    LIVE,
    MIC,
    PANIC_FILTER,
    STARTING,
    VOICE,
)
from tests.conftest import need

_NO_OVERRIDE = {"transitionName": None, "transitionDuration": None}

#: OBS answers before it has done it: a change of scene or transition takes a frame or two more.
SETTLING_SECONDS = 0.25


def need_obs() -> None:
    missing = missing_programs(pulse=True)
    need(not missing, f"What OBS without a screen needs ({', '.join(missing)})")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_obs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ObsStudio]:
    need_obs()
    studio = ObsStudio(tmp_path_factory.mktemp("obs") / "studio", pulse=True)
    await studio.start()
    try:
        yield studio
    finally:
        await studio.stop()


@pytest.fixture
async def real_obs(module_obs: ObsStudio) -> ObsStudio:
    await module_obs.ensure_running()
    async with module_obs.observer() as observer:
        await set_back(observer)
    return module_obs


@pytest.fixture
async def eye(real_obs: ObsStudio) -> AsyncIterator[Observer]:
    async with real_obs.observer() as observer:
        yield observer


@pytest.fixture
async def fresh_obs(tmp_path: Path) -> AsyncIterator[ObsStudio]:
    need_obs()
    studio = ObsStudio(tmp_path / "studio", pulse=True)
    await studio.start()
    try:
        yield studio
    finally:
        await studio.stop()


async def set_back(observer: Observer) -> None:
    """As the collection was made: nothing on, nothing muted, nothing recorded, Starting on air."""
    await observer.call("SetCurrentSceneTransition", transitionName="Cut")
    for scene in (BRB, STARTING):  # two: one that OBS says is on air already may not be
        await observer.call("SetCurrentProgramScene", sceneName=scene)
    await observer.call("SetCurrentSceneTransitionDuration", transitionDuration=300)
    for source in (MIC, VOICE):
        await observer.call("SetInputMute", inputName=source, inputMuted=False)
        await observer.call("SetInputVolume", inputName=source, inputVolumeDb=0)
    for scene in (STARTING, LIVE, BRB):
        await observer.call("SetSceneSceneTransitionOverride", sceneName=scene, **_NO_OVERRIDE)
    for source in (LIVE, AVATAR):
        await observer.call(
            "SetSourceFilterEnabled",
            sourceName=source,
            filterName=PANIC_FILTER,
            filterEnabled=False,
        )
    await observer.call(
        "SetInputSettings", inputName=VOICE, inputSettings={"local_file": "", "looping": False}
    )
    await observer.call("SetInputSettings", inputName=CAPTION, inputSettings={"text": "caption"})
    for output in ("StopRecord", "StopReplayBuffer"):
        try:
            await observer.call(output)
        except Refused:
            continue
    await observer.until_colour(BACKGROUNDS[STARTING])
    await asyncio.sleep(SETTLING_SECONDS)
