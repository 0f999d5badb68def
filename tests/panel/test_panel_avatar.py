"""The Avatar card: how each avatar is, which face shows which mood, what can be done."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.panel import script
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser


def ordered(orchestrator: ScriptedOrchestrator) -> list[dict[str, Any]]:
    return [{k: v for k, v in c.items() if k != "id"} for c in orchestrator.commands]


def tell(orchestrator: ScriptedOrchestrator, link: str = "ready", **more: Any) -> None:
    orchestrator.status["avatar"] = script.avatars(link, **more)
    orchestrator.push(orchestrator.status)


def vtube_studio(panel: OpenPanel) -> Locator:
    return panel.part("avatar-vtube_studio")


def row(panel: OpenPanel, mood: str) -> Locator:
    return panel.part(f"map-{mood}")


def unfold(panel: OpenPanel, testid: str) -> None:
    panel.part(testid).locator("summary").click()


LINKS = {
    "waiting": "waiting for VTube Studio",
    "asking": "click Allow in VTube Studio",
    "denied": "denied",
    "wrong_program": "that is not VTube Studio",
    "hanging": "does not answer",
    "unseen": "sending, unanswered",
}


def test_every_state_of_an_avatar_has_a_shape_words_and_the_step_that_mends_it(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    state = vtube_studio(panel).get_by_test_id("avatar-state")
    expect(state).to_have_text("ready")
    shapes = set()
    for link, words in LINKS.items():
        tell(orchestrator, link, detail=f"Do this about {link}.")
        expect(state).to_have_text(words)
        shapes.add(state.locator("path").get_attribute("d"))
        expect(vtube_studio(panel).get_by_test_id("avatar-detail")).to_have_text(
            f"Do this about {link}."
        )
    assert len(shapes) >= 5  # denied and the wrong program are both a cross
    tell(orchestrator, "not_configured")
    expect(vtube_studio(panel)).to_have_count(0)
    expect(panel.part("avatars-unused")).to_have_text("Not set up: VTube Studio, VMC")


def test_a_drawn_character_without_a_page_says_what_is_missing(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    status = script.avatars("ready")
    status["avatars"][0]["link"] = "waiting"
    orchestrator.status["avatar"] = status
    orchestrator.push(orchestrator.status)
    state = panel.part("avatar-overlay").get_by_test_id("avatar-state")
    expect(state).to_have_text("no overlay page open")


def test_a_denial_is_asked_again_only_by_its_button(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    tell(orchestrator, "denied")
    panel.open()
    panel.part("avatar-ask").click()
    expect(panel.part("toast")).to_contain_text("click Allow in VTube Studio")
    assert ordered(orchestrator) == [{"command": "avatar_sign_in", "avatar": "vtube_studio"}]
    tell(orchestrator, "asking")
    expect(panel.part("avatar-ask")).to_have_count(0)
    tell(orchestrator, "denied", can_sign_in=False)
    expect(vtube_studio(panel).get_by_test_id("avatar-state")).to_have_text("denied")
    expect(panel.part("avatar-ask")).to_have_count(0)


def test_what_moves_the_mouth_and_what_is_taken_or_missing_stands_there(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    tell(orchestrator, mouth=["MouthOpen"], taken=["MouthSmile"], missing=["vowels"])
    panel.open()
    part = vtube_studio(panel)
    expect(part.get_by_test_id("avatar-mouth")).to_have_text("Mouth: MouthOpen")
    expect(part.get_by_test_id("avatar-taken")).to_have_text(
        "Moved by another program, so left alone: MouthSmile"
    )
    expect(part.get_by_test_id("avatar-missing")).to_have_text("The model lacks: vowels")


def test_a_mouth_that_another_plugin_holds_is_said_once_and_is_no_green(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    held = "Another plugin moves MouthOpen (the mouth): switch that off there."
    tell(orchestrator, taken=["MouthOpen (the mouth)"], detail=held)
    panel.open()
    part = vtube_studio(panel)
    expect(part.get_by_test_id("avatar-state")).to_have_text("partly")
    expect(part.get_by_test_id("avatar-detail")).to_have_text(held)
    expect(part.get_by_test_id("avatar-taken")).to_have_count(0)


def test_what_she_is_doing_is_said_in_a_streamers_words(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    words = ("resting", "listening", "thinking", "speaking", "asleep")
    for bearing, word in zip(("idle", *words[1:]), words, strict=True):
        orchestrator.status["avatar"] = {**script.avatars("ready"), "bearing": bearing}
        orchestrator.push(orchestrator.status)
        expect(panel.part("bearing")).to_have_text(word)


def test_a_file_that_is_wrong_is_said_above_the_avatars_that_go_on(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    trouble = "avatar.yaml, line 2: idle.gaze: must be true or false"
    orchestrator.status["avatar"] = {**script.avatars("ready"), "detail": trouble}
    panel.open()
    expect(panel.part("avatar-problem")).to_have_text(trouble)
    expect(vtube_studio(panel).get_by_test_id("avatar-state")).to_have_text("ready")


def test_vtube_studio_without_a_model_is_no_green(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    tell(orchestrator, model="", detail="No model is loaded in VTube Studio: load one.")
    panel.open()
    expect(vtube_studio(panel).get_by_test_id("avatar-state")).to_have_text("no model")


def test_of_many_inputs_of_the_mouth_a_few_are_named(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    tell(orchestrator, mouth=["A", "B", "C", "D", "E", "F", "G"])
    panel.open()
    expect(vtube_studio(panel).get_by_test_id("avatar-mouth")).to_have_text(
        "Mouth: A, B, C and 4 more"
    )


def test_without_an_avatar_controller_the_moods_stay_and_the_step_is_said(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.status["avatar"] = {
        "there": False,
        "detail": "No avatar_controller is running.",
        "items": ["tea cup"],
    }
    panel.open()
    expect(panel.part("avatar-problem")).to_have_text("No avatar_controller is running.")
    panel.part("mood-sad").click()
    expect(panel.part("mood-sad")).to_have_attribute("aria-pressed", "true")
    unfold(panel, "avatar-items")
    panel.part("avatar-items-deed").click()
    expect(panel.part("toast")).to_contain_text("tea cup: done")


def test_an_orchestrator_that_knows_nothing_of_avatars_leaves_the_moods(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    del orchestrator.status["avatar"]
    panel.open()
    panel.part("mood-smug").click()
    expect(panel.part("mood-smug")).to_have_attribute("aria-pressed", "true")


def test_names_are_fetched_when_they_have_changed_and_only_then(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    count = panel.part("avatar-items").locator("i")
    expect(count).to_have_text("3")
    for mood in ("sad", "angry", "smug"):
        panel.part(f"mood-{mood}").click()
        expect(panel.part(f"mood-{mood}")).to_have_attribute("aria-pressed", "true")
    assert orchestrator.avatar_looks == 1
    panel.outage_expected = True
    orchestrator.refuse_posts = True
    orchestrator.status["avatar"]["items"].append("book")
    orchestrator.push(orchestrator.status)
    while orchestrator.avatar_looks < 3:
        panel.page.wait_for_timeout(50)
    expect(count).to_have_text("3")
    orchestrator.refuse_posts = False
    expect(count).to_have_text("4")
    asked = orchestrator.avatar_looks
    orchestrator.push(orchestrator.status, orchestrator.status)
    panel.part("mood-happy").click()
    expect(panel.part("mood-happy")).to_have_attribute("aria-pressed", "true")
    assert orchestrator.avatar_looks == asked


# Which face shows which mood -------------------------------------------------------------------


def test_a_mood_gets_another_face_and_undo_gives_the_old_one_back(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    unfold(panel, "mood-map-vtube_studio")
    choice = row(panel, "thinking").get_by_test_id("map-choice")
    expect(choice.locator("option:checked")).to_have_text("as found: nothing")
    expect(row(panel, "thinking").get_by_test_id("map-try")).to_be_disabled()
    choice.select_option(label="Blush")
    expect(choice.locator("option:checked")).to_have_text("Blush")
    expect(row(panel, "thinking").get_by_test_id("map-try")).to_be_enabled()
    panel.part("undo").click()
    expect(choice.locator("option:checked")).to_have_text("as found: nothing")
    where = {"command": "avatar_mood", "avatar": "vtube_studio", "mood": "thinking"}
    assert ordered(orchestrator) == [
        {**where, "expression": "Blush.exp3.json"},
        {**where, "expression": None},
    ]


def test_a_mood_may_be_shown_by_nothing_or_as_found_again(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    unfold(panel, "mood-map-vtube_studio")
    row(panel, "happy").get_by_test_id("map-choice").select_option("nothing")
    expect(panel.part("toast")).to_contain_text("happy: nothing")
    row(panel, "sad").get_by_test_id("map-choice").select_option("found")
    expect(panel.part("toast")).to_contain_text("sad: as found")
    assert [entry["expression"] for entry in ordered(orchestrator)] == ["", None]


def test_a_choice_that_is_refused_changes_nothing_and_says_why(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.refusal = {"title": "The avatar is not ready", "detail": "Start VTube Studio."}
    unfold(panel, "mood-map-vtube_studio")
    choice = row(panel, "sad").get_by_test_id("map-choice")
    choice.select_option("nothing")
    expect(panel.part("toast")).to_contain_text("Start VTube Studio.")
    expect(choice.locator("option:checked")).to_have_text("Tears")


def test_a_face_is_tried_for_three_seconds(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    unfold(panel, "mood-map-vtube_studio")
    row(panel, "smug").get_by_test_id("map-try").click()
    expect(panel.part("toast")).to_contain_text("Shown for 3 s: Smirk")
    assert ordered(orchestrator) == [
        {
            "command": "avatar_try",
            "avatar": "vtube_studio",
            "expression": "Smirk.exp3.json",
            "seconds": 3,
        }
    ]


# Gestures and items ----------------------------------------------------------------------------


def test_a_gesture_a_hotkey_and_an_item_are_one_press_each(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    for fold, name in (("gestures", "nod"), ("gestures", "Spin"), ("items", "cookie")):
        if not panel.part(f"avatar-{fold}-deed").first.is_visible():
            unfold(panel, f"avatar-{fold}")
        panel.part(f"avatar-{fold}-deed").filter(has_text=name).click()
        expect(panel.part("toast")).to_contain_text(f"{name}: done")
    # The drawn character nods as well, and the model has a hotkey "Wave": each stands there once.
    for name in ("nod", "wave"):
        exact = re.compile(f"^{name}$", re.IGNORECASE)
        expect(panel.part("avatar-gestures-deed").filter(has_text=exact)).to_have_count(1)
    assert ordered(orchestrator) == [
        {"command": "avatar_hotkey", "hotkey": "nod"},
        {"command": "avatar_hotkey", "hotkey": "Spin"},
        {"command": "avatar_item", "item": "cookie"},
    ]


def test_three_hundred_hotkeys_are_searched_by_a_part_of_the_name(
    dock: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    tell(orchestrator, hotkeys=[f"Move {number}" for number in range(300)], gestures=[])
    dock.open()
    dock.page.get_by_test_id("tab-controls").click()
    unfold(dock, "avatar-gestures")
    expect(dock.part("avatar-gestures-deed")).to_have_count(24)
    expect(dock.part("avatar-gestures-more")).to_contain_text("more: write a part of the name")
    dock.part("avatar-gestures-search").fill("mOVE 299")
    expect(dock.part("avatar-gestures-deed")).to_have_count(1)
    dock.part("avatar-gestures-deed").click()
    assert ordered(orchestrator) == [{"command": "avatar_hotkey", "hotkey": "Move 299"}]
    dock.part("avatar-gestures-search").fill("nothing like it")
    expect(dock.part("avatar")).to_contain_text("None has that in its name.")


def test_names_of_a_model_are_text_whatever_stands_in_them(
    dock: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    bad = "<img src=x onerror=alert(1)>\u202etxet\u0000" + "Z͑ͫ̓ͪ̂ͫ̽" * 30
    long = "W" * 200
    names = [bad, long, "", "same", "same", "  ", "found", "nothing", "=found"]
    moods = [
        {"mood": "happy", "expression": bad, "chosen_by": "panel"},
        {"mood": "sad", "expression": "gone.exp3.json", "chosen_by": "panel"},
    ]
    dock.page.on("dialog", lambda dialog: pytest.fail("a name was run"))
    tell(
        orchestrator,
        model=bad,
        moods=moods,
        expressions=names,
        hotkeys=names,
        mouth=names,
        taken=names,
        detail=bad * 5,
    )
    dock.open()
    dock.page.get_by_test_id("tab-controls").click()
    unfold(dock, "mood-map-vtube_studio")
    unfold(dock, "avatar-gestures")
    card = dock.part("avatar")
    expect(card).to_contain_text("<img src=x")
    expect(card.locator("img")).to_have_count(0)
    assert "\u202e" not in card.inner_text()
    happy = row(dock, "happy").get_by_test_id("map-choice")
    expect(happy.locator("option:checked")).to_contain_text("<img src=x")
    expect(row(dock, "sad").get_by_test_id("map-choice").locator("option:checked")).to_have_text(
        "gone"
    )
    happy.select_option("=found")  # an expression that is called like a choice
    expect(dock.part("toast")).to_contain_text("happy: found")
    assert orchestrator.heard("avatar_mood")[-1]["expression"] == "found"
    wide = dock.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    overflow = card.evaluate("(node) => node.scrollWidth > node.clientWidth")
    assert not overflow
