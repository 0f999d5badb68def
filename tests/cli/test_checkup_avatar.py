"""What `kitsu doctor` says of avatars, over the stand-in for VTube Studio."""

import asyncio
import json
import os
import socket
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from apps.cli import checkup_avatar
from apps.cli.check import Check
from apps.cli.settings import CliSettings
from apps.cli.supervisor.run_state import RunStateFile
from libs.testing.ports import free_port
from libs.testing.stand_ins.not_obs import PlainWebServer
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from libs.vtube_studio import Answer, Probe, probe
from tests.cli.module_port import module_port
from tests.worker.test_runtime import until

TOKEN = "a token that nobody may see"
#: What is said of in any case.
USUAL = ["VTube Studio", "VMC", "veadotube"]
SOUND = {"version": 1, "token": TOKEN, "denied": False}


@pytest.fixture(autouse=True)
def nobody_broadcasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No VTube Studio of this machine's network is heard, and nobody waits for one."""
    quick = partial(probe, timeout_seconds=1.0, listen_seconds=0.1, broadcast_port=free_port())
    monkeypatch.setattr(checkup_avatar, "probe", quick)


def settings_in(folder: Path, url: str = "", **more: Any) -> CliSettings:
    fields = {"veadotube_url": "", **more}
    return CliSettings(_env_file=None, vts_url=url, kitsu_data_dir=folder / "data", **fields)


async def checks(folder: Path, url: str = "", **more: Any) -> dict[str, Check]:
    found = await asyncio.to_thread(checkup_avatar.avatars, settings_in(folder, url, **more))
    assert TOKEN not in repr(found)
    assert all((one.state == "ok") == (one.mend == "") for one in found)
    return {one.name: one for one in found}


async def vtube_studio(folder: Path, url: str = "", **more: Any) -> Check:
    return (await checks(folder, url, **more))["VTube Studio"]


def written(folder: Path, text: str | bytes) -> Path:
    path = settings_in(folder).vts_permission
    path.parent.mkdir(parents=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


# VTube Studio ----------------------------------------------------------------------------------


async def test_without_vtube_studio_all_is_well_and_the_drawn_character_is_named(
    tmp_path: Path,
) -> None:
    for url in ("", f"ws://127.0.0.1:{free_port()}"):
        found = await checks(tmp_path, url)
        assert list(found) == USUAL
        assert found["VTube Studio"].state == "ok"
        assert "the drawn character is used" in found["VTube Studio"].found


async def test_an_api_that_is_off_is_told_with_the_switch(tmp_path: Path) -> None:
    async with VTubeStudioStandIn() as vts:
        vts.studio.api_active = False
        found = await vtube_studio(tmp_path, vts.url)
    assert (found.state, found.found) == ("warn", "VTube Studio runs, but its plugin API is off")
    assert found.mend == 'Switch on "Start API (allow plugins)" in its settings.'


async def test_another_program_at_that_port_is_told(tmp_path: Path) -> None:
    async with PlainWebServer() as other:
        found = await vtube_studio(tmp_path, f"ws://127.0.0.1:{other.port}")
    assert found.state == "warn"
    assert "is not VTube Studio" in found.found


async def test_a_vtube_studio_that_does_not_know_kitsu_yet_is_well_and_says_what_will_come(
    tmp_path: Path,
) -> None:
    async with VTubeStudioStandIn() as vts:
        found = await vtube_studio(tmp_path, vts.url)
        assert found.state == "ok"
        assert found.found.endswith("click Allow there")
        written(tmp_path, json.dumps(SOUND))
        assert "Allow" not in (await vtube_studio(tmp_path, vts.url)).found
        assert vts.studio.popup.asked == []  # the doctor itself asks nobody


SEEN: list[tuple[dict[str, Any], str, str, str]] = [
    ({"link": "ready", "model": "Akari"}, "ok", "model Akari", ""),
    ({"link": "ready"}, "warn", "no model is loaded", "Load a model in VTube Studio."),
    (
        {"link": "ready", "model": "Akari", "taken": ["MouthOpen"], "detail": "Switch it off."},
        "warn",
        "Akari is not moved in full",
        "Switch it off.",
    ),
    ({"link": "ready", "model": "Akari", "missing": ["a"]}, "warn", "in full", "avatar status"),
    ({"link": "asking"}, "warn", "asks whether Kitsu may", "Click Allow in VTube Studio."),
    ({"link": "denied"}, "warn", "denied", "kitsu avatar sign-in, then click Allow"),
    ({"link": "hanging", "detail": "It does not answer."}, "warn", "It does not answer.", "logs"),
    (
        {"id": "overlay", "link": "ready"},
        "warn",
        "before it was set up",
        "restart avatar_controller",
    ),
]


@pytest.mark.parametrize(("told", "state", "found", "mend"), SEEN)
async def test_while_kitsu_runs_it_is_as_the_show_sees_it(
    tmp_path: Path, told: dict[str, Any], state: str, found: str, mend: str
) -> None:
    RunStateFile(tmp_path / "data").claim()
    document = {
        "there": True,
        "avatars": [{"id": "vtube_studio", "title": "VTube Studio", **told}],
    }
    async with VTubeStudioStandIn() as vts:
        with module_port({"GET /avatar": (200, document)}) as port:
            check = await vtube_studio(tmp_path, vts.url, orch_port=port.number)
    assert check.state == state
    assert found in check.found
    assert mend in check.mend


async def test_a_show_that_does_not_answer_leaves_what_can_be_seen(tmp_path: Path) -> None:
    RunStateFile(tmp_path / "data").claim()
    async with VTubeStudioStandIn() as vts:
        with module_port({"GET /avatar": (200, {"avatars": "many"})}) as port:
            check = await vtube_studio(tmp_path, vts.url, orch_port=port.number)
    assert check.state == "ok"


# Its permission --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"token"', "{}", '{"token": 5}', b"\xff\xfe", "[" * 5000]
)
async def test_a_broken_permission_is_told_with_its_file(tmp_path: Path, text: str | bytes) -> None:
    path = written(tmp_path, text)
    found = (await checks(tmp_path))["VTube Studio permission"]
    assert (found.state, found.found) == ("warn", "the file is broken")
    assert str(path) in found.mend


