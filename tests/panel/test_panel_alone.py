"""Panic when the orchestrator does not answer: the page presses at the modules themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from libs.worker.access import Scope
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_modules import ScriptedModule
from tests.panel.scripted_orchestrator import ScriptedOrchestrator
from tests.panel.test_panel_panic import expect_mode, press_down

pytestmark = pytest.mark.browser

MUTED = {"what": "mute", "target": "Mic/Aux", "ok": True, "message": ""}
NO_BRB = {
    "what": "scene",
    "target": "BRB",
    "ok": False,
    "message": "there is no such scene: `kitsu obs setup` makes it.",
}

Modules = dict[str, ScriptedModule]


@pytest.fixture
def modules(orchestrator: ScriptedOrchestrator, tmp_path: Path) -> Iterator[Modules]:
    """Every output module of the script, at a port of its own that the status names."""
    outputs = {id_: m for id_, m in orchestrator.status["modules"].items() if m["output"]}
    modules = {id_: ScriptedModule(id_, orchestrator, tmp_path) for id_ in outputs}
    for id_, module in modules.items():
        module.start()
        outputs[id_].update(port=module.port, ports=[module.port])
    yield modules
    for module in modules.values():
        module.stop()


@pytest.fixture
def signed_in(panel: OpenPanel, orchestrator: ScriptedOrchestrator, modules: Modules) -> OpenPanel:
    """A panel whose browser has the operator's cookie; what fails on the way is expected."""
    panel.outage_expected = True
    cookie = modules["stage"].access.make_cookie(Scope.OPERATOR)
    panel.page.context.add_cookies(
        [
            {
                "name": f"kitsu_{orchestrator.port}",
                "value": cookie,
                "url": orchestrator.url,
                "httpOnly": True,
                "sameSite": "Strict",
            }
        ]
    )
    return panel.open()


def press(panel: OpenPanel, how: str) -> None:
    if how == "button":
        panel.part("panic").click()
    else:
        panel.page.keyboard.press("F9")


@pytest.mark.parametrize("how", ["button", "hotkey"])
def test_without_the_orchestrator_every_module_is_silenced_by_its_own_port(
    signed_in: OpenPanel, orchestrator: ScriptedOrchestrator, modules: Modules, how: str
) -> None:
    modules["obs_controller"].adds = {"obs": {"state": "partly", "steps": [MUTED, NO_BRB]}}
    orchestrator.stop()
    press(signed_in, how)
    expect_mode(signed_in, "engaged")
    report = signed_in.part("panic-report")
    expect(report).to_contain_text("The orchestrator does not answer")
    expect(report).to_contain_text("kitsu panic --release")
    for title in ("Stage silent", "Voice silent", "Brain silent", "OBS in part"):
        expect(report).to_contain_text(title)
    expect(report).to_contain_text("Mic/Aux muted")
    expect(report).to_contain_text("BRB is not on air: there is no such scene")
    expect(signed_in.part("panic")).to_contain_text("The orchestrator is down")
    assert [module.asked for module in modules.values()] == [["/panic"]] * 4


def test_an_orchestrator_that_hangs_is_not_waited_for(
    signed_in: OpenPanel, orchestrator: ScriptedOrchestrator, modules: Modules
) -> None:
    orchestrator.silent = orchestrator.hangs = True
    press(signed_in, "button")
    expect(signed_in.part("panic-report")).to_contain_text("Stage silent")
    assert len(orchestrator.heard("panic")) == 1
    assert orchestrator.posts == ["/panic"]
    # It wakes up and does what it was told: the report is its own again.
    orchestrator.silent = orchestrator.hangs = False
    orchestrator.status["panic"]["modules"] = {"stage": "latched"}
    expect(signed_in.part("panic-report")).not_to_contain_text("does not answer")
    expect_mode(signed_in, "engaged")


def test_while_the_orchestrator_answers_nobody_else_is_asked(
    signed_in: OpenPanel, modules: Modules
) -> None:
    press(signed_in, "button")
    expect_mode(signed_in, "engaged")
    signed_in.page.wait_for_timeout(600)
    assert [module.asked for module in modules.values()] == [[]] * 4


