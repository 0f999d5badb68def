"""Narrow and wide, by keyboard, by screen reader, and when the connection is bad."""

import pytest
from playwright.sync_api import Page, expect

from tests.panel import script
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser

NAMED_ROLES = {"button", "switch", "radio", "slider", "textbox", "img", "log", "radiogroup"}


def unnamed(page: Page) -> list[str]:
    """What a screen reader would have no name for."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    return [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored")
        and node.get("role", {}).get("value") in NAMED_ROLES
        and not node.get("name", {}).get("value")
    ]


def walk(page: Page) -> list[str]:
    """Presses Tab until the focus leaves the page; the test ids on the way."""
    visited: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
                const here = document.activeElement;
                if (here === document.body) return null;
                const shown = [here, here.nextElementSibling].some(
                    (element) => element && getComputedStyle(element).outlineStyle === "solid");
                return [here.dataset.testid ?? here.tagName, shown];
            }"""
        )
        if stop is None:
            return visited
        testid, focus_is_visible = stop
        assert focus_is_visible, f"no visible focus on {testid}"
        visited.append(testid)
    raise AssertionError(f"the focus never leaves the page: {visited}")


def test_everything_can_be_reached_with_the_keyboard(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.history = script.lively_evening()
    visited = walk(panel.open().page)
    assert visited[0] == "panic"
    for testid in (
        "stop",
        "module-stage",
        "module-tts_worker",
        "style-playful",
        "slider-chaos",
        "slider-energy",
        "family-mode",
        "mood-smug",
        "copy-overlay",
        "copy-dock",
        "filter-all",
        "feed",
        "mode-chat",
        "chat-name",
        "chat-text",
        "chat-send",
        "SUMMARY",
    ):
        assert testid in visited, f"{testid} cannot be reached"


def test_a_dock_is_used_with_the_keyboard_alone(
    dock: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    dock.open().part("tab-controls").press("Enter")
    dock.part("module-stage").press("Space")
    expect(dock.part("module-stage")).to_have_attribute("aria-checked", "false")
    dock.part("undo").press("Enter")
    expect(dock.part("module-stage")).to_have_attribute("aria-checked", "true")
    dock.part("style-playful").press("ArrowRight")
    expect(dock.part("style-chaotic")).to_be_checked()
    assert [command["command"] for command in orchestrator.commands] == [
        "module",
        "module",
        "persona",
    ]


def test_nothing_is_without_a_name(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    orchestrator.history = script.lively_evening()
    panel.open()
    expect(panel.part("latency-chart")).to_be_visible()
    assert unnamed(panel.page) == []
    panel.part("panic").click()
    expect(panel.part("panic-report")).to_be_visible()
    assert unnamed(panel.page) == []


@pytest.mark.parametrize("width", [320, 360, 400, 859, 860, 1360, 1920])
def test_nothing_sticks_out(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator, width: int
) -> None:
    orchestrator.history = script.lively_evening()
    orchestrator.status["modules"]["stage"].update(state="degraded", detail="x" * 200)
    panel.page.set_viewport_size({"width": width, "height": 760})
    panel.open()
    for tab in ("controls", "health", "feed") if width < 860 else ("",):
        if tab:
            panel.part(f"tab-{tab}").click()
        too_wide = panel.page.evaluate(
            """() => [...document.querySelectorAll(".column, .top, .card, html")]
                .filter((element) => element.scrollWidth > element.clientWidth + 1)
                .map((element) => element.className || element.tagName)"""
        )
        assert too_wide == [], f"on {tab or 'the wide panel'}"


def test_the_main_targets_of_a_dock_are_large(dock: OpenPanel) -> None:
    dock.open()
    for testid in ("panic", "stop", "chat-text", "chat-send", "tab-controls", "tab-health"):
        box = dock.part(testid).bounding_box()
        assert box is not None
        assert box["height"] >= 44, testid


def test_the_tab_is_remembered_over_a_reload(dock: OpenPanel) -> None:
    dock.open().part("tab-health").click()
    dock.page.reload()
    expect(dock.part("incidents")).to_be_visible()
    expect(dock.part("feed")).not_to_be_visible()


def test_reduced_motion_stops_what_moves(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.page.emulate_media(reduced_motion="reduce")
    panel.open()
    orchestrator.push(script.speaking("moving", 1.0, 2.0))
    bar = panel.part("now-speaking").locator(".bars i").first
    expect(bar).to_have_css("animation-name", "none")


def test_a_restart_of_the_orchestrator_keeps_the_page_and_the_typed_text(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    orchestrator.history = [script.feed(1, "chat", "viewer1", "said before the restart")]
    panel.open().part("chat-text").fill("half a sent")
    panel.page.evaluate("window.samePage = true")
    orchestrator.stop()
    expect(panel.part("connection")).to_have_text("reconnecting")
    expect(panel.part("now-speaking")).to_contain_text("cannot be reached")
    orchestrator.start()
    expect(panel.part("connection")).to_have_text("live")
    expect(panel.part("chat-text")).to_have_value("half a sent")
    expect(panel.rows).to_have_count(1)
    assert panel.page.evaluate("window.samePage") is True


def test_a_socket_that_has_gone_silent_is_taken_for_lost(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    panel.page.clock.install()
    panel.open()
    orchestrator.silent = True
    orchestrator.refuse_socket = True
    panel.page.clock.run_for(7_500)
    expect(panel.part("connection")).to_have_text("reconnecting")


def test_a_browser_that_is_not_signed_in_is_told_what_to_do(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    orchestrator.signed_in = False
    panel.page.goto(orchestrator.url)
    expect(panel.part("connection")).to_have_text("not signed in")
    expect(panel.part("sign-in")).to_contain_text("kitsu panel")
    orchestrator.signed_in = True
    expect(panel.part("connection")).to_have_text("live")
    expect(panel.part("sign-in")).to_have_count(0)
