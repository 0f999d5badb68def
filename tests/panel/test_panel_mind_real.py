"""The mind in the panel before a real orchestrator, a real policy worker and a model's stand-in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.worker import PolicyWorker
from libs.bus.memory import MemoryBus
from libs.contracts.conversation import ReplyFinished, TurnCommitted
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome
from libs.contracts.timing import TurnTimed
from libs.testing.chromium import chromium
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.testing.stand_ins.ollama.wire import Model
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.panel.test_panel_pictures import png

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000
CODE = "def double(n):\n    return 2 * n"
WRITTEN = f"<mood>happy</mood><speech>Two times is easy.</speech>\n```python\n{CODE}\n```"


@dataclass
class Mind:
    """An orchestrator and a policy worker on one bus; the test plays the stage."""

    stand: Stand
    ollama: OllamaStandIn

    async def hear(self, text: str) -> TurnCommitted:
        """The turn of this line, after all of its reply was heard."""
        turn = await self.stand.committed(text)
        said = await self.stand.next(ReplyFinished, lambda e: e.turn_id == turn.turn_id)
        await self.stand.bus.publish(
            PlaybackFinished.caused_by(
                turn,
                heard_text=said.text,
                full_text=said.text,
                position_seconds=1,
                duration_seconds=1,
                outcome=PlaybackOutcome.COMPLETED,
            )
        )
        await self.stand.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
        return turn


@pytest.fixture
async def mind(tmp_path: Path) -> AsyncIterator[Mind]:
    stand = Stand(tmp_path, turn_thinking_seconds=20)
    await stand.bus.open()
    async with OllamaStandIn(models=(), seconds_per_token=0.15) as ollama:
        settings = PolicySettings(
            _env_file=None,
            kitsu_data_dir=tmp_path,
            policy_worker_port=stand.settings.policy_worker_port,
            ollama_url=ollama.url,
            vision_model_name="llava",
        )
        brain = PolicyWorker(settings, MemoryBus(stand.server, source="policy_worker@here#0"))
        async with running(stand.worker, stand.worker.bus), running(brain, brain.bus):
            yield Mind(stand, ollama)
    await stand.bus.close()


async def test_a_model_is_pulled_a_picture_is_seen_code_is_shown_and_she_becomes_another(
    mind: Mind, chromium_path: str
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    link = (await mind.stand.post("/sign-in-link"))["url"]
    async with chromium(chromium_path) as browser:
        page = await browser.new_page(viewport={"width": 1360, "height": 820})
        page.set_default_timeout(PATIENCE_MS)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(link)
        await expect(page.get_by_test_id("connection")).to_have_text("live")
        await pulled(page)
        await seen(page, mind)
        await coded(page, mind)
        await another(page, mind)
        assert problems == []


async def pulled(page: Page) -> None:
    await expect(page.get_by_test_id("answers").nth(0)).to_contain_text("the scripted persona")
    await expect(page.get_by_test_id("pull")).to_have_count(2)
    await page.get_by_test_id("pull").filter(has_text="llama3.2").click()
    await expect(page.get_by_test_id("pull-progress")).to_contain_text("% ")
    await expect(page.get_by_test_id("answers").nth(0)).to_contain_text("Ollama (llama3.2)")


async def seen(page: Page, mind: Mind) -> None:
    """A picture from the panel reaches the model that can see, and only a note of it the prompt."""
    mind.ollama.seconds_per_token = 0.0
    mind.ollama.models["llava:latest"] = Model("llava:latest", ("completion", "vision"))
    await expect(page.get_by_test_id("pull")).to_have_count(1)
    brain = page.get_by_test_id("module-policy_worker")
    await expect(brain).not_to_contain_text("no model llava", timeout=30_000)
    await page.get_by_test_id("picture-file").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": png(60, 40)}
    )
    await expect(page.get_by_test_id("picture")).to_be_visible()
    await page.get_by_test_id("chat-text").fill("who is that in the corner?")
    await page.get_by_test_id("chat-send").click()
    turn = await mind.hear("who is that in the corner?")
    assert turn.input.picture == "image/jpeg"
    asked = mind.ollama.chats[-1].body
    assert (asked["model"], len(asked["messages"][-1]["images"])) == ("llava", 1)
    row = page.get_by_test_id("turn").filter(has_text="who is that in the corner?")
    await row.locator("summary").click()
    await row.get_by_test_id("prompt-show").click()
    last = row.get_by_test_id("prompt-message").last
    await expect(last).to_contain_text("with a picture: image/jpeg")
    await expect(last).to_contain_text("who is that in the corner?")
    await expect(row.get_by_test_id("turn-prompt")).to_contain_text("Ollama (llava)")
    await row.locator("summary").click()


async def coded(page: Page, mind: Mind) -> None:
    mind.ollama.script.append(WRITTEN)
    await page.get_by_test_id("chat-text").fill("write a python function that doubles a number")
    await page.get_by_test_id("chat-send").click()
    await mind.hear("write a python function that doubles a number")
    row = page.get_by_test_id("turn").filter(has_text="write a python function")
    await expect(row.get_by_test_id("has-code")).to_be_visible()
    await row.locator("summary").click()
    await expect(row.get_by_test_id("code")).to_contain_text("return 2 * n")
    await page.reload()
    await expect(row.get_by_test_id("has-code")).to_be_visible()
    await row.locator("summary").click()
    await expect(row.get_by_test_id("code")).to_contain_text("return 2 * n")


async def another(page: Page, mind: Mind) -> None:
    await page.locator("label").filter(has=page.get_by_test_id("persona-kitsu-pt")).click()
    await expect(page.get_by_test_id("persona-kitsu-pt")).to_be_checked()
    await page.get_by_test_id("chat-text").fill("oi, tudo bem?")
    await page.get_by_test_id("chat-send").click()
    turn = await mind.hear("oi, tudo bem?")
    assert turn.persona.persona == "kitsu-pt"
    assert "raposa" in mind.ollama.chats[-1].body["messages"][0]["content"]