def test_a_module_that_was_not_reached_is_named_and_tried_again(
    signed_in: OpenPanel, orchestrator: ScriptedOrchestrator, modules: Modules
) -> None:
    modules["tts_worker"].stop()
    modules["policy_worker"].latches = False
    orchestrator.stop()
    press(signed_in, "button")
    report = signed_in.part("panic-report")
    expect(report).to_contain_text("Voice not reached")
    expect(report).to_contain_text("Brain refused this browser")
    expect(signed_in.part("panic")).to_contain_text("Not every module was reached")
    expect_mode(signed_in, "engaged")
    modules["tts_worker"].start()
    modules["policy_worker"].latches = True
    expect(report).to_contain_text("Voice silent")
    expect(report).to_contain_text("Brain silent")
    assert modules["stage"].asked == ["/panic"]


def test_whoever_listens_on_a_modules_port_is_not_taken_for_it(
    signed_in: OpenPanel, orchestrator: ScriptedOrchestrator, modules: Modules
) -> None:
    modules["stage"].adds = {"module": "kitchen"}
    modules["tts_worker"].adds = {"engaged": "yes"}
    orchestrator.stop()
    press(signed_in, "button")
    expect(signed_in.part("panic-report")).to_contain_text("Brain silent")
    expect(signed_in.part("panic-report")).not_to_contain_text("Stage silent")
    expect(signed_in.part("panic-report")).not_to_contain_text("Voice silent")


def test_a_browser_that_is_not_signed_in_is_refused_and_says_so(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator, modules: Modules
) -> None:
    panel.outage_expected = True
    panel.open()
    orchestrator.stop()
    press(panel, "button")
    expect_mode(panel, "unsent")
    expect(panel.part("panic")).to_contain_text("kitsu panic")
    assert [module.asked for module in modules.values()] == [[]] * 4


def test_the_page_alone_cannot_release(
    signed_in: OpenPanel, orchestrator: ScriptedOrchestrator, modules: Modules
) -> None:
    orchestrator.stop()
    press(signed_in, "button")
    expect_mode(signed_in, "engaged")
    press_down(signed_in)
    expect(signed_in.part("toast")).to_contain_text("Still in panic")
    signed_in.page.mouse.up()
    expect_mode(signed_in, "engaged")
    assert [module.asked for module in modules.values()] == [["/panic"]] * 4


@pytest.mark.parametrize("engaged", [True, False])
def test_an_orchestrator_that_comes_back_has_the_last_word(
    signed_in: OpenPanel, orchestrator: ScriptedOrchestrator, modules: Modules, engaged: bool
) -> None:
    """Not engaged: it was released meanwhile, by `kitsu panic --release`."""
    orchestrator.stop()
    press(signed_in, "button")
    expect(signed_in.part("panic-report")).to_contain_text("does not answer")
    orchestrator.status["panic"]["engaged"] = engaged
    orchestrator.start()
    if engaged:
        expect(signed_in.part("panic-report")).not_to_contain_text("does not answer")
        expect_mode(signed_in, "engaged")
    else:
        expect_mode(signed_in, "calm")
    assert orchestrator.heard("panic") == []  # all had latched: nothing was left to be sent


PENDING = "it is muted and put on BRB as soon as it does"
OBS_WORDS = {
    "applied": "OBS silent",
    "partly": "OBS in part",
    "pending": PENDING,
    "off": "Nothing was done in OBS yet",
    "unreachable": "OBS could not be reached",
}


def test_the_report_says_plainly_what_panic_did_in_obs(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    for state, words in OBS_WORDS.items():
        orchestrator.status["panic"] = {
            "engaged": True,
            "modules": {"stage": "latched", "obs_controller": "latched"},
            "obs": {"state": state, "steps": [MUTED] if state == "applied" else []},
        }
        orchestrator.push(orchestrator.status)
        expect(panel.part("panic-report")).to_contain_text(words)
        silent = panel.part("panic-report").get_by_text("OBS silent")
        if state in ("pending", "off"):
            expect(panel.part("panic-report")).to_contain_text("OBS not silent yet")
            expect(silent).to_have_count(0)
    orchestrator.status["studio"] = {"link": "not_configured", "panic": "off"}
    orchestrator.push(orchestrator.status)
    expect(panel.part("panic-obs")).to_have_count(0)
