"""The panel's panic while the orchestrator hangs or is dead, in a real browser on a whole show."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psutil
import pytest
from playwright.async_api import Browser, Page, expect

from libs.contracts.modules import MODULES
from libs.testing.chromium import chromium
from libs.testing.running_show import RunningShow
from tests.system.test_attacks import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.system]

OUTPUTS = {"stage": "Stage", "tts_worker": "Voice", "policy_worker": "Brain"}
PATIENCE_MS = 20_000


@pytest.fixture
async def browser(whole_chromium_path: str) -> AsyncIterator[Browser]:
    """As a user has it: with the browser's own rules about other ports in force."""
    async with chromium(whole_chromium_path) as browser:
        yield browser


@pytest.fixture
async def page(silent_show: RunningShow, browser: Browser) -> Page:
    """The panel, signed in and live."""
    context = await signed_in(browser, silent_show)
    page = context.pages[0]
    page.set_default_timeout(PATIENCE_MS)
    await expect(page.get_by_test_id("connection")).to_have_text("live", timeout=PATIENCE_MS)
    return page


@contextmanager
def without_orchestrator(show: RunningShow, pid: int, how: str) -> Iterator[None]:
    """It hangs; or it is dead, and its supervisor cannot start it again."""
    orchestrator, supervisor = psutil.Process(pid), show.processes()[0]
    if how == "hangs":
        orchestrator.suspend()
    else:
        supervisor.suspend()
        orchestrator.kill()
    try:
        yield
    finally:
        (orchestrator if how == "hangs" else supervisor).resume()


def latched(show: RunningShow) -> set[str]:
    """The modules whose own latch, on their own disk, is engaged."""
    folder = show.folder / "data" / "latches"
    found = {module.id: [*folder.glob(f"{module.id}_*.json")] for module in MODULES}
    return {
        module
        for module, files in found.items()
        if files and all(json.loads(file.read_text("utf-8"))["engaged"] for file in files)
    }


@pytest.mark.parametrize(
    ("how", "press"), [("hangs", "button"), ("is dead", "button"), ("is dead", "hotkey")]
)
async def test_the_panel_silences_the_show_without_its_orchestrator(
    silent_show: RunningShow, page: Page, how: str, press: str
) -> None:
    show = silent_show
    pid = await show.pid("orchestrator")
    assert pid is not None
    report, button = page.get_by_test_id("panic-report"), page.get_by_test_id("panic")
    with without_orchestrator(show, pid, how):
        if press == "button":
            await button.click()
        else:
            await page.keyboard.press("F9")
        await expect(report).to_contain_text("The orchestrator does not answer")
        for title in OUTPUTS.values():
            await expect(report).to_contain_text(f"{title} silent", timeout=PATIENCE_MS)
        await expect(button).to_have_attribute("data-mode", "engaged")
        assert latched(show) >= {*OUTPUTS, "obs_controller"}
        assert "orchestrator" not in latched(show)
    # It is back: it hears of the panic, and only a release through it ends the panic.
    await expect(report).not_to_contain_text("does not answer", timeout=PATIENCE_MS)
    await expect(page.get_by_test_id("connection")).to_have_text("panic", timeout=PATIENCE_MS)
    status = await show.get("/status")
    assert status["panic"]["engaged"]
    await button.hover()
    await page.mouse.down()
    await expect(button).to_have_attribute("data-mode", "calm", timeout=PATIENCE_MS)
    await page.mouse.up()
    assert latched(show) == set()
