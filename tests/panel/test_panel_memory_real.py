"""The Memory card before a real orchestrator: signed in by its cookie, with real turns."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

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


async def talk(show: Stand, text: str, heard: str) -> None:
    await show.post("/ingest/chat", {"text": text, "author": "ann"})
    await show.play(await show.committed(text), heard)


async def test_a_viewer_teaches_is_remembered_and_is_forgotten_from_the_panel(
    show: Stand, chromium_path: str
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    await talk(show, "my cat is called Momo", "Momo! What a name.")
    await talk(show, "what is the name of my cat?", "Momo, of course.")
    link = (await show.post("/sign-in-link"))["url"]
    async with chromium(chromium_path) as browser:
        page = await browser.new_page(viewport={"width": 1360, "height": 820})
        page.set_default_timeout(PATIENCE_MS)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(link)
        await expect(page.get_by_test_id("connection")).to_have_text("live")
        await page.get_by_test_id("memory-toggle").click()
        fact = page.get_by_test_id("memory-fact").filter(has_text="Momo")
        await expect(fact).to_contain_text("ann")
        await turn_tells(page)
        await show_fact_goes_and_comes_back(page)
        await backed_up(page, show)
        await fact.get_by_role("button", name="ann").click()
        await expect(page.get_by_test_id("viewer-lines").locator("li")).to_have_count(2)
        await hold(page, "viewer-forget")
        await expect(page.get_by_test_id("toast")).to_contain_text("ann is forgotten")
        await expect(fact).to_have_count(0)
        await expect(page.get_by_test_id("memory-viewer")).to_have_count(0)
        assert problems == []
    assert (await show.get("/memory/viewers"))["viewers"] == []


async def turn_tells(page: Page) -> None:
    turn = page.get_by_test_id("turn").filter(has_text="what is the name of my cat?")
    await turn.locator("summary").click()
    await expect(turn.get_by_test_id("recalled").first).to_contain_text("Momo")


async def show_fact_goes_and_comes_back(page: Page) -> None:
    await page.get_by_test_id("remember-text").fill("no spoilers for the final boss")
    await page.get_by_test_id("remember").click()
    spoilers = page.get_by_test_id("memory-fact").filter(has_text="no spoilers")
    await expect(spoilers).to_have_count(1)
    await spoilers.get_by_test_id("fact-forget").click()
    await expect(spoilers).to_have_count(0)
    await page.get_by_test_id("undo").click()
    await expect(spoilers).to_have_count(1)


async def backed_up(page: Page, show: Stand) -> None:
    await page.get_by_test_id("backup").click()
    told = await page.get_by_test_id("backup-file").locator("code").inner_text()
    assert Path(told) in await asyncio.to_thread(files_in, show.settings.kitsu_data_dir)


def files_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def hold(page: Page, testid: str) -> None:
    button = page.get_by_test_id(testid)
    await button.scroll_into_view_if_needed()
    box = await button.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 5, box["y"] + 5)
    await page.mouse.down()
    await page.wait_for_timeout(1_300)
    await page.mouse.up()