async def test_a_permission_that_is_good_is_not_mentioned(tmp_path: Path) -> None:
    written(tmp_path, json.dumps(SOUND))
    assert list(await checks(tmp_path)) == USUAL


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")
async def test_a_permission_that_others_can_read_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(SOUND))
    path.chmod(0o644)
    found = (await checks(tmp_path))["VTube Studio permission"]
    assert (found.state, found.mend) == ("fail", f"chmod 600 {path}")


async def test_a_permission_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    settings_in(tmp_path).vts_permission.mkdir(parents=True, mode=0o700)
    found = (await checks(tmp_path))["VTube Studio permission"]
    assert found.state == "fail"
    assert "cannot be read" in found.found


# The file, VMC, veadotube ----------------------------------------------------------------------


async def test_a_broken_avatar_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "avatar.yaml"
    path.write_text("moods:\n  fade_seconds: 99\n", "utf-8")
    found = (await checks(tmp_path, avatar_file=path))["avatar file"]
    assert found.state == "warn"  # she goes on with the usual settings
    assert "avatar.yaml, line 2: moods.fade_seconds" in found.found
    missing = (await checks(tmp_path, avatar_file=tmp_path / "no.yaml"))["avatar file"]
    assert "there is no file" in missing.found


async def test_vmc_that_nobody_receives_is_told_and_one_that_somebody_does_is_well(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{receiver.getsockname()[1]}"
        found = (await checks(tmp_path, vmc_target=target))["VMC"]
        assert (found.state, target in found.found) == ("ok", True)
        assert receiver.recv(100) == checkup_avatar.EMPTY_BUNDLE
    closed = (await checks(tmp_path, vmc_target=target))["VMC"]
    assert (closed.state, closed.found) == ("warn", f"nobody receives at {target}")


@pytest.mark.parametrize(
    "target", ["127.0.0.1:99999", "nonsense:port", "39539", "127.0.0.1:0", "127.0.0.1", ":39539"]
)
async def test_a_vmc_target_that_is_none_is_left_to_the_settings(
    tmp_path: Path, target: str
) -> None:
    assert "VMC" not in await checks(tmp_path, vmc_target=target)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:99999", "nonsense", "ws://127.0.0.1", "ws://:1"])
async def test_an_address_of_veadotube_that_is_none_is_left_to_the_settings(
    tmp_path: Path, url: str
) -> None:
    assert "veadotube" not in await checks(tmp_path, veadotube_url=url)


async def test_a_veadotube_at_an_address_is_looked_for(tmp_path: Path) -> None:
    async with PlainWebServer() as server:
        settings = {"veadotube_url": f"ws://127.0.0.1:{server.port}"}
        found = (await checks(tmp_path, **settings))["veadotube"]
        await until(lambda: server.connections)  # it may not have been met yet
    assert found.state == "ok"
    gone = (await checks(tmp_path, **settings))["veadotube"]
    assert gone.state == "warn"
    assert "VEADOTUBE_URL" in gone.mend


async def test_what_is_not_used_yet_is_told_quietly_with_where_to_start(tmp_path: Path) -> None:
    found = await checks(tmp_path, veadotube_url="auto")
    assert (found["veadotube"].state, found["VMC"].state) == ("ok", "ok")
    assert "used as soon as it runs" in found["veadotube"].found
    assert "WebSocket server" in found["veadotube"].found
    assert "VMC_TARGET" in found["VMC"].found
    assert "VEADOTUBE_URL is empty" in (await checks(tmp_path))["veadotube"].found


@pytest.mark.parametrize(
    ("told", "state", "found"),
    [
        ({"link": "waiting", "detail": "Not running."}, "ok", "used as soon as it runs"),
        ({"link": "ready", "model": "My avatar"}, "ok", "My avatar"),
        ({"link": "hanging", "detail": "It does not answer."}, "warn", "It does not answer."),
    ],
)
async def test_a_veadotube_is_as_the_show_sees_it(
    tmp_path: Path, told: dict[str, Any], state: str, found: str
) -> None:
    RunStateFile(tmp_path / "data").claim()
    avatar = {"id": "veadotube", "title": "veadotube", **told}
    with module_port({"GET /avatar": (200, {"there": True, "avatars": [avatar]})}) as port:
        told_of = await checks(tmp_path, veadotube_url="auto", orch_port=port.number)
    assert told_of["veadotube"].state == state
    assert found in told_of["veadotube"].found


@pytest.mark.parametrize(
    ("host", "far"),
    [
        ("127.0.0.1", False),
        ("localhost", False),
        ("[::1]", False),
        ("192.168.1.7", False),
        ("gaming-pc", False),
        ("gaming-pc.local", False),
        ("8.8.8.8", True),
        ("vts.example.com", True),
        ("[2606:4700::1111]", True),
    ],
)
async def test_a_permission_that_leaves_the_network_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, far: bool
) -> None:
    there = Probe(Answer.VTUBE_STUDIO, "VTube Studio answers")
    monkeypatch.setattr(checkup_avatar, "probe", lambda url: there)
    found = await checks(tmp_path, f"ws://{host}:8001")
    assert ("VTube Studio address" in found) is far
