import pytest
from playwright.sync_api import expect

from tests.panel import script
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser


def without_id(command: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in command.items() if name != "id"}


def test_a_module_is_switched_off_and_undo_switches_it_on_again(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().part("module-tts_worker").click()
    expect(panel.part("module-tts_worker")).to_have_attribute("aria-checked", "false")
    expect(panel.part("module-tts_worker")).to_contain_text("off")
    expect(panel.part("toast")).to_contain_text("Voice turned off")
    panel.part("undo").click()
    expect(panel.part("module-tts_worker")).to_have_attribute("aria-checked", "true")
    assert [without_id(command) for command in orchestrator.commands] == [
        {"command": "module", "module": "tts_worker", "enabled": False},
        {"command": "module", "module": "tts_worker", "enabled": True},
    ]


def test_control_z_undoes_too(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    panel.open().part("family-mode").click()
    expect(panel.part("family-mode")).to_have_attribute("aria-checked", "false")
    expect(panel.part("undo")).to_be_visible()
    panel.page.keyboard.press("Control+z")
    expect(panel.part("family-mode")).to_have_attribute("aria-checked", "true")
    assert [order["family_mode"] for order in orchestrator.heard("persona")] == [False, True]


def test_a_refused_switch_goes_back_and_says_why(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.refusal = {"title": "Unknown module", "detail": "Known: stage."}
    panel.open().part("module-stage").click()
    expect(panel.part("toast")).to_contain_text("Unknown module")
    expect(panel.part("module-stage")).to_have_attribute("aria-checked", "true")
    panel.choose("style-cozy")
    expect(panel.part("style-playful")).to_be_checked()
    expect(panel.part("undo")).to_have_count(0)


def test_every_module_state_has_a_word(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    stage = orchestrator.status["modules"]["stage"]
    for state, word in (
        ("ready", "ready"),
        ("starting", "starting"),
        ("degraded", "degraded"),
        ("off", "off"),
        ("down", "down"),
        ("not_configured", "not configured"),
    ):
        stage["state"] = state
        orchestrator.push(orchestrator.status)
        expect(panel.part("module-stage")).to_contain_text(word)
        assert panel.part("module-stage").locator("svg").count() == 1


def test_the_scripted_persona_is_labelled(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    brain = panel.part("module-policy_worker")
    expect(brain).to_contain_text("scripted")
    orchestrator.status["modules"]["policy_worker"]["engine"] = "ollama llama3.2"
    orchestrator.push(orchestrator.status)
    expect(brain).to_contain_text("ollama llama3.2")
    expect(brain).not_to_contain_text("scripted")


def test_persona_changes_go_out_in_the_units_of_the_wire(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open().choose("style-chaotic")
    expect(panel.part("style-chaotic")).to_be_checked()
    panel.part("slider-chaos").fill("80")
    expect(panel.part("toast")).to_contain_text("Chaos set to 80")
    panel.part("slider-energy").focus()
    panel.page.keyboard.press("ArrowRight")
    expect(panel.part("toast")).to_contain_text("Energy set to 61")
    assert [without_id(command) for command in orchestrator.commands] == [
        {"command": "persona", "style": "chaotic"},
        {"command": "persona", "chaos": 0.8},
        {"command": "persona", "energy": 0.61},
    ]


def test_a_face_is_chosen(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    panel.open().part("mood-smug").click()
    expect(panel.part("mood-smug")).to_have_attribute("aria-pressed", "true")
    assert orchestrator.heard("expression")[0]["mood"] == "smug"


def test_stop_voice(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    panel.open().part("stop").click()
    expect(panel.part("toast")).to_contain_text("Voice stopped")
    assert len(orchestrator.heard("stop")) == 1


def test_the_overlay_address_is_copied(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.open()
    expect(panel.part("overlay-pages")).to_contain_text("1 page open")
    panel.part("copy-overlay").click()
    expect(panel.part("toast")).to_contain_text("Copy overlay URL: done")
    copied = panel.page.evaluate("navigator.clipboard.readText()")
    assert copied == orchestrator.status["overlay"]["url"]


def test_without_a_clipboard_the_address_is_shown_to_be_copied_by_hand(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    panel.page.evaluate(
        "() => { navigator.clipboard.writeText = async () => { throw new DOMException('no') } }"
    )
    panel.part("copy-overlay").click()
    field = panel.page.get_by_label("Press Ctrl+C")
    expect(field).to_have_value(orchestrator.status["overlay"]["url"])


def test_turns_show_where_their_time_went(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.push(script.turn(1, 400.0, outcome=None, state="thinking"))
    turn = panel.part("turn")
    expect(turn).to_contain_text("thinking")
    orchestrator.push(script.turn(1, 400.0, outcome="interrupted"))
    expect(turn).to_have_count(1)
    expect(turn).to_contain_text("cut short")
    expect(turn).to_contain_text("400 ms")
    turn.locator("summary").click()
    expect(turn).to_contain_text("First sentence")
    expect(turn).to_contain_text("192 ms")


def test_a_turn_that_reached_no_stage_is_shown_without_figures(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.push(
        script.turn(1, 0.0, outcome="blocked", stages={"wait_ms": 0.0, "gate_ms": None})
    )
    expect(panel.part("turn")).to_contain_text("blocked")
    expect(panel.part("turn")).to_contain_text("–")


def test_latency_is_a_chart_a_table_and_a_sentence(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.push(
        *(script.turn(number, 400.0 + number) for number in range(30)),
        script.latency(30, total=(415.0, 428.0), policy=(200.0, 206.0)),
    )
    expect(panel.part("latency")).to_contain_text("428 ms")
    chart = panel.part("latency-chart")
    expect(chart.locator("canvas")).to_be_visible()
    expect(chart).to_have_attribute("aria-label", "Time to first sound of the last 30 turns: "
        "newest 429 ms, half within 415 ms, 95 of 100 within 428 ms.")  # fmt: skip


def test_incidents_come_newest_first(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    panel.open()
    orchestrator.push(
        script.incident(1, "warning", "the older"), script.incident(2, "error", "the newer")
    )
    expect(panel.part("incidents").locator("li").first).to_contain_text("the newer")
    expect(panel.part("incidents").locator("li").first).to_contain_text("error")
