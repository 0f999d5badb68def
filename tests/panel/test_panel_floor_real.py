"""The floor's card before a real orchestrator: why not, quiet, and a viewer who is muted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from libs.contracts.chat import ChatMessageReceived
from libs.contracts.people import Author
from libs.telemetry import clock
from libs.testing.chromium import chromium
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path)
    await stand.bus.open()
    async with running(stand.worker, stand.worker.bus):
        yield stand
    await stand.bus.close()


async def write(show: Stand, number: int, text: str) -> None:
    line = ChatMessageReceived(
        message_id=f"m{number}",
        platform="twitch",
        author=Author(viewer_id="twitch:7", name="user7"),
        text=text,
        written_at=clock.now(),
    )
    await show.bus.publish(line)


async def test_quiet_and_mutes_are_ordered_and_seen_in_the_panel(
    show: Stand, chromium_path: str
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    link = (await show.post("/sign-in-link"))["url"]
    async with chromium(chromium_path) as browser:
        page = await browser.new_page(viewport={"width": 1360, "height": 1000})
        page.set_default_timeout(PATIENCE_MS)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(link)
        await expect(page.get_by_test_id("connection")).to_have_text("live")
        await page.get_by_test_id("floor-toggle").click()
        await page.get_by_test_id("quiet-5").click()
        await expect(page.get_by_test_id("quiet-left")).to_contain_text("4:5")
        await write(show, 1, "what game is this?")
        row = page.get_by_test_id("unanswered-line").filter(has_text="what game is this?")
        await expect(row).to_contain_text("quiet was asked for")
        await page.get_by_test_id("quiet-end").click()
        await expect(page.get_by_test_id("quiet")).to_have_count(0)
        await row.get_by_test_id("mute").click()
        await expect(page.get_by_test_id("floor-count")).to_contain_text("1 muted")
        await page.get_by_test_id("undo").click()
        await expect(page.get_by_test_id("floor-count")).not_to_contain_text("muted")
        assert (await show.get("/floor"))["muted"] == []
    assert problems == []
