"""The OBS card: how OBS is, what it is ordered, and a look at the picture."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.panel import script
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser


def ordered(orchestrator: ScriptedOrchestrator) -> list[dict[str, Any]]:
    return [{k: v for k, v in c.items() if k != "id"} for c in orchestrator.commands]


def scene(panel: OpenPanel, name: str) -> Locator:
    return panel.part("obs-scene").filter(has_text=name)


def row(panel: OpenPanel, name: str) -> Locator:
    return panel.part("obs-input").filter(has_text=name)


def tell(orchestrator: ScriptedOrchestrator, **changes: Any) -> None:
    orchestrator.status["studio"] = script.studio(**changes)
    orchestrator.push(orchestrator.status)


LINKS = {
    "waiting": "waiting for OBS",
    "wrong_password": "wrong password",
    "wrong_program": "that is not OBS",
    "hanging": "OBS does not answer",
    "not_configured": "not set up",
    "not_there": "module is down",
}


def test_every_state_of_obs_has_words_and_the_step_that_mends_it(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    expect(panel.part("obs-state")).to_have_text("connected")
    expect(panel.part("obs-detail")).to_have_count(0)
    for link, words in LINKS.items():
        tell(orchestrator, link=link, detail=f"Do this about {link}.")
        expect(panel.part("obs-state")).to_have_text(words)
        expect(panel.part("obs-detail")).to_have_text(f"Do this about {link}.")
        expect(panel.part("obs-scene")).to_have_count(0)


def test_a_scene_is_put_on_air_and_undo_puts_the_one_from_before_back(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    expect(scene(panel, "Live")).to_have_attribute("aria-pressed", "true")
    scene(panel, "Live").click()  # it is on air already
    scene(panel, "Just chatting").click()
    expect(scene(panel, "Just chatting")).to_have_attribute("aria-pressed", "true")
    expect(panel.part("toast")).to_contain_text("On air: Just chatting")
    panel.part("undo").click()
    expect(scene(panel, "Live")).to_have_attribute("aria-pressed", "true")
    assert ordered(orchestrator) == [
        {"command": "obs_scene", "scene": "Just chatting"},
        {"command": "obs_scene", "scene": "Live"},
    ]


def test_a_scene_that_is_changed_in_obs_itself_is_shown(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    tell(orchestrator, scene="BRB")
    expect(scene(panel, "BRB")).to_have_attribute("aria-pressed", "true")
    tell(orchestrator, scene="Secret")  # one that may not be switched to
    expect(panel.part("panel")).to_contain_text("On air: Secret")


def test_an_order_that_is_refused_changes_nothing_and_says_why(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    message = "No scene 'Just chatting' in OBS; did you mean 'Chatting'?"
    orchestrator.refusal = {"title": "Not found in OBS", "detail": message}
    scene(panel, "Just chatting").click()
    expect(panel.part("toast")).to_contain_text(message)
    expect(scene(panel, "Live")).to_have_attribute("aria-pressed", "true")
    panel.part("obs-transition").select_option("Cut")
    expect(panel.part("obs-transition")).to_have_value("Fade")
    row(panel, "Mic/Aux").get_by_test_id("obs-mute").click()
    expect(row(panel, "Mic/Aux").get_by_test_id("obs-mute")).to_have_text("on")


def test_inputs_are_muted_and_heard_again_the_microphone_first(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    names = panel.part("obs-input").all_inner_texts()
    assert ["mic" in names[0], "her voice" in names[1]] == [True, True]
    mute = row(panel, "Mic/Aux").get_by_test_id("obs-mute")
    expect(mute).to_have_attribute("aria-checked", "true")
    mute.click()
    expect(mute).to_have_text("muted")
    expect(mute).to_have_attribute("aria-checked", "false")
    panel.page.keyboard.press("Control+z")
    expect(mute).to_have_text("on")
    assert ordered(orchestrator) == [
        {"command": "obs_mute", "input": "Mic/Aux", "muted": True},
        {"command": "obs_mute", "input": "Mic/Aux", "muted": False},
    ]


def test_the_volume_goes_in_decibels_and_its_end_is_silence(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    slider = row(panel, "Kitsu overlay").get_by_test_id("obs-volume")
    expect(slider).to_have_attribute("aria-valuetext", "0.0 dB")
    slider.focus()
    panel.page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "-0.5 dB")
    panel.page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "silent")
    expect(panel.part("toast")).to_contain_text("Kitsu overlay at silent")
    assert [order["volume_db"] for order in orchestrator.heard("obs_volume")] == [-0.5, -100]


def test_many_inputs_are_folded_and_one_without_volume_has_no_slider(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    inputs = [{"name": f"Input {n}", "role": "other", "volume_db": None} for n in range(9)]
    tell(orchestrator, inputs=[*inputs, {"name": "Mic", "role": "mic"}])
    expect(panel.part("obs-input")).to_have_count(4)
    expect(panel.part("obs-input").first).to_contain_text("Mic")
    panel.part("obs-all-inputs").click()
    expect(panel.part("obs-input")).to_have_count(10)
    expect(panel.part("obs-volume")).to_have_count(0)


def test_recording_and_replay_offer_what_can_be_done_now(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    for step in ("record-start", "record-pause", "record-resume", "record-stop"):
        panel.part(f"obs-{step}").click()
    expect(panel.part("obs-record-start")).to_be_visible()
    panel.part("obs-replay-start").click()
    panel.part("obs-replay-save").click()
    expect(panel.part("toast")).to_contain_text("Replay saved")
    panel.part("obs-replay-stop").click()
    expect(panel.part("obs-replay-start")).to_be_visible()
    assert [order["action"] for order in ordered(orchestrator)] == [
        *("start", "pause", "resume", "stop"),
        *("start", "save", "stop"),
    ]
    tell(orchestrator, streaming=True, recording="on")
    expect(panel.part("obs-state")).to_contain_text("on stream")
    expect(panel.part("obs-state")).to_contain_text("recording")


def test_transitions_and_named_actions(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().part("obs-transition").select_option("Cut")
    expect(panel.part("toast")).to_contain_text("Transition is now Cut")
    panel.part("obs-action-confetti_big").click()
    expect(panel.part("toast")).to_contain_text("confetti_big: done")
    assert ordered(orchestrator) == [
        {"command": "obs_transition", "transition": "Cut"},
        {"command": "obs_action", "action": "confetti_big"},
    ]


def test_the_programme_picture_is_asked_for_only_while_it_is_shown(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().page.wait_for_timeout(300)
    assert orchestrator.pictures == 0
    panel.part("obs-picture-toggle").click()
    image = panel.part("obs-picture").locator("img")
    expect(image).to_have_attribute("src", "data:image/png;base64," + script.PICTURE)
    before = orchestrator.pictures
    panel.part("obs-picture").click()
    expect(panel.part("obs-picture-problem")).to_have_count(0)
    assert orchestrator.pictures > before
    panel.page.wait_for_timeout(4_300)  # it comes again by itself
    assert orchestrator.pictures > before + 1
    panel.part("obs-picture-toggle").click()
    shown = orchestrator.pictures
    panel.page.wait_for_timeout(4_300)
    assert orchestrator.pictures == shown


def test_a_picture_that_cannot_be_had_says_why(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    orchestrator.picture_problem = "OBS does not answer."
    panel.open().part("obs-picture-toggle").click()
    expect(panel.part("obs-picture-problem")).to_have_text("OBS does not answer.")
    orchestrator.picture_problem = ""
    panel.part("obs-picture").click()
    expect(panel.part("obs-picture-problem")).to_have_count(0)


def test_what_obs_lacks_is_told_with_the_command_that_makes_it(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    expect(panel.part("obs-missing")).to_have_count(0)
    tell(orchestrator, missing=["scene BRB", "source Kitsu overlay"])
    expect(panel.part("obs-missing")).to_have_text(
        "Missing: scene BRB, source Kitsu overlay. Run kitsu obs setup."
    )


def test_hostile_names_are_text(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    panel.open()
    evil = "<img src=x onerror=alert(1)>\u202egnp.exe"
    tell(
        orchestrator,
        scenes=[evil, "x" * 200],
        scene=evil,
        inputs=[{"name": evil, "role": "mic", "volume_db": -3}],
        transition=evil,
        transitions=[evil],
        actions=[evil[:64]],
        missing=[evil],
    )
    expect(panel.part("obs-missing")).to_contain_text("<img src=x onerror=alert(1)>gnp.exe")
    assert panel.page.locator("img[src=x]").count() == 0
    assert "\u202e" not in panel.part("panel").inner_text()
    width = panel.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert width, "a long name makes the page scroll sideways"
    panel.part("obs-scene").first.click()
    panel.part("obs-mute").first.click()
    expect(panel.part("toast")).to_contain_text("muted")
    assert orchestrator.heard("obs_mute")[0]["input"] == evil


def test_the_card_fits_a_dock(dock: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    dock.open().part("tab-controls").click()
    tell(
        orchestrator,
        streaming=True,
        recording="paused",
        replay=True,
        scenes=[f"A scene with a long name {n}" for n in range(12)],
        missing=["scene BRB"],
    )
    expect(dock.part("obs-missing")).to_be_visible()
    column = dock.page.locator("[data-for=Controls]")
    assert column.evaluate("(element) => element.scrollWidth <= element.clientWidth")
    for target in dock.part("obs-scene").all() + dock.part("obs-mute").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 36


def test_the_panic_address_is_fetched_when_it_is_wanted_and_never_shown(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.open()
    assert "hook-key" not in panel.page.content()
    panel.part("copy-panic").click()
    expect(panel.part("toast")).to_contain_text("Copy panic URL (Stream Deck): done")
    copied = panel.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "http://127.0.0.1:8000/panic?key=hook-key"
    panel.outage_expected = True
    orchestrator.refuse_posts = True
    panel.part("copy-panic").click()
    expect(panel.part("toast")).to_contain_text("Not copied")
