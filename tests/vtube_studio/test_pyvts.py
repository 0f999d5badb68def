"""An independent client of VTube Studio goes through a whole session with the stand-in.

pyvts brings OpenCV along, so it has an environment of its own, `.venv-pyvts` (.ci/run makes it from
requirements/pyvts.lock), or that of the Python in `KITSU_PYVTS_PYTHON`.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from libs.settings import ROOT
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from libs.testing.stand_ins.vtube_studio.parameters import DEFAULTS
from tests.conftest import need

SCRIPT = Path(__file__).with_name("pyvts_session.py")
SECONDS = 60
#: Injected in lock-step.
FRAMES = 60


@pytest.fixture
def pyvts_python() -> str:
    folder = ROOT / ".venv-pyvts"
    usual = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python = os.environ.get("KITSU_PYVTS_PYTHON") or (str(usual) if usual.exists() else "")
    need(python, "pyvts (requirements/pyvts.lock in .venv-pyvts)")
    return python


async def session_of_pyvts(python: str, vts: VTubeStudioStandIn, folder: Path) -> dict[str, Any]:
    """What it saw. Its user changes the model as soon as pyvts listens for that."""
    child = await asyncio.create_subprocess_exec(
        python,
        str(SCRIPT),
        str(vts.port),
        str(folder),
        str(FRAMES),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        talking = asyncio.create_task(child.communicate())

        def listens() -> bool:
            return any("ModelLoadedEvent" in one.subscriptions for one in vts.studio.sessions)

        await vts.until(lambda: talking.done() or listens(), SECONDS)
        vts.studio.load(vts.studio.models[1])
        said, complained = await asyncio.wait_for(talking, SECONDS)
    finally:
        if child.returncode is None:
            child.kill()
    assert child.returncode == 0, complained.decode()
    return dict(json.loads(said.decode().splitlines()[-1]))


async def test_pyvts_goes_through_a_whole_session(pyvts_python: str, tmp_path: Path) -> None:
    async with VTubeStudioStandIn() as vts:
        vts.answers.frame_hz = 60.0
        vts.studio.popup.thinks_seconds = 0.1
        seen = await session_of_pyvts(pyvts_python, vts, tmp_path)
        assert (seen["before"], seen["signed_in"], seen["signed_in_again"]) == (8, True, True)
        assert vts.studio.popup.asked == ["Independent by pyvts"]
        assert (tmp_path / "token.txt").read_text() in vts.studio.rights.tokens
        akari = vts.studio.models[0]
        wave = akari.hotkey("Wave")
        assert wave is not None
        assert seen["hotkeys"] == {
            "names": [hotkey.name for hotkey in akari.hotkeys],
            "pressed": wave.id,
            "unknown": 202,
        }
        assert vts.studio.pressed == ["Wave"]
        assert seen["parameters"] == {
            "made": "AiMouthOpen",
            "default": list(DEFAULTS),
            "custom": ["AiMouthOpen"],
            "value": 12.5,
            "unknown": 453,
        }
        mouth = [value for _, value in vts.recording.series("MouthOpen")]
        assert mouth == [number / FRAMES for number in range(FRAMES)]
        assert seen["injection"]["wrong"] == 0
        assert seen["injection"]["seconds"] >= (FRAMES - 1) / 60
        assert seen["models"] == {
            "current": "Akari",
            "available": ["Akari", "Hijiki"],
            "moved": "MoveModelResponse",
            "tinted": 2,
        }
        assert seen["events"] == {
            "subscribed": ["ModelLoadedEvent"],
            "told": [["ModelLoadedEvent", "Akari"], ["ModelLoadedEvent", "Hijiki"]],
        }
        assert seen["deleted"] == "AiMouthOpen"
        assert not vts.studio.parameters.custom
