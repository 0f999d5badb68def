"""The Safety card before a real orchestrator: what was stopped is allowed from the next turn on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from libs.contracts.safety import BlockedTextShown, GateAction, TextBlocked
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


async def stop_a_link(show: Stand) -> None:
    """What a policy worker tells of a sentence that it did not send."""
    told = TextBlocked(
        place="speech", action=GateAction.BLOCK, rule="links.address", category="links"
    )
    await show.bus.publish(told)
    await show.bus.publish(
        BlockedTextShown(
            blocked_id=told.event_id,
            text="Join discord.gg/foxden, quick!",
            place="speech",
            viewer_id="twitch:1",
            author="ann",
        )
    )


async def test_what_was_stopped_is_allowed_from_the_panel_and_goes_with_the_next_turn(
    show: Stand, chromium_path: str
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    link = (await show.post("/sign-in-link"))["url"]
    async with chromium(chromium_path) as browser:
        page = await browser.new_page(viewport={"width": 1360, "height": 820})
        page.set_default_timeout(PATIENCE_MS)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(link)
        await expect(page.get_by_test_id("connection")).to_have_text("live")
        await page.get_by_test_id("safety-toggle").click()
        await expect(page.get_by_test_id("safety-blocked")).to_contain_text("Nothing in the last")
        await stop_a_link(show)
        row = page.get_by_test_id("blocked-text")
        await expect(row).to_contain_text("a link")
        await row.get_by_test_id("blocked-show").click()
        await expect(row.locator("mark")).to_have_text("discord.gg/foxden")
        await row.get_by_test_id("blocked-allow").click()
        await expect(page.get_by_test_id("toast")).to_contain_text("Allowed from the next turn on")
        await expect(row).to_contain_text("allowed now")
        await show.post("/ingest/chat", {"text": "hello", "author": "ann"})
        turn = await show.committed("hello")
        assert [(r.action, r.text) for r in turn.own_rules] == [("allow", "discord.gg/foxden")]
        await page.get_by_test_id("undo").click()
        await expect(row.get_by_test_id("blocked-allow")).to_be_visible()
        assert problems == []
    assert (await show.get("/safety/rules"))["rules"] == []
