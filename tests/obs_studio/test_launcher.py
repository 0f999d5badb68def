"""A test's OBS starts, hangs, dies, comes back and ends as it should, and touches nothing else."""

import asyncio
import contextlib
import os
import socket
import stat
import sys
from pathlib import Path

import psutil
import pytest

from libs.testing.obs_studio import Gone, ObsStudio, StudioFailed
from libs.testing.obs_studio.collection import BRB, LIVE, MIC, SCENES, STARTING
from libs.testing.obs_studio.conversation import Conversation
from libs.testing.ports import free_ports
from tests.obs_studio.fixtures import need_obs

pytestmark = [pytest.mark.real_obs, pytest.mark.timeout(120)]


def alive(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


async def test_it_has_its_scenes_and_listens_on_loopback_only(fresh_obs: ObsStudio) -> None:
    async with fresh_obs.observer() as eye:
        listed = (await eye.call("GetSceneList"))["scenes"]
    assert [scene["sceneName"] for scene in reversed(listed)] == list(SCENES)
    process = psutil.Process(fresh_obs.pids["obs"])
    listening = [c.laddr for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert [(a.ip, a.port) for a in listening] == [("127.0.0.1", fresh_obs.port)]
    assert stat.S_IMODE(fresh_obs.folder.root.stat().st_mode) == 0o700


async def test_a_wrong_password_is_refused(fresh_obs: ObsStudio) -> None:
    with pytest.raises(Gone, match="4009"):
        await Conversation.open(fresh_obs.port, "not-the-password")


async def test_stopped_it_saves_and_leaves_nothing_running(fresh_obs: ObsStudio) -> None:
    pids = list(fresh_obs.pids.values())
    assert len(pids) == 3
    async with fresh_obs.observer() as eye:
        await eye.call("SetCurrentProgramScene", sceneName=LIVE)
        await eye.call("StartRecord")  # OBS would ask whether to really end
        await eye.until_event("RecordStateChanged", outputState="OBS_WEBSOCKET_OUTPUT_STARTED")
    await fresh_obs.stop()
    await fresh_obs.stop()
    assert alive(pids) == []
    assert list(fresh_obs.folder.recordings.glob("*.mkv"))
    await fresh_obs.start(keep=True)
    async with fresh_obs.observer() as eye:
        assert await eye.scene() == LIVE


async def test_killed_it_comes_back_unmuted_and_as_it_was_saved(fresh_obs: ObsStudio) -> None:
    async with fresh_obs.observer() as eye:
        await eye.call("SetInputMute", inputName=MIC, inputMuted=True)
        await eye.call("SetCurrentProgramScene", sceneName=BRB)
        before = dict(fresh_obs.pids)
        await fresh_obs.kill()
        with pytest.raises(Gone):
            await eye.scene()
    await fresh_obs.start(keep=True)
    assert fresh_obs.pids["obs"] != before["obs"]
    assert fresh_obs.pids["xvfb"] == before["xvfb"]
    async with fresh_obs.observer() as eye:
        assert await eye.scene() == STARTING
        assert not await eye.muted(MIC)


async def test_suspended_it_says_nothing_and_resumed_it_answers(fresh_obs: ObsStudio) -> None:
    async with fresh_obs.observer() as eye:
        fresh_obs.suspend()
        await asyncio.sleep(0.2)
        asked = asyncio.create_task(eye.scene())
        await asyncio.sleep(0.5)
        assert not asked.done()
        fresh_obs.resume()
        assert await asked == STARTING


async def test_suspended_it_can_still_be_stopped(fresh_obs: ObsStudio) -> None:
    pids = list(fresh_obs.pids.values())
    fresh_obs.suspend()
    await fresh_obs.stop()
    assert alive(pids) == []


async def test_one_that_died_by_itself_is_started_anew_and_a_killed_one_is_not(
    fresh_obs: ObsStudio,
) -> None:
    psutil.Process(fresh_obs.pids["obs"]).kill()
    while "obs" in fresh_obs.pids:  # noqa: ASYNC110 - an end has no event
        await asyncio.sleep(0.01)
    await fresh_obs.ensure_running()
    assert fresh_obs.running
    assert fresh_obs.crashes == 1
    await fresh_obs.kill()
    await fresh_obs.ensure_running()
    assert not fresh_obs.running


async def test_it_ends_when_the_test_run_is_killed(tmp_path: Path) -> None:
    need_obs()
    program = (
        "import asyncio, pathlib, sys\n"
        "from libs.testing.obs_studio import ObsStudio\n"
        "async def main():\n"
        "    studio = ObsStudio(pathlib.Path(sys.argv[1]))\n"
        "    await studio.start()\n"
        "    print(*studio.pids.values(), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(tmp_path / "studio")),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # nobody is left to tidy up
    )
    assert run.stdout is not None
    pids = [int(word) for word in (await run.stdout.readline()).split()]
    try:
        assert alive(pids) == pids != []
    finally:
        run.kill()
        await run.wait()
    async with asyncio.timeout(10):
        while alive(pids):  # noqa: ASYNC110 - an end has no event
            await asyncio.sleep(0.05)


# Bad input -------------------------------------------------------------------------------------


async def test_a_folder_of_somebody_else_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(StudioFailed, match="not empty"):
        await ObsStudio(tmp_path).start()
    assert os.listdir(tmp_path) == ["diary.txt"]  # noqa: PTH208 - a look at a test's own folder


async def test_a_file_and_a_path_with_a_line_break_are_no_folders(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudioFailed, match="not a folder"):
        await ObsStudio(tmp_path / "file").start()
    with pytest.raises(StudioFailed, match="cannot hold"):
        await ObsStudio(tmp_path / "a\n[OBSWebSocket]").start()


@pytest.mark.parametrize("password", ["", "short", "two words", "line\nbreak", "p" * 65])
async def test_a_password_that_settings_files_cannot_hold_is_refused(
    tmp_path: Path, password: str
) -> None:
    with pytest.raises(StudioFailed, match="password"):
        await ObsStudio(tmp_path / "studio", password=password).start()


async def test_a_port_that_is_taken_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        studio = ObsStudio(tmp_path / "studio", port=taken.getsockname()[1])
        with pytest.raises(StudioFailed, match="port"):
            await studio.start()
    assert studio.pids == {}


@pytest.mark.parametrize("broken", ["Xvfb", "pulseaudio", "obs"])
async def test_a_start_that_fails_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    need_obs()
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / broken).write_text("#!/bin/sh\necho cannot open anything >&2\nexit 1\n")
    (programs / broken).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    studio = ObsStudio(tmp_path / "studio", port=free_ports(1)[0], pulse=True)
    with pytest.raises(StudioFailed, match="cannot open anything"):
        await studio.start()
    assert studio.pids == {}
    assert studio.crashes == (1 if broken == "obs" else 0)


async def test_it_is_not_started_twice(fresh_obs: ObsStudio) -> None:
    before = fresh_obs.pids
    with pytest.raises(StudioFailed, match="already"):
        await fresh_obs.start()
    assert fresh_obs.pids == before
