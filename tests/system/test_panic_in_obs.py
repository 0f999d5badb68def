"""A whole show and a real OBS: panic is seen there, whatever else is broken."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from libs.bus.embedded import find_binary
from libs.bus.opening import connect
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.identity import new_id
from libs.contracts.modules import MODULES
from libs.contracts.people import Author
from libs.testing.obs_studio import Observer, ObsStudio
from libs.testing.obs_studio.collection import BACKGROUNDS, BRB, LIVE, MIC, PANIC_FILTER, VOICE
from libs.testing.running_show import RunningShow, running_show
from libs.testing.stand_ins.ollama import OllamaStandIn
from tests.conftest import need

pytestmark = [pytest.mark.real_obs, pytest.mark.system, pytest.mark.timeout(150)]

OUTPUTS = tuple(module.id for module in MODULES if module.output)
LONG = "This is a long sentence that goes on and on and on. " * 5


@pytest.fixture
async def eye(fresh_obs: ObsStudio) -> AsyncIterator[Observer]:
    async with fresh_obs.observer() as eye:
        await eye.call("SetCurrentProgramScene", sceneName=LIVE)
        await eye.until_colour(BACKGROUNDS[LIVE])
        yield eye


def settings(obs: ObsStudio, **more: str) -> dict[str, str]:
    return {
        "TTS_ENGINE": "captions",
        "STAGE_OUTPUT": "silent",
        "OBS_WS_URL": obs.url,
        "OBS_WS_PASSWORD": obs.password,
        "OBS_VOICE_INPUTS": VOICE,
        "OBS_PANIC_FILTER": PANIC_FILTER,
        **more,
    }


@pytest.fixture
async def show(
    fresh_obs: ObsStudio,
    tmp_path: Path,
) -> AsyncIterator[RunningShow]:
    need(find_binary(), "a Redis-compatible server")
    async with running_show(tmp_path / "show", settings(fresh_obs)) as show:
        await until_link(show, "ready")
        yield show


async def until_link(show: RunningShow, link: str) -> None:
    async with asyncio.timeout(20):
        while (await show.get("/obs"))["link"] != link:  # noqa: ASYNC110 - is asked
            await asyncio.sleep(0.05)


async def until_speaking(show: RunningShow) -> None:
    await show.post("/tts", {"text": LONG})
    async with asyncio.timeout(15):
        while (await show.get("/now", "stage"))["speaking"] is None:  # noqa: ASYNC110 - is asked
            await asyncio.sleep(0.02)


async def hidden(eye: Observer) -> None:
    """Viewers see BRB, and hear neither microphone nor voice."""
    await eye.until_muted(MIC)
    await eye.until_muted(VOICE)
    await eye.until_colour(BACKGROUNDS[BRB])


async def by_own_ports(show: RunningShow) -> list[Any]:
    """As `kitsu panic` and the panel's page do when the orchestrator does not answer."""
    return await asyncio.gather(*(show.post("/panic", {"reason": "x"}, m) for m in OUTPUTS))


async def test_one_press_hides_the_show_and_one_release_brings_it_back(
    show: RunningShow, eye: Observer
) -> None:
    await until_speaking(show)
    answer = await show.post("/panic", {"reason": "test"})
    assert set(answer["modules"].values()) == {"latched"}
    assert answer["obs"]["state"] == "applied"
    assert (await show.get("/now", "stage"))["speaking"] is None
    await hidden(eye)
    async with asyncio.timeout(20):  # OBS tells of a scene a picture or two after it is seen
        while (status := await show.get("/status"))["scene"] != BRB:  # noqa: ASYNC110 - is asked
            await asyncio.sleep(0.02)
    assert status["panic"]["obs"]["state"] == "applied"

    refused = await show.client.post(f"{show.url}/obs/scene", json={"scene": LIVE})
    assert refused.status_code == 409
    await show.post("/panic/release")
    await eye.until_colour(BACKGROUNDS[LIVE])
    await eye.until_muted(MIC, False)
    said = [incident["message"] for incident in (await show.get("/incidents"))["incidents"]]
    assert any("back to 'Live'" in message for message in said), said


async def test_it_works_with_the_orchestrator_killed(show: RunningShow, eye: Observer) -> None:
    await until_speaking(show)
    await show.kill("orchestrator")
    answers = await by_own_ports(show)
    assert all(answer["engaged"] for answer in answers)
    await hidden(eye)
    assert (await show.get("/now", "stage"))["speaking"] is None


async def test_it_works_with_the_bus_stopped(show: RunningShow, eye: Observer) -> None:
    servers = [p for p in show.processes() if "server" in p.name()]
    assert servers
    await until_speaking(show)
    servers[0].suspend()
    try:
        await by_own_ports(show)
        await hidden(eye)
        assert (await show.get("/now", "stage"))["speaking"] is None
    finally:
        servers[0].resume()


async def test_it_works_in_a_flood_of_a_thousand_lines_a_second(
    show: RunningShow, eye: Observer
) -> None:
    bus = connect(show.settings, "test@here#0")
    await bus.open()

    async def pour() -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for number in range(20_000):
            await asyncio.sleep(max(0.0, started + number / 1_000 - loop.time()))
            author = Author(viewer_id=f"v{number % 400}", name=f"viewer{number % 400}")
            await bus.publish(
                ChatMessageReceived(
                    show="main",
                    message_id=new_id(),
                    platform="test",
                    author=author,
                    text=f"line {number} of the flood",
                )
            )

    pouring = asyncio.create_task(pour())
    try:
        await asyncio.sleep(2.0)
        await show.post("/panic")
        await hidden(eye)
        assert (await show.get("/now", "stage"))["speaking"] is None
    finally:
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
        await bus.close()


async def test_a_reply_that_is_still_being_thought_is_never_spoken(
    fresh_obs: ObsStudio,
    eye: Observer,
    tmp_path: Path,
) -> None:
    need(find_binary(), "a Redis-compatible server")
    async with contextlib.AsyncExitStack() as stack:
        model = await stack.enter_async_context(OllamaStandIn(seconds_to_first_token=3.0))
        more = {"OLLAMA_URL": model.url, "POLICY_FORCE_MOCK": "0"}
        show = await stack.enter_async_context(
            running_show(tmp_path / "show", settings(fresh_obs, **more))
        )
        await until_link(show, "ready")
        async with asyncio.timeout(30):
            while "ollama" not in (await show.get("/ready", "policy_worker"))["engine"]:  # noqa: ASYNC110 - another process knows it
                await asyncio.sleep(0.1)
        await show.chat("tell me something long")
        async with asyncio.timeout(15):
            while not model.chats:  # noqa: ASYNC110 - the model is asked now
                await asyncio.sleep(0.02)
        await show.post("/panic")
        await hidden(eye)
        await asyncio.sleep(4.0)
        await show.post("/panic/release")
        await asyncio.sleep(2.0)
        turn = (await show.turns())[0]
        assert turn["outcome"] == "interrupted"
        assert turn["heard_text"] == ""
        assert (await show.get("/now", "stage"))["speaking"] is None


async def test_an_obs_that_crashes_in_a_panic_comes_back_hidden(
    fresh_obs: ObsStudio,
    show: RunningShow,
    eye: Observer,
) -> None:
    await show.post("/panic")
    await hidden(eye)
    await fresh_obs.kill()
    async with asyncio.timeout(20):
        while (await show.get("/status"))["panic"]["obs"]["state"] != "pending":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await fresh_obs.start(keep=True)
    async with fresh_obs.observer() as again:
        await hidden(again)
    await until_link(show, "ready")
    assert (await show.get("/status"))["panic"]["engaged"] is True
