"""The panel's view of the mind: prompts, code, who answers, and whom she is."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.panel import script
from tests.panel import scripted_mind as mind
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator
from tests.panel.test_panel_talk import HOSTILE

pytestmark = pytest.mark.browser

CODE = "def double(n):\n\treturn 2 * n"
CLIPBOARD = """() => {
    window.copied = [];
    navigator.clipboard.writeText = async (text) => { window.copied.push(text); };
}"""


def open_turn(panel: OpenPanel, orchestrator: ScriptedOrchestrator, **more: Any) -> Locator:
    orchestrator.push(script.turn(1, 400.0, **more))
    turn = panel.part("turn").first
    turn.locator("summary").click()
    return turn


# Prompts -----------------------------------------------------------------------------------------


def test_an_opened_turn_shows_its_prompt_on_demand(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    asked = mind.prompt(("system", "You are Kitsu."), ("user", '{"text": "tea?"}'))
    asked["messages"][1]["pictures"] = ["image/png, 34 kB"]
    orchestrator.mind.prompts["turn1"] = asked
    turn = open_turn(panel.open(), orchestrator)
    expect(turn.get_by_test_id("prompt-message")).to_have_count(0)
    turn.get_by_test_id("prompt-show").click()
    messages = turn.get_by_test_id("prompt-message")
    expect(messages).to_have_count(2)
    expect(messages.first).to_contain_text("Instructions")
    expect(messages.last).to_contain_text("with a picture: image/png, 34 kB")
    expect(turn.get_by_test_id("turn-prompt")).to_contain_text("2 messages to Ollama (llama3.2)")
    expect(turn.get_by_test_id("turn-prompt")).not_to_contain_text("in part")
    turn.get_by_test_id("prompt-show").click()
    expect(messages).to_have_count(0)


def test_a_prompt_shows_what_tools_were_asked_and_what_they_said(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    asked = mind.prompt(("user", "roll it"), ("assistant", ""), ("tool", '"a 4"'))
    asked["messages"][1]["tools"] = ['roll {"sides": "<b>20</b>"}']
    asked["messages"][2]["tools"] = ["roll"]
    orchestrator.mind.prompts["turn1"] = asked
    turn = open_turn(panel.open(), orchestrator)
    turn.get_by_test_id("prompt-show").click()
    tools = turn.get_by_test_id("prompt-tool")
    expect(tools).to_have_count(2)
    expect(tools.first).to_have_text('asks the tool roll {"sides": "<b>20</b>"}')
    expect(tools.last).to_have_text("answer of roll")
    expect(turn.get_by_test_id("prompt-message").last).to_contain_text('"a 4"')


def test_a_prompt_that_is_not_kept_says_why_and_comes_when_the_reply_is_written(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True  # the browser tells of every 404
    turn = open_turn(panel.open(), orchestrator, outcome=None, state="thinking")
    turn.get_by_test_id("prompt-show").click()
    expect(turn.get_by_test_id("prompt-problem")).to_contain_text("Prompts are kept for the last")
    orchestrator.mind.prompts["turn1"] = mind.prompt(("user", "tea?"))
    orchestrator.push(script.turn(1, 400.0))
    expect(turn.get_by_test_id("prompt-message")).to_have_text("To her tea?")


def test_who_takes_no_prompt_is_said_to_take_none(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.prompts["turn1"] = mind.prompt(engine="scripted")
    turn = open_turn(panel.open(), orchestrator)
    turn.get_by_test_id("prompt-show").click()
    expect(turn.get_by_test_id("turn-prompt")).to_contain_text("No prompt: scripted answered")


def test_a_prompt_of_hostile_texts_is_only_text(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.prompts["turn1"] = mind.prompt(
        *(("user", text) for text in HOSTILE),
        ("<b onclick=window.harmed=9>", "odd role"),
        engine="<i>engine</i>\u202e",
        shortened=True,
    )
    turn = open_turn(panel.open(), orchestrator)
    turn.get_by_test_id("prompt-show").click()
    expect(turn.get_by_test_id("prompt-message")).to_have_count(len(HOSTILE) + 1)
    shown = turn.get_by_test_id("turn-prompt")
    expect(shown).to_contain_text("shown in part")
    text = shown.inner_text()
    assert not set(text) & set("\u202e\u2066\u200b\x1b\x00\u2028\ufeff")
    assert shown.locator("img, script, iframe, svg, style").count() == 0
    assert panel.page.evaluate("window.harmed") is None
    expect(panel.part("panic")).to_be_visible()


def test_a_long_prompt_scrolls_in_its_own_box_and_can_be_copied(
    dock: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.prompts["turn1"] = mind.prompt(
        ("system", "word " * 2_000), *(("user", "x" * 900) for _ in range(10))
    )
    dock.open().part("tab-health").click()
    dock.page.evaluate(CLIPBOARD)
    turn = open_turn(dock, orchestrator)
    turn.get_by_test_id("prompt-show").click()
    box = turn.get_by_role("region", name="Prompt")
    expect(box).to_be_visible()
    size = box.bounding_box()
    assert size is not None
    assert size["height"] <= 400
    assert dock.page.evaluate("document.documentElement.scrollWidth") <= 360
    turn.get_by_test_id("prompt-copy").click()
    expect(dock.part("toast")).to_contain_text("Copy: done")
    [copied] = dock.page.evaluate("window.copied")
    assert copied.startswith("[system]\nword ")
    assert len(copied) > 18_000


# Code --------------------------------------------------------------------------------------------


def test_the_code_of_a_turn_is_shown_and_copied(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.code["turn1"] = [
        {"language": "python", "text": CODE},
        {"language": "", "text": "double(4)"},
    ]
    panel.open().page.evaluate(CLIPBOARD)
    turn = open_turn(panel, orchestrator, code_pieces=2)
    expect(panel.part("has-code")).to_have_text("code")
    pieces = turn.get_by_test_id("code")
    expect(pieces).to_have_count(2)
    expect(pieces.first).to_contain_text("python")
    assert pieces.first.locator("pre").inner_text() == CODE
    assert "mono" in pieces.first.locator("pre").evaluate("e => getComputedStyle(e).fontFamily")
    pieces.last.get_by_test_id("code-copy").click()
    expect(panel.part("toast")).to_contain_text("Copy: done")
    assert panel.page.evaluate("window.copied") == ["double(4)"]


def test_code_that_comes_while_the_turn_is_open_is_shown(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    turn = open_turn(panel.open(), orchestrator, outcome=None, state="speaking")
    expect(turn.get_by_test_id("turn-code")).to_have_count(0)
    orchestrator.mind.code["turn1"] = [{"language": "lua", "text": "print(1)"}]
    orchestrator.push(script.turn(1, 400.0, code_pieces=1))
    expect(turn.get_by_test_id("code")).to_have_count(1)
    orchestrator.mind.code["turn1"].append({"language": "lua", "text": "print(2)"})
    orchestrator.push(script.turn(1, 400.0, code_pieces=2))
    expect(turn.get_by_test_id("code")).to_have_count(2)


def test_hostile_code_is_only_text_on_screen_and_in_the_clipboard(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.code["turn1"] = [
        {"language": "<img src=x onerror=window.harmed=1>", "text": text} for text in HOSTILE
    ]
    panel.open().page.evaluate(CLIPBOARD)
    turn = open_turn(panel, orchestrator, code_pieces=len(HOSTILE))
    expect(turn.get_by_test_id("code")).to_have_count(len(HOSTILE))
    shown = turn.get_by_test_id("turn-code")
    assert shown.locator("img, script, iframe, svg, style").count() == 0
    for number in range(len(HOSTILE)):
        turn.get_by_test_id("code-copy").nth(number).click()
    expect(panel.part("toast")).to_contain_text("Copy: done")
    copied = "".join(panel.page.evaluate("window.copied"))
    assert not set(copied) & set("\u202e\u2066\u200b\x1b\x00\u2028\ufeff")
    assert panel.page.evaluate("window.harmed") is None


def test_long_lines_of_code_do_not_widen_a_dock(
    dock: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.code["turn1"] = [
        {"language": "python", "text": "x = '" + "a" * 5_000 + "'\n" + "\n".join("y" * 500)}
    ]
    dock.open().part("tab-health").click()
    turn = open_turn(dock, orchestrator, code_pieces=1)
    box = turn.get_by_role("region", name="Code 1").bounding_box()
    assert box is not None
    assert (box["width"] <= 350, box["height"] <= 300) == (True, True)
    assert dock.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_code_that_cannot_be_had_says_so(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    panel.open()
    orchestrator.mind.problem = (500, {"title": "Broken", "detail": "Look at <b>the log</b>."})
    turn = open_turn(panel, orchestrator, code_pieces=1)
    expect(turn.get_by_test_id("turn-code")).to_contain_text("Broken. Look at <b>the log</b>.")


# Who answers -------------------------------------------------------------------------------------


def test_who_answers_each_function_is_shown(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    answers = panel.part("answers")
    expect(answers).to_have_count(3)
    expect(answers.nth(0)).to_have_text("Chat Ollama (llama3.2)")
    expect(answers.nth(2)).to_have_text("Pictures nobody")
    expect(panel.part("pull")).to_have_count(0)
    expect(panel.part("models-complaint")).to_have_count(0)


def test_a_missing_model_is_pulled_with_progress_and_then_answers(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.models = mind.models("llama3.2")
    panel.open()
    expect(panel.part("answers").nth(0)).to_contain_text("the scripted persona")
    panel.part("pull").click()
    expect(panel.part("pull-progress")).to_contain_text("pulling manifest")
    expect(panel.part("pull")).to_have_count(0)
    orchestrator.mind.models["pull"] = mind.pull("llama3.2", 43.0)
    expect(panel.part("pull-progress")).to_contain_text("43 %, 868 MB of 2.0 GB")
    expect(panel.page.get_by_role("progressbar")).to_have_attribute("value", "43")
    orchestrator.mind.models = {
        **mind.models(),
        "pull": mind.pull("llama3.2", 100.0, done=True, ok=True, message="llama3.2 is there."),
    }
    expect(panel.part("answers").nth(0)).to_contain_text("Ollama (llama3.2)")
    expect(panel.part("pull-progress")).to_have_count(0)
    assert orchestrator.mind.pulls == ["llama3.2"]
    looks = orchestrator.mind.looks
    panel.page.wait_for_timeout(1_500)
    assert orchestrator.mind.looks == looks


def test_a_pull_can_be_stopped_and_tried_again(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.models = mind.models("llama3.2")
    panel.open().part("pull").click()
    panel.part("pull-stop").click()
    expect(panel.part("pull-failed")).to_have_text("Stopped.")
    panel.part("pull").click()
    expect(panel.part("pull-progress")).to_be_visible()
    assert orchestrator.mind.pulls == ["llama3.2", "llama3.2"]


def test_without_ollama_the_one_step_is_shown_and_nothing_offered(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.models = mind.models(answers=False)
    panel.open()
    expect(panel.part("models-complaint")).to_contain_text("start it with `ollama serve`")
    expect(panel.part("models-complaint")).to_have_count(1)
    expect(panel.part("pull")).to_have_count(0)


def test_who_answers_is_looked_up_again_when_the_brain_says_something_new(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.models = mind.models(answers=False)
    panel.open()
    expect(panel.part("answers").nth(0)).to_contain_text("the scripted persona")
    orchestrator.mind.models = mind.models()
    orchestrator.status["modules"]["policy_worker"]["engine"] = "ollama"
    orchestrator.push(orchestrator.status)
    expect(panel.part("answers").nth(0)).to_contain_text("Ollama (llama3.2)")


def test_a_brain_that_is_away_says_so_with_the_step(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    orchestrator.mind.problem = (
        503,
        {"title": "The brain does not answer", "detail": "kitsu restart policy_worker"},
    )
    panel.open()
    expect(panel.part("models-problem")).to_contain_text("kitsu restart policy_worker")


def test_hostile_names_of_models_are_only_text(
    dock: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    hostile = "<img src=x onerror=window.harmed=1>\u202e" + "x" * 150
    told = mind.models(hostile)
    told["functions"][hostile] = [mind.engine("ollama", hostile, complaint=hostile)]
    orchestrator.mind.models = told
    dock.open().part("tab-controls").click()
    dock.part("pull").click()
    dock.part("pull-progress").wait_for()  # the order has come to the orchestrator
    orchestrator.mind.models["pull"] = mind.pull(hostile, 1.0)
    expect(dock.part("pull-progress")).to_contain_text("1 %")
    assert dock.part("models").locator("img").count() == 0
    assert dock.page.evaluate("window.harmed") is None
    assert "\u202e" not in dock.part("models").inner_text()
    assert dock.page.evaluate("document.documentElement.scrollWidth") <= 360


# Whom she is -------------------------------------------------------------------------------------


def test_another_persona_is_chosen_and_undone(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    expect(panel.part("persona-kitsu")).to_be_checked()
    panel.choose("persona-kitsu-pt")
    expect(panel.part("persona-kitsu-pt")).to_be_checked()
    expect(panel.part("toast")).to_contain_text("The persona is Kitsu · pt-BR now")
    assert orchestrator.heard("persona")[0]["persona"] == "kitsu-pt"
    panel.part("undo").click()
    expect(panel.part("persona-kitsu")).to_be_checked()
    undone = orchestrator.heard("persona")[1]
    assert {k: undone[k] for k in ("persona", "style", "chaos", "energy", "family_mode")} == {
        "persona": "kitsu",
        "style": "playful",
        "chaos": 0.35,
        "energy": 0.6,
        "family_mode": True,
    }


def test_a_refused_persona_leaves_her_as_she_was_and_says_which_line(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.refusal = {
        "title": "The persona is still the same",
        "detail": "kitsu-pt.yaml, line 6: chaos: must be a number",
    }
    panel.open().choose("persona-kitsu-pt")
    expect(panel.part("toast")).to_contain_text("kitsu-pt.yaml, line 6")
    expect(panel.part("persona-kitsu")).to_be_checked()


def test_a_broken_file_is_named_with_its_lines_and_cannot_be_chosen(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    problem = "odd.yaml, line 6: chaos: must be <b>a number</b>\nodd.yaml, line 9: no\u202e"
    orchestrator.mind.personas.append(mind.persona("odd", "", problem, title=""))
    panel.open()
    expect(panel.part("persona-broken")).to_contain_text("odd cannot be used")
    expect(panel.part("persona-broken")).to_contain_text("line 6: chaos: must be <b>a number</b>")
    assert "\u202e" not in panel.part("persona-broken").inner_text()
    expect(panel.part("persona-odd")).to_have_count(0)


def test_two_personas_of_one_name_can_be_told_apart(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.mind.personas.append(mind.persona("twin"))
    panel.open()
    label = panel.page.locator("label").filter(has=panel.part("persona-twin"))
    expect(label).to_have_text("Kitsu · en (twin)")


def test_style_chaos_energy_and_family_mode_change_live(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().choose("style-cozy")
    panel.part("slider-chaos").fill("80")
    panel.part("slider-energy").fill("20")
    panel.part("family-mode").click()
    expect(panel.part("family-mode")).to_have_attribute("aria-checked", "false")
    now = orchestrator.status["persona"]
    assert (now["style"], now["chaos"], now["energy"]) == ("cozy", 0.8, 0.2)
