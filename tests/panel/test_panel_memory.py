"""The Memory card: what she remembers, why, and forgetting it."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.panel import script, scripted_memory
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_memory import ScriptedMemory
from tests.panel.scripted_orchestrator import ScriptedOrchestrator

pytestmark = pytest.mark.browser

#: The panel asks for a hold of one second.
HOLD_MS = 1_300


@pytest.fixture
def memory(orchestrator: ScriptedOrchestrator) -> ScriptedMemory:
    scripted_memory.well_known(orchestrator.memory)
    return orchestrator.memory


def opened(panel: OpenPanel) -> OpenPanel:
    panel.open().part("memory-toggle").click()
    return panel


def fact(panel: OpenPanel, text: str) -> Locator:
    return panel.part("memory-fact").filter(has_text=text)


def hold(page: Page, button: Locator, for_ms: int = HOLD_MS) -> None:
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(for_ms)
    page.mouse.up()


def open_viewer(panel: OpenPanel, name: str) -> None:
    panel.choose("memory-part-viewers")
    panel.part("memory-viewer").filter(has_text=name).click()
    expect(panel.part("viewer-lines")).to_be_visible()


def test_nothing_is_asked_for_or_shown_before_the_card_is_opened(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    panel.open()
    expect(panel.part("memory-lines")).to_have_text("42 lines heard")
    assert memory.reads == 0
    assert "Momo" not in panel.page.content()
    panel.part("memory-toggle").click()
    expect(panel.part("memory-summary")).to_contain_text("a cat named Momo")
    expect(panel.part("memory-summary-writer")).to_have_text("Written by ollama.")
    expect(fact(panel, "no spoilers")).to_contain_text("The show")
    expect(fact(panel, "no spoilers")).to_contain_text("100 % just now")
    expect(fact(panel, "called Momo")).to_contain_text("marmalade_fan")
    expect(fact(panel, "called Momo")).to_contain_text("83 % 8 h ago used 4×")
    panel.part("memory-toggle").click()
    assert "Momo" not in panel.page.content()


def test_an_empty_memory_says_what_will_fill_it(panel: OpenPanel) -> None:
    opened(panel)
    expect(panel.part("memory-summary")).to_contain_text("No summary yet")
    expect(panel.part("memory-facts")).to_contain_text("Nothing learned yet")
    panel.choose("memory-part-viewers")
    expect(panel.part("memory-viewers")).to_contain_text("Nobody yet")
    panel.choose("memory-part-why")
    expect(panel.part("memory-why")).to_contain_text("No turn used a memory yet")


def test_more_that_was_said_is_looked_for_while_the_card_is_open(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    opened(panel)
    expect(panel.part("memory-facts")).to_be_visible()
    orchestrator.memory.facts = [scripted_memory.fact(1, "the boss is called Greg")]
    orchestrator.status["memory"]["messages"] = 43
    orchestrator.push(orchestrator.status)
    expect(fact(panel, "called Greg")).to_be_visible()


def test_the_search_finds_facts_and_viewers_whatever_case_and_accents(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    memory.facts.append(scripted_memory.fact(1, "prefiero café", "twitch:5", "José"))
    opened(panel).part("memory-search").fill("MARMALADE cat")
    expect(panel.part("memory-fact")).to_have_count(1)
    panel.part("memory-search").fill("jose CAFE")
    expect(panel.part("memory-fact")).to_have_text(
        "José prefiero café 90 % 1 h ago Forget Hold 1 s"
    )
    panel.part("memory-search").fill("pixel")
    expect(panel.part("panel")).to_contain_text("Viewers (1)")
    panel.choose("memory-part-viewers")
    expect(panel.part("memory-viewer")).to_have_count(1)
    panel.part("memory-search").fill("<b>nobody")
    expect(panel.part("memory-viewers")).to_have_text("No viewer with “<b>nobody”.")


def test_a_fact_of_the_show_is_forgotten_at_once_and_undo_remembers_it_again(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    opened(panel)
    fact(panel, "no spoilers").get_by_test_id("fact-forget").click()
    expect(panel.part("toast")).to_contain_text("Forgotten: no spoilers for the final boss")
    expect(fact(panel, "no spoilers")).to_have_count(0)
    panel.part("undo").click()
    expect(panel.part("toast")).to_contain_text("Remembered again: no spoilers")
    expect(fact(panel, "no spoilers")).to_have_count(1)
    assert memory.requests == ["DELETE /memory/facts/9", "POST /memory/facts"]


def test_a_viewers_fact_cannot_be_taught_again_so_it_goes_only_when_held(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    opened(panel)
    forget = fact(panel, "I live in Brazil").get_by_test_id("fact-forget")
    forget.click()
    expect(forget.get_by_text("Hold 1 s")).to_be_visible()
    place = forget.bounding_box()
    panel.part("memory-search").hover()
    expect(forget.get_by_text("Forget")).to_be_visible()
    assert forget.bounding_box() == place, "it slips away from under the pointer"
    hold(panel.page, forget, 300)
    expect(panel.part("toast")).to_have_count(0)
    assert memory.requests == []
    hold(panel.page, forget)
    expect(panel.part("toast")).to_contain_text("Forgotten: I live in Brazil")
    expect(panel.part("undo")).to_have_count(0)
    assert memory.requests == ["DELETE /memory/facts/7"]


def test_a_viewer_is_shown_with_facts_lines_and_answers(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    opened(panel)
    panel.part("memory-fact").get_by_role("button", name="marmalade_fan").first.click()
    lines = panel.part("viewer-lines").locator("li")
    expect(panel.part("viewer-facts")).to_contain_text("I live in Brazil")
    expect(lines).to_have_count(3)
    expect(lines.first).to_contain_text("nice outfit today, very autumn")
    expect(lines.first).to_contain_text("Very autumn, very fox.")
    expect(panel.part("viewer-back")).to_be_focused()
    expect(panel.part("viewer-unanswered")).to_have_count(0)
    panel.part("viewer-back").click()
    expect(panel.part("memory-viewer")).to_have_count(4)


def test_lines_without_an_answer_are_shown_with_the_reason(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    line = {"text": "first!", "at": 0, "state": "skipped", "reason": "too_old"}
    memory.viewers["twitch:31"]["unanswered"] = [line, {**line, "text": "hello?", "reason": None}]
    opened(panel)
    open_viewer(panel, "quietcat")
    panel.part("viewer-unanswered").locator("summary").click()
    lines = panel.part("viewer-unanswered-lines").locator("li")
    expect(lines).to_have_count(2)
    expect(lines.last).to_contain_text("first! too old, ")


def test_a_viewers_memory_is_exported_whole(
    panel: OpenPanel, memory: ScriptedMemory, tmp_path: Path
) -> None:
    opened(panel)
    open_viewer(panel, "marmalade_fan")
    with panel.page.expect_download() as download:
        panel.part("viewer-export").click()
    assert download.value.suggested_filename == "kitsu-memory-twitch-1001.json"
    target = tmp_path / "export.json"
    download.value.save_as(target)
    exported = json.loads(target.read_text(encoding="utf-8"))
    assert [line["text"] for line in exported["facts"]] == [
        "my cat is called Momo",
        "I live in Brazil",
    ]
    assert (len(exported["messages"]), len(exported["answers"])) == (3, 3)
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.part("viewer-copy").click()
    expect(panel.part("toast")).to_contain_text("Copy as JSON: done")
    assert json.loads(panel.page.evaluate("() => navigator.clipboard.readText()")) == exported


def test_a_viewer_is_forgotten_by_holding_and_it_is_said_how_much_went(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    opened(panel)
    open_viewer(panel, "marmalade_fan")
    hold(panel.page, panel.part("viewer-forget"), 300)
    assert memory.requests == []
    hold(panel.page, panel.part("viewer-forget"))
    expect(panel.part("toast")).to_contain_text("marmalade_fan is forgotten: 8 rows went")
    expect(panel.part("memory-viewer")).to_have_count(3)
    assert memory.requests == ["DELETE /memory/viewers/twitch:1001"]


def test_holding_the_key_forgets_too(panel: OpenPanel, memory: ScriptedMemory) -> None:
    opened(panel)
    open_viewer(panel, "pixelpaws")
    panel.part("viewer-forget").focus()
    panel.page.keyboard.down("Enter")
    expect(panel.part("toast")).to_contain_text("pixelpaws is forgotten: 2 rows went")
    panel.page.keyboard.up("Enter")


def test_a_viewer_whose_name_is_an_address_is_the_one_who_is_forgotten(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    viewer_id = "local:../facts/9?x=#y%2F"
    memory.viewers = {viewer_id: scripted_memory.kept(viewer_id, "sly", [("hello", "hi")])}
    opened(panel)
    open_viewer(panel, "sly")
    hold(panel.page, panel.part("viewer-forget"))
    expect(panel.part("toast")).to_contain_text("sly is forgotten: 2 rows went")
    assert memory.viewers == {}
    assert len(memory.facts) == 8


def test_what_the_operator_asks_to_be_remembered_is_and_can_be_undone(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    opened(panel).part("remember-text").fill("  next week is the charity stream  ")
    panel.part("remember-text").press("Enter")
    expect(fact(panel, "charity stream")).to_contain_text("The show")
    expect(panel.part("remember-text")).to_have_value("")
    panel.part("undo").click()
    expect(fact(panel, "charity stream")).to_have_count(0)
    assert memory.requests == ["POST /memory/facts", "DELETE /memory/facts/10"]


def test_what_she_may_not_say_is_refused_and_the_text_is_kept(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    panel.outage_expected = True
    opened(panel)
    expect(panel.part("memory-fact").first).to_be_visible()
    memory.problem = (
        422,
        {"title": "Not remembered", "detail": "She would not be allowed to say that."},
    )
    panel.part("remember-text").fill("something foul")
    panel.part("remember").click()
    said = panel.part("memory-problem").filter(has_text="Not remembered")
    expect(said.last).to_contain_text("She would not be allowed to say that. Your text is kept.")
    expect(panel.part("remember-text")).to_have_value("something foul")


def test_a_backup_says_where_the_file_is(panel: OpenPanel, memory: ScriptedMemory) -> None:
    opened(panel).part("backup").click()
    path = scripted_memory.BACKUP["file"]
    expect(panel.part("backup-file")).to_have_text(f"Saved (242 kB): {path}")
    panel.outage_expected = True
    memory.problem = (507, {"title": "The disk is full", "detail": "Free some space, then retry."})
    panel.part("backup").click()
    expect(panel.part("memory-problem")).to_contain_text("Free some space, then retry.")
    expect(panel.part("backup-file")).to_have_count(0)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ((500, "Internal Server Error"), "could not do it (500)"),
        (
            (503, {"title": "Locked", "detail": "Close the other program."}),
            "Close the other program",
        ),
        ((500, ["not", "a", "document"]), "look for a full disk or a locked file"),
        ((401, {"title": "Not signed in"}), "kitsu panel"),
        ((200, "<html>a proxy says hello"), "kitsu status"),
    ],
)
def test_every_error_says_what_mends_it_and_the_next_try_works(
    panel: OpenPanel, memory: ScriptedMemory, problem: tuple[int, object], words: str
) -> None:
    panel.outage_expected = True
    memory.problem = problem
    opened(panel)
    expect(panel.part("memory-problem")).to_contain_text(words)
    expect(panel.part("memory-fact")).to_have_count(0)
    memory.problem = None
    panel.part("memory-retry").click()
    expect(panel.part("memory-problem")).to_have_count(0)
    expect(panel.part("memory-fact").first).to_be_visible()


def test_forgetting_that_failed_is_said_and_nothing_disappears(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    panel.outage_expected = True
    opened(panel)
    memory.gone.add(memory.facts[0]["fact_id"])
    fact(panel, "no spoilers").get_by_test_id("fact-forget").click()
    expect(panel.part("toast")).to_contain_text("Not forgotten: No such fact")
    expect(fact(panel, "no spoilers")).to_have_count(1)
    open_viewer(panel, "quietcat")
    memory.problem = (503, {"title": "Locked", "detail": "Try again soon."})
    hold(panel.page, panel.part("viewer-forget"))
    expect(panel.part("toast")).to_contain_text("Not forgotten: Locked Try again soon.")
    expect(panel.part("viewer")).to_be_visible()


def test_memory_that_is_not_used_says_which_setting_turns_it_on(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.status["memory"]["restore_context"] = False
    orchestrator.memory.restore_context = False
    opened(panel)
    expect(panel.part("memory-lines")).to_contain_text("not used")
    expect(panel.part("memory-off")).to_contain_text("RESTORE_CONTEXT is off")


def test_why_shows_the_memories_of_the_latest_turns_and_their_reasons(
    panel: OpenPanel, memory: ScriptedMemory
) -> None:
    opened(panel)
    panel.choose("memory-part-why")
    turns = panel.part("memory-why").locator("> li")
    expect(turns).to_have_count(2)
    memories = turns.first.get_by_test_id("recalled")
    expect(memories).to_have_count(3)
    expect(memories.first).to_contain_text("fact")
    expect(memories.first).to_contain_text("my cat is called Momo")
    expect(memories.first).to_contain_text("told by the one who asks")
    expect(memories.nth(1)).to_contain_text("She Brazil! Welcome in.")


def test_an_opened_turn_shows_which_memories_went_along(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator, memory: ScriptedMemory
) -> None:
    orchestrator.history = [script.turn(21, 400.0), script.turn(22, 400.0)]
    panel.open().part("turn").first.click()
    used = panel.part("turn").first.get_by_test_id("turn-memories")
    expect(used.get_by_test_id("recalled")).to_have_count(3)
    expect(used).to_contain_text("told by the one who asks")
    panel.part("turn").nth(1).locator("summary").click()
    expect(panel.part("turn").nth(1)).to_contain_text("No memory went along.")
    panel.page.wait_for_timeout(1_000)  # what is still on its way arrives
    reads = memory.reads
    panel.page.wait_for_timeout(300)
    assert memory.reads == reads, "it asks again and again"


def test_a_turn_older_than_what_is_told_claims_nothing(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.history = [script.turn(number, 400.0) for number in range(1, 13)]
    orchestrator.memory.recalled = [
        scripted_memory.recalled(number, "fact", "the show", "snacks", "fits")
        for number in range(12, 2, -1)
    ]
    panel.open().page.get_by_role("button", name="Show 8 more").click()
    panel.part("turn").last.locator("summary").click()
    expect(panel.part("turn").last).to_contain_text("told for the latest turns only")


def test_a_turn_whose_memories_cannot_be_had_says_why(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.outage_expected = True
    orchestrator.history = [script.turn(1, 400.0)]
    orchestrator.memory.problem = (503, {"title": "Locked", "detail": "Try again soon."})
    panel.open().part("turn").click()
    expect(panel.part("turn-memories")).to_have_text("Memories: Locked. Try again soon.")


def test_hostile_text_is_text_and_nothing_sticks_out(
    dock: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    evil = "<img src=x onerror=alert(1)>\u202egnp.exe" + "a\u0301\u0301\u0301\u0301\u0301" * 9
    long = evil + "x" * 300
    memory = orchestrator.memory
    memory.summary = long
    memory.recent = [{"speaker": "viewer", "name": long, "role": "viewer", "text": long}]
    memory.facts = [
        scripted_memory.fact(2, long, evil, long, topic=evil, strength=7e9, learned_at=0),
        scripted_memory.fact(1, long),
    ]
    memory.viewers = {evil: scripted_memory.kept(evil, long, [(long, long)])}
    memory.recalled = [scripted_memory.recalled(1, evil, long, long, long)]
    orchestrator.history = [script.turn(1, 400.0)]
    dock.open().part("tab-controls").click()
    dock.part("memory-toggle").click()
    dock.part("memory-recent").locator("summary").click()

    def look() -> None:
        text = dock.part("panel").inner_text()
        assert "<img src=x onerror=alert(1)>gnp.exe" in text
        assert "\u202e" not in text
        assert dock.page.locator("img[src=x]").count() == 0
        too_wide = dock.page.evaluate(
            """() => [...document.querySelectorAll(".column, .card, html")]
                .filter((element) => element.scrollWidth > element.clientWidth + 1).length"""
        )
        assert too_wide == 0

    expect(dock.part("memory-fact")).to_have_count(2)
    look()
    dock.choose("memory-part-why")
    expect(dock.part("recalled")).to_have_count(1)
    look()
    dock.choose("memory-part-viewers")
    dock.part("memory-viewer").click()
    expect(dock.part("viewer-lines")).to_be_visible()
    look()
    hold(dock.page, dock.part("viewer-forget"))
    expect(dock.part("toast")).to_contain_text("is forgotten")
    assert memory.requests == [f"DELETE /memory/viewers/{evil}"]
    dock.part("tab-health").click()
    dock.part("turn").click()
    expect(dock.part("recalled")).to_have_count(1)
    look()


def test_much_is_shown_in_portions(panel: OpenPanel, orchestrator: ScriptedOrchestrator) -> None:
    orchestrator.memory.facts = [scripted_memory.fact(n, f"fact {n}") for n in range(50, 0, -1)]
    opened(panel)
    expect(panel.part("memory-fact")).to_have_count(6)
    panel.part("memory-facts-more").click()
    expect(panel.part("memory-fact")).to_have_count(36)
    panel.part("memory-facts-more").click()
    expect(panel.part("memory-fact")).to_have_count(50)


def test_everything_on_the_card_has_a_name(panel: OpenPanel, memory: ScriptedMemory) -> None:
    opened(panel)
    for button in panel.part("fact-forget").all():
        assert (button.get_attribute("aria-label") or "").startswith("Forget: ")
    open_viewer(panel, "marmalade_fan")
    expect(panel.page.get_by_role("button", name="Forget all of marmalade_fan")).to_be_visible()
