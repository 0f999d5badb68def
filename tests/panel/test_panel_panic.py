import pytest
from playwright.sync_api import expect

from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser

#: The panel asks for a hold of one second.
SHORT_PRESS_MS = 400
LONGER_THAN_A_HOLD_MS = 1_600


def expect_mode(panel: OpenPanel, mode: str) -> None:
    expect(panel.part("panic")).to_have_attribute("data-mode", mode)


def press_down(panel: OpenPanel) -> None:
    panel.part("panic").hover()
    panel.page.mouse.down()


def test_one_press_engages_panic(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    panel.open().part("panic").click()
    expect_mode(panel, "engaged")
    expect(panel.part("connection")).to_have_text("panic")
    expect(panel.part("panic")).to_contain_text("HOLD TO RELEASE")
    expect(panel.part("panic-report")).to_contain_text("Stage silent")
    expect(panel.part("panel")).to_have_attribute("data-panic", "true")
    assert [order["on"] for order in orchestrator.heard("panic")] == [True]
    assert orchestrator.posts == []


def test_a_module_that_panic_did_not_reach_is_named(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.status["panic"] = {
        "engaged": True,
        "since": 1.0,
        "reason": "console",
        "modules": {"stage": "latched", "tts_worker": "unreachable"},
    }
    orchestrator.push(orchestrator.status)
    expect(panel.part("panic-report")).to_contain_text("Voice not reached")
    expect(panel.part("panic")).to_contain_text("Not every module was reached")


def test_escape_twice_engages_panic_even_while_typing(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().part("chat-text").fill("half a thou")
    panel.page.keyboard.press("Escape")
    panel.page.keyboard.press("Escape")
    expect_mode(panel, "engaged")
    expect(panel.part("chat-text")).to_have_value("half a thou")
    assert len(orchestrator.heard("panic")) == 1


def test_escape_twice_but_slowly_does_nothing(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    panel.page.keyboard.press("Escape")
    panel.page.wait_for_timeout(900)
    panel.page.keyboard.press("Escape")
    panel.page.wait_for_timeout(300)
    expect_mode(panel, "calm")
    assert orchestrator.commands == []


def test_f9_engages_and_never_releases(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().page.keyboard.press("F9")
    expect_mode(panel, "engaged")
    panel.page.keyboard.down("F9")
    panel.page.wait_for_timeout(LONGER_THAN_A_HOLD_MS)
    panel.page.keyboard.up("F9")
    expect_mode(panel, "engaged")
    assert [order["on"] for order in orchestrator.heard("panic")] == [True]


def test_a_short_press_does_not_release(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().part("panic").click()
    expect_mode(panel, "engaged")
    press_down(panel)
    expect(panel.part("panic")).to_contain_text("KEEP HOLDING")
    panel.page.wait_for_timeout(SHORT_PRESS_MS)
    panel.page.mouse.up()
    expect(panel.part("panic")).to_contain_text("HOLD TO RELEASE")
    panel.page.wait_for_timeout(LONGER_THAN_A_HOLD_MS)
    expect_mode(panel, "engaged")
    assert [order["on"] for order in orchestrator.heard("panic")] == [True]


def test_a_press_held_for_a_second_releases(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().part("panic").click()
    expect_mode(panel, "engaged")
    press_down(panel)
    expect_mode(panel, "calm")
    panel.page.mouse.up()
    assert [order["on"] for order in orchestrator.heard("panic")] == [True, False]
    expect(panel.part("connection")).to_have_text("live")


def test_the_pointer_leaving_the_button_ends_the_hold(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().part("panic").click()
    expect_mode(panel, "engaged")
    press_down(panel)
    panel.part("feed").hover()
    panel.page.wait_for_timeout(LONGER_THAN_A_HOLD_MS)
    panel.page.mouse.up()
    assert [order["on"] for order in orchestrator.heard("panic")] == [True]


@pytest.mark.parametrize("key", ["Space", "Enter"])
def test_panic_and_release_by_keyboard(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator, key: str
) -> None:
    panel.open().part("panic").focus()
    panel.page.keyboard.press(key)
    expect_mode(panel, "engaged")
    panel.page.keyboard.press(key)
    panel.page.wait_for_timeout(LONGER_THAN_A_HOLD_MS)
    expect_mode(panel, "engaged")
    panel.page.keyboard.down(key)
    expect_mode(panel, "calm")
    panel.page.keyboard.up(key)
    assert [order["on"] for order in orchestrator.heard("panic")] == [True, False]


def test_the_press_that_engages_never_releases_however_long_it_is_held(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    press_down(panel)
    expect_mode(panel, "engaged")
    panel.page.wait_for_timeout(LONGER_THAN_A_HOLD_MS)
    panel.page.mouse.up()
    expect_mode(panel, "engaged")
    assert [order["on"] for order in orchestrator.heard("panic")] == [True]


def test_panic_goes_by_post_while_the_socket_is_down(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    panel.open()
    orchestrator.refuse_socket = True
    orchestrator.drop_sockets()
    expect(panel.part("connection")).to_have_text("reconnecting")
    panel.part("panic").click()
    expect_mode(panel, "engaged")
    assert orchestrator.posts == ["/panic"]
    press_down(panel)
    expect_mode(panel, "calm")
    panel.page.mouse.up()
    assert orchestrator.posts == ["/panic", "/panic/release"]


def test_panic_goes_by_post_when_the_socket_is_open_but_nobody_answers(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.silent = True
    panel.part("panic").click()
    expect_mode(panel, "engaged")
    assert len(orchestrator.heard("panic")) == 1
    assert orchestrator.posts == ["/panic"]


def test_a_panic_that_cannot_be_sent_says_so_and_is_tried_until_it_is_taken(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    panel.open()
    orchestrator.stop()
    panel.part("panic").click()
    expect_mode(panel, "unsent")
    expect(panel.part("panic")).to_contain_text("PANIC NOT SENT")
    expect(panel.part("panic")).to_contain_text("kitsu panic")
    orchestrator.start()
    expect_mode(panel, "engaged")
    assert orchestrator.status["panic"]["engaged"]


def test_a_release_that_was_not_taken_leaves_the_panic_standing(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    panel.open().part("panic").click()
    expect_mode(panel, "engaged")
    orchestrator.refusal = {"title": "Not now", "detail": ""}
    orchestrator.refuse_posts = True
    press_down(panel)
    expect(panel.part("toast")).to_contain_text("Still in panic")
    panel.page.mouse.up()
    expect_mode(panel, "engaged")


def test_the_panic_button_is_big_and_never_moves(dock: OpenPanel) -> None:
    dock.open()
    button = dock.part("panic")
    first = button.bounding_box()
    assert first is not None
    assert first["height"] >= 64
    for tab in ("controls", "health", "feed"):
        dock.part(f"tab-{tab}").click()
        assert button.bounding_box() == first
    button.click()
    expect_mode(dock, "engaged")
    assert button.bounding_box() == first
