"""The Safety card: what the gate stopped, and what the show itself allows or blocks."""

import pytest
from playwright.sync_api import Locator, expect

from tests.panel import script, scripted_safety
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator
from tests.panel.scripted_safety import ScriptedSafety

pytestmark = pytest.mark.browser


@pytest.fixture
def safety(orchestrator: ScriptedOrchestrator) -> ScriptedSafety:
    scripted_safety.well_guarded(orchestrator.safety)
    return orchestrator.safety


def opened(panel: OpenPanel) -> OpenPanel:
    panel.open()
    panel.part("safety-toggle").click()
    expect(panel.part("safety-blocked")).to_be_visible()
    return panel


def stopped(panel: OpenPanel, code: str) -> Locator:
    return panel.part("blocked-text").filter(has_text=code)


def own_rule(panel: OpenPanel, text: str) -> Locator:
    return panel.part("own-rule").filter(has_text=text)


# What was stopped --------------------------------------------------------------------------------


def test_nothing_is_asked_for_before_the_card_is_opened_and_nothing_stays_after(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    panel.open()
    assert safety.reads == 0
    panel.part("safety-toggle").click()
    stopped(panel, "links.address").get_by_test_id("blocked-show").click()
    expect(panel.part("blocked-words")).to_be_visible()
    panel.part("safety-toggle").click()
    assert "foxden" not in panel.page.content()


def test_each_stopped_text_says_where_and_why_in_plain_words(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    opened(panel)
    for code, words in {
        "links.address": ("stopped", "her words", "viewer1", "a link"),
        "profanity.leet": ("said softer", "pixelpaws", "swearing"),
        "touchy.holocaust": ("turned aside", "said to her", "a touchy topic: holocaust"),
        "guard.late": ("stopped", "the second model did not answer in time"),
        "slurs.word": ("a slur", "nobody can allow it"),
        "personal_data.phone": ("her line for chat", "personal data", "The words are not known"),
    }.items():
        for word in words:
            expect(stopped(panel, code)).to_contain_text(word)


def test_the_words_are_hidden_until_they_are_asked_for(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    opened(panel)
    assert "foxden" not in panel.page.content()
    row = stopped(panel, "links.address")
    row.get_by_test_id("blocked-show").click()
    expect(row.get_by_test_id("blocked-words")).to_have_text(
        "Come and join discord.gg/foxden right now!"
    )
    expect(row.locator("mark")).to_have_text("discord.gg/foxden")
    row.get_by_test_id("blocked-show").click()
    expect(row.get_by_test_id("blocked-words")).to_have_count(0)


def test_hostile_words_are_text_and_nothing_else(panel: OpenPanel, safety: ScriptedSafety) -> None:
    evil = "<img src=x onerror=alert(1)>\u202eevil\u202c" + "e" + "\u0301" * 40 + "x" * 5_000
    safety.blocked = [
        scripted_safety.blocked(1, "<b>constructor", evil, matched="<img src=x", author=evil),
        scripted_safety.blocked(2, "__proto__.x", "y", place="toString", action="valueOf"),
    ]
    safety.rules = [safety.rule("block", evil)]
    opened(panel)
    stopped(panel, "constructor").get_by_test_id("blocked-show").click()
    expect(panel.part("blocked-words")).to_contain_text("<img src=x onerror=alert(1)>evil")
    expect(stopped(panel, "__proto__.x")).to_contain_text("valueOf")
    panel.choose("safety-part-rules")
    expect(own_rule(panel, "<img src=x")).to_be_visible()
    assert panel.page.locator("img[src='x']").count() == 0
    assert "\u202e" not in panel.page.content()
    assert panel.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_stopped_meanwhile_comes_by_itself(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    opened(panel)
    expect(panel.part("safety-blocked")).to_contain_text("Nothing in the last quarter of an hour")
    orchestrator.safety.blocked = [scripted_safety.blocked(1, "links.address", "kitsu.gg")]
    orchestrator.push(script.feed(1, "blocked", "Kitsu", "stopped", note="links.address"))
    expect(stopped(panel, "links.address")).to_be_visible()
    expect(panel.part("safety-count")).to_have_text("1 stopped lately")


def test_the_feed_says_in_plain_words_why_something_was_stopped(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    for number, (code, words) in enumerate(
        {
            "profanity.word": "blocked: swearing",
            "touchy.war": "blocked: a touchy topic: war",
            "own.block": "blocked: your own rule",
            "guard.unsafe": "blocked: the second model called it unsafe",
            "a_new.one": "blocked: a new.one",
            "constructor": "blocked: constructor",
        }.items()
    ):
        orchestrator.push(script.feed(number, "blocked", "Kitsu", "stopped", note=code))
        expect(panel.rows.last).to_contain_text(words)


def test_a_turn_says_why_it_was_blocked(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    orchestrator.push(
        {"type": "turn", "turn": script.turn(1, 300.0)["turn"] | {"reason": "guard.failed"}}
    )
    panel.part("turn").locator("summary").click()
    expect(panel.part("turn-reason")).to_contain_text("the second model had no clear answer")


# Rules -------------------------------------------------------------------------------------------


def test_one_click_allows_what_was_stopped_and_undo_takes_it_back(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    opened(panel)
    row = stopped(panel, "links.address")
    row.get_by_test_id("blocked-allow").click()
    expect(panel.part("toast")).to_contain_text("Allowed from the next turn on")
    assert "foxden" not in panel.part("toast").inner_text()
    expect(row).to_contain_text("allowed now")
    expect(row.get_by_test_id("blocked-allow")).to_have_count(0)
    panel.part("undo").click()
    expect(row.get_by_test_id("blocked-allow")).to_be_visible()
    assert safety.requests == [
        ("POST", {"action": "allow", "blocked_id": "blocked1"}),
        ("DELETE", "rule3"),
    ]


def test_one_click_blocks_more_like_it_and_undo_of_a_changed_rule_puts_the_old_one_back(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    safety.rules.append(safety.rule("allow", "h3ck"))
    opened(panel)
    row = stopped(panel, "profanity.leet")
    row.get_by_test_id("blocked-block").click()
    expect(panel.part("toast")).to_contain_text("Blocked from the next turn on")
    expect(row).to_contain_text("your own rule")
    panel.part("undo").click()
    expect(row).to_contain_text("allowed now")
    assert safety.requests[-1] == ("POST", {"action": "allow", "text": "h3ck"})


def test_where_the_words_are_not_known_the_text_goes_into_the_box_for_rules(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    opened(panel)
    stopped(panel, "guard.late").get_by_test_id("blocked-block").click()
    expect(panel.part("rule-text")).to_have_value("That was a terrible time for everyone.")
    panel.part("rule-text").fill("terrible time")
    panel.part("rule-block").click()
    expect(own_rule(panel, "terrible time")).to_contain_text("blocked")
    expect(panel.part("rule-text")).to_have_value("")
    assert safety.requests == [("POST", {"action": "block", "text": "terrible time"})]


def test_rules_are_listed_added_and_removed_with_undo(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    opened(panel)
    panel.choose("safety-part-rules")
    expect(own_rule(panel, "final boss")).to_contain_text("blocked")
    expect(own_rule(panel, "kitsu.gg")).to_contain_text("allowed")
    panel.part("rule-text").fill("  foxden.tv ")
    panel.part("rule-allow").click()
    expect(own_rule(panel, "foxden.tv")).to_contain_text("allowed")
    own_rule(panel, "final boss").get_by_test_id("rule-remove").click()
    expect(own_rule(panel, "final boss")).to_have_count(0)
    panel.part("undo").click()
    expect(own_rule(panel, "final boss")).to_be_visible()
    assert safety.requests == [
        ("POST", {"action": "allow", "text": "foxden.tv"}),
        ("DELETE", "rule1"),
        ("POST", {"action": "block", "text": "final boss"}),
    ]


def test_a_rule_that_is_there_already_offers_no_undo(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    opened(panel)
    panel.choose("safety-part-rules")
    panel.part("rule-text").fill("final boss")
    panel.part("rule-text").press("Enter")
    expect(panel.part("toast")).to_contain_text("That is a rule already")
    expect(panel.part("undo")).to_have_count(0)


def test_a_refused_rule_says_why_and_keeps_the_text(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    panel.outage_expected = True
    safety.refusal = (422, {"title": "Nobody can allow that", "detail": "No rule lifts that."})
    opened(panel)
    panel.choose("safety-part-rules")
    panel.part("rule-text").fill("badword")
    panel.part("rule-allow").click()
    expect(panel.part("safety-problem")).to_contain_text("Nobody can allow that")
    expect(panel.part("rule-text")).to_have_value("badword")
    panel.choose("safety-part-stopped")
    stopped(panel, "links.address").get_by_test_id("blocked-allow").click()
    expect(panel.part("toast")).to_contain_text("No rule was made: Nobody can allow that")


def test_when_nothing_can_be_read_the_card_says_so_and_tries_again(
    panel: OpenPanel, safety: ScriptedSafety
) -> None:
    panel.outage_expected = True
    safety.problem = (500, "Traceback <b>")
    panel.open()
    panel.part("safety-toggle").click()
    expect(panel.part("safety-problem")).to_contain_text("could not do it (500)")
    safety.problem = None
    panel.part("safety-retry").click()
    expect(stopped(panel, "links.address")).to_be_visible()
    expect(panel.part("safety-problem")).to_have_count(0)


# Narrow, and by keyboard -------------------------------------------------------------------------


def test_all_of_it_fits_into_a_dock_and_is_reached_with_the_keyboard(
    dock: OpenPanel, safety: ScriptedSafety
) -> None:
    dock.open()
    dock.part("tab-health").click()
    dock.part("safety-toggle").focus()
    dock.page.keyboard.press("Enter")
    expect(dock.part("blocked-text")).to_have_count(6)
    stopped(dock, "links.address").get_by_test_id("blocked-allow").focus()
    dock.page.keyboard.press("Enter")
    expect(stopped(dock, "links.address")).to_contain_text("allowed now")
    for width in dock.part("blocked-text").evaluate_all("rows => rows.map(r => r.scrollWidth)"):
        assert width <= 360
    dock.choose("safety-part-rules")
    expect(dock.part("own-rule")).to_have_count(3)
    assert dock.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
