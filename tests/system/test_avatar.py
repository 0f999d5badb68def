"""A whole show that moves a model in VTube Studio (a stand-in for it)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from libs.bus.embedded import find_binary
from libs.testing.running_show import RunningShow, running_show
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from tests.conftest import need

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

PLUGIN = "Kitsu"
LONG = (
    "Once there was a small fox who counted the stones of a river, one by one, all day long. " * 4
)
ITEMS = "items:\n  heart: {file: heart.png, seconds: 60}\n"


async def until(found: Callable[[], Awaitable[object]], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await found():  # noqa: ASYNC110 - other processes know it
            await asyncio.sleep(0.05)


@asynccontextmanager
async def show_with(vts: VTubeStudioStandIn, folder: Path) -> AsyncIterator[RunningShow]:
    need(find_binary(), "a Redis-compatible server")
    avatar_file = folder / "avatar.yaml"
    avatar_file.write_text(ITEMS, "utf-8")
    settings = {
        "VTS_URL": vts.url,
        "STAGE_OUTPUT": "silent",
        "AVATAR_FILE": str(avatar_file),
    }
    async with running_show(folder / "show", settings) as show:
        yield show


async def of_vts(show: RunningShow) -> dict[str, Any]:
    avatars = (await show.get("/avatar"))["avatars"]
    return next((one for one in avatars if one["id"] == "vtube_studio"), {"link": ""})


async def is_speaking(show: RunningShow) -> bool:
    return (await show.get("/now", "stage"))["speaking"] is not None


def mouths_since(vts: VTubeStudioStandIn, moment: float) -> list[float]:
    """How far the mouth was open in each frame since then (`time.time`)."""
    return [value for at, value in vts.recording.series("MouthOpen") if at >= moment]


def moves_since(vts: VTubeStudioStandIn, moment: float) -> int:
    """Frames in which the mouth had another opening than in the one before."""
    values = mouths_since(vts, moment)
    return sum(a != b for a, b in pairwise(values))


def active(vts: VTubeStudioStandIn) -> list[str]:
    model = vts.studio.model
    return [one.file for one in model.expressions if one.active] if model is not None else []


async def test_let_in_by_a_click_she_moves_the_model_and_a_panic_leaves_it_still(
    tmp_path: Path,
) -> None:
    async with VTubeStudioStandIn() as vts:
        vts.studio.popup.answer = "wait"
        async with show_with(vts, tmp_path) as show:

            async def link_is(link: str, model: str) -> bool:
                now = await of_vts(show)
                return (now["link"], now.get("model")) == (link, model)

            await until(lambda: link_is("asking", ""))
            assert "Allow" in (await of_vts(show))["detail"]
            vts.studio.popup.click()
            await until(lambda: link_is("ready", "Akari"))

            began = time.time()
            await show.post("/tts", {"text": "Hello, all of you out there.", "mood": "happy"})
            await until(lambda: is_speaking(show))
            await vts.until(lambda: active(vts) == ["happy.exp3.json"])
            await show.post("/avatar/item", {"item": "heart"})
            await vts.until(lambda: vts.studio.scene.items)
            await vts.until(lambda: moves_since(vts, began) > 20)

            await show.post("/tts", {"text": LONG})
            await asyncio.sleep(1.0)
            pressed = time.time()
            answer = await show.post("/panic", {"reason": "a test"})
            assert answer["modules"]["avatar_controller"] == "latched"
            await vts.until(lambda: not active(vts) and not vts.studio.scene.items)
            assert vts.studio.value("MouthOpen") == 0
            await asyncio.sleep(0.5)
            assert set(mouths_since(vts, pressed + 0.2)) <= {0.0}
            quiet_since = time.monotonic()
            await asyncio.sleep(0.5)
            assert vts.recording.frames_per_second(quiet_since, time.monotonic()) == 0

            await show.post("/panic/release")
            released = time.time()
            await show.post("/tts", {"text": "And here I am again, with all my whiskers."})
            await vts.until(lambda: moves_since(vts, released) > 20)
            assert not any(token in show.log_path.read_text() for token in vts.studio.rights.issued)


async def test_an_avatar_module_that_dies_costs_the_show_nothing_and_moves_the_mouth_again(
    tmp_path: Path,
) -> None:
    async with VTubeStudioStandIn() as vts, show_with(vts, tmp_path) as show:
        await vts.until(lambda: vts.session_of(PLUGIN), 20)
        await show.post("/tts", {"text": LONG})
        await until(lambda: is_speaking(show))
        await vts.until(lambda: moves_since(vts, 0.0) > 20)

        killed = time.time()
        await show.kill("avatar_controller")
        await vts.until(lambda: vts.session_of(PLUGIN) is None)
        await vts.until(lambda: moves_since(vts, killed) > 20, 15)
        assert await is_speaking(show), "she was still talking when her mouth moved again"
        assert len(vts.studio.popup.asked) == 1, "the token was kept"

        await show.post("/stop")
        await vts.until(lambda: vts.studio.value("MouthOpen") == 0)
        turn = (await show.turns(1))[0]
        assert (turn["outcome"], turn["reason"]) == ("interrupted", "stopped")
