"""A real Chromium with the committed panel in it, and a scripted orchestrator behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from libs.testing.chromium import FLAGS
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

WIDE = (1360, 820)
DOCK = (360, 760)
#: How long an expectation is waited for; generous, because it says nothing about speed.
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def orchestrator() -> Iterator[ScriptedOrchestrator]:
    orchestrator = ScriptedOrchestrator()
    orchestrator.start()
    yield orchestrator
    orchestrator.stop()


@dataclass
class OpenPanel:
    """A panel in a browser page. Anything on its console that is not expected fails the test."""

    page: Page
    orchestrator: ScriptedOrchestrator
    outage_expected: bool = False
    console: list[str] = field(default_factory=list)

    def part(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    def choose(self, testid: str) -> None:
        """Clicks one of several segments, as a hand does: on its label."""
        self.page.locator("label").filter(has=self.part(testid)).click()

    @property
    def rows(self) -> Locator:
        return self.part("feed-row")

    def open(self) -> "OpenPanel":
        self.page.goto(self.orchestrator.url)
        expect(self.part("connection")).to_have_text("live")
        return self

    def problems(self) -> list[str]:
        outage = ("WebSocket connection to", "Failed to load resource")
        return [
            line for line in self.console if not (self.outage_expected and line.startswith(outage))
        ]


def open_page(
    browser: Browser, orchestrator: ScriptedOrchestrator, size: tuple[int, int]
) -> OpenPanel:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(PATIENCE_MS)
    panel = OpenPanel(page, orchestrator)
    page.on("pageerror", lambda error: panel.console.append(str(error)))
    page.on(
        "console",
        lambda message: (
            panel.console.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    return panel


@pytest.fixture
def panel(browser: Browser, orchestrator: ScriptedOrchestrator) -> Iterator[OpenPanel]:
    """A wide panel, not opened yet."""
    panel = open_page(browser, orchestrator, WIDE)
    yield panel
    panel.page.close()
    assert panel.problems() == []


@pytest.fixture
def dock(browser: Browser, orchestrator: ScriptedOrchestrator) -> Iterator[OpenPanel]:
    """A panel as narrow as a dock, not opened yet."""
    dock = open_page(browser, orchestrator, DOCK)
    yield dock
    dock.page.close()
    assert dock.problems() == []
