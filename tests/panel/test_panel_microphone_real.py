"""The microphone's card before a real orchestrator; a browser's microphone before real gates."""

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page, expect
from starlette.routing import BaseRoute

from apps.asr_worker.inputs.panel import PANEL_PATH, PanelInput
from apps.asr_worker.settings import AsrSettings
from libs.bus.base import Delivery
from libs.bus.memory import MemoryBus
from libs.contracts.control import HoldToTalk, SetMicrophone
from libs.contracts.listening import MicrophoneReported, MicrophoneState
from libs.testing.chromium import chromium
from libs.worker.runtime import running
from libs.worker.worker import Worker, handles
from tests.orchestrator.stand import Stand

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000
TONE_HZ = 700.0


class ScriptedEars(Worker):
    """A worker with a real port, that takes a browser's microphone, obeys and reports."""

    module = "asr_worker"
    panel_sockets = frozenset({PANEL_PATH})

    def __init__(self, show: Stand) -> None:
        ports = show.settings.model_dump(include={"asr_worker_port", "orch_port"})
        settings = AsrSettings(_env_file=None, kitsu_data_dir=show.settings.kitsu_data_dir, **ports)
        super().__init__(settings, MemoryBus(show.server, source="asr_worker@here#0"))
        self.input = PanelInput()
        self.muted = False
        self.talking = False

    async def start(self) -> None:
        await self.input.open()
        self.spawn("reports", self._keep_reporting())

    def routes(self) -> list[BaseRoute]:
        return self.input.routes()

    @handles(SetMicrophone)
    async def set_microphone(self, order: SetMicrophone, delivery: Delivery) -> None:
        self.muted = self.muted if order.muted is None else order.muted

    @handles(HoldToTalk)
    async def hold_to_talk(self, order: HoldToTalk, delivery: Delivery) -> None:
        self.talking = order.held

    async def _keep_reporting(self) -> None:
        while True:
            state = MicrophoneState.LISTENING if self.input.present else MicrophoneState.WAITING
            report = MicrophoneReported(
                show=self.show,
                state=state,
                muted=self.muted,
                talking=self.talking,
                source="panel",
                device=self.input.device,
                problem=self.input.problem,
            )
            await self.publish(report)
            await asyncio.sleep(0.1)


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path)
    await stand.bus.open()
    async with running(stand.worker, stand.worker.bus):
        yield stand
    await stand.bus.close()


@pytest.fixture
async def ears(show: Stand) -> AsyncIterator[ScriptedEars]:
    ears = ScriptedEars(show)
    async with running(ears, ears.bus):
        yield ears


@pytest.fixture
async def page(show: Stand, chromium_path: str, tmp_path: Path) -> AsyncIterator[Page]:
    """A panel that is signed in, in a browser whose microphone hears a tone."""
    expect.set_options(timeout=PATIENCE_MS)
    sound = tmp_path / "tone.wav"
    samples = 0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(48_000 * 5) / 48_000)
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}",
    )
    async with chromium(chromium_path, flags) as browser:
        page = await browser.new_page(viewport={"width": 1360, "height": 1000})
        page.set_default_timeout(PATIENCE_MS)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda line: problems.append(line.text) if "Security Policy" in line.text else None,
        )
        await page.goto((await show.post("/sign-in-link"))["url"])
        await expect(page.get_by_test_id("connection")).to_have_text("live")
        yield page
        assert problems == []


async def test_a_browsers_microphone_gets_through_the_real_gates(
    ears: ScriptedEars, page: Page
) -> None:
    step = page.get_by_test_id("microphone-step")
    await expect(step).to_contain_text("Use this browser's microphone")
    await page.get_by_test_id("option-echoCancellation").evaluate("(box) => box.click()")
    await page.get_by_test_id("browser-microphone-start").click()
    await expect(page.get_by_test_id("microphone-state")).to_have_text("listens")
    await expect(page.get_by_test_id("microphone-from")).to_contain_text("Fake")
    pcm = b""
    async with asyncio.timeout(20):
        while len(pcm) < 2 * 24_000:
            pcm += b"".join(block.pcm for block in await ears.input.take())
    sound = np.frombuffer(pcm, "<i2")[-16_000:].astype(np.float64)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert int(np.argmax(power)) == pytest.approx(TONE_HZ, abs=2)


async def test_muting_and_talking_in_the_panel_get_to_the_ears_and_back(
    show: Stand, ears: ScriptedEars, page: Page
) -> None:
    pill = page.get_by_test_id("mute-pill")
    await pill.click()
    await expect(pill).to_have_text("Muted")
    assert ears.muted
    assert (await show.get("/microphone"))["muted"] is True
    await pill.click()
    await expect(pill).to_have_text("Mic")
    await page.locator("h1").click()
    await page.keyboard.down("t")
    async with asyncio.timeout(5):
        while not (await show.get("/microphone"))["talking"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await page.keyboard.up("t")
    async with asyncio.timeout(5):
        while ears.talking:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
