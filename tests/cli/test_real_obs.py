"""The command line, a whole show and a real OBS."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from apps.cli.obs_config import read_config
from libs.settings import ROOT
from libs.testing.obs_studio import ObsStudio
from libs.testing.obs_studio.collection import BRB, LIVE, MIC, STARTING
from libs.testing.running_show import RunningShow, running_show

pytestmark = pytest.mark.real_obs


async def test_what_a_real_obs_has_written_down_is_read(fresh_obs: ObsStudio) -> None:
    await fresh_obs.quit()  # it writes its configuration anew
    found = read_config(fresh_obs.folder.config)
    assert found is not None
    assert found.enabled
    assert (found.port, found.password) == (fresh_obs.port, fresh_obs.password)


async def kitsu(show: RunningShow, *arguments: str) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "apps.cli",
        *arguments,
        cwd=ROOT,
        env={**os.environ, **show.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 45)
    return process.returncode or 0, printed.decode()


@pytest.mark.system
@pytest.mark.timeout(180)
async def test_an_evening_with_obs_from_the_command_line(
    fresh_obs: ObsStudio, tmp_path: Path
) -> None:
    settings = {
        "OBS_WS_URL": fresh_obs.url,
        "OBS_WS_PASSWORD": fresh_obs.password,
        "OBS_BRB_SCENE": "Away",
    }
    async with running_show(tmp_path / "show", settings) as show, fresh_obs.observer() as eye:
        code, printed = await kitsu(show, "obs", "setup", "--yes", "--json")
        done = {one["id"]: one["ok"] for one in json.loads(printed)["done"]}
        assert done["brb_scene"] is True
        # Debian's OBS has no browser sources: then that is told, and is code 1.
        assert code == (0 if all(done.values()) else 1)

        assert await kitsu(show, "obs", "scene", LIVE) == (0, f"scene '{LIVE}'\n")
        assert await eye.scene() == LIVE
        code, printed = await kitsu(show, "obs", "scene", "Lve")
        assert (code, "Did you mean 'Live'?" in printed) == (1, True)
        picture = tmp_path / "now.png"
        assert (await kitsu(show, "obs", "screenshot", "-o", str(picture)))[0] == 0
        assert picture.read_bytes().startswith(b"\x89PNG")

        code, printed = await kitsu(show, "panic")
        assert (code, f"OBS: {MIC} muted, Away on air" in printed) == (0, True)
        assert await eye.scene() == "Away"
        assert await eye.muted(MIC)
        code, printed = await kitsu(show, "obs", "scene", STARTING)
        assert (code, "Panic is engaged" in printed) == (1, True)
        code, printed = await kitsu(show, "status")
        assert (code, "OBS: scene Away" in printed) == (0, True)

        code, printed = await kitsu(show, "panic", "--release")
        assert (code, f"{MIC} unmuted" in printed) == (0, True)
        assert await eye.scene() == LIVE
        assert not await eye.muted(MIC)

        scenes = json.loads((await kitsu(show, "obs", "scenes", "--json"))[1])
        assert scenes["scene"] == LIVE
        assert {STARTING, LIVE, BRB, "Away"} <= set(scenes["scenes"])
