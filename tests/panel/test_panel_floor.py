"""Who gets an answer: quiet, who waits, who got none and why, and who is muted."""

import time
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from libs.contracts.conversation import SkipReason
from tests.panel import scripted_floor
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_floor import ScriptedFloor
from tests.panel.scripted_orchestrator import ScriptedOrchestrator
from tests.panel.test_panel_talk import HOSTILE

pytestmark = pytest.mark.browser

#: Longer than the pause between two looks.
A_LOOK_MS = 2_200


@pytest.fixture
def floor(orchestrator: ScriptedOrchestrator) -> ScriptedFloor:
    orchestrator.floor.told = scripted_floor.busy_evening()
    return orchestrator.floor


def opened(panel: OpenPanel) -> OpenPanel:
    """With the card open, on a clock that the test can turn on."""
    panel.page.clock.install()
    panel.open().part("floor-toggle").click()
    expect(panel.part("floor")).to_be_visible()
    return panel


def later(panel: OpenPanel, milliseconds: int = A_LOOK_MS) -> None:
    panel.page.clock.run_for(milliseconds)


def look_again(panel: OpenPanel, floor: ScriptedFloor) -> None:
    looks = floor.looks
    later(panel)
    while floor.looks == looks:
        panel.page.wait_for_timeout(10)


def unanswered(panel: OpenPanel, text: str) -> Locator:
    return panel.part("unanswered-line").filter(has_text=text)


def tell(orchestrator: ScriptedOrchestrator) -> None:
    orchestrator.status["floor"] = orchestrator.floor.status()
    orchestrator.push(orchestrator.status)


# Quiet -------------------------------------------------------------------------------------------


def test_quiet_is_asked_for_seen_in_the_header_and_ended(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator, floor: ScriptedFloor
) -> None:
    panel.page.clock.install()
    panel.open()
    expect(panel.part("floor-count")).to_have_text("0 waiting")
    panel.part("quiet-15").click()
    expect(panel.part("toast")).to_contain_text("Quiet for 15 minutes")
    tell(orchestrator)
    expect(panel.part("floor-count")).to_have_text("2 waiting, 1 muted")
    expect(panel.part("quiet-left")).to_have_text("14:59")
    later(panel)
    expect(panel.part("quiet-left")).to_contain_text("14:5")
    panel.part("quiet-end").click()
    expect(panel.part("toast")).to_contain_text("Quiet is over")
    tell(orchestrator)
    expect(panel.part("quiet")).to_have_count(0)
    panel.part("undo").click()
    expect(panel.part("toast")).to_contain_text("Undone: Quiet is over")
    assert floor.requests == [("quiet", 15), ("quiet", 0), ("quiet", 15)]


def test_quiet_that_ran_out_is_not_shown_any_longer(
    dock: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    orchestrator.status["floor"] = {"quiet_until": time.time() + 3_700}
    dock.page.clock.install()
    dock.page.set_viewport_size({"width": 300, "height": 760})
    dock.open()
    expect(dock.part("quiet-left")).to_contain_text("1:01:")
    assert dock.page.evaluate("document.documentElement.scrollWidth") <= 300
    orchestrator.status["floor"]["quiet_until"] = time.time() + 3
    orchestrator.push(orchestrator.status)
    expect(dock.part("quiet-left")).to_contain_text("0:0")
    later(dock, 4_000)
    expect(dock.part("quiet")).to_have_count(0)


# Why not -----------------------------------------------------------------------------------------


def test_each_line_without_an_answer_says_why_and_they_are_filtered_by_reason(
    panel: OpenPanel, floor: ScriptedFloor
) -> None:
    opened(panel)
    for text, words in {
        "gg gg gg gg gg gg": ("user281", "spam", "one word, six times"),
        "can you sing?": ("others came first", "score 3"),
        "what game is this?": ("too old", "16 s"),
        "hot take": ("quiet was asked for",),
    }.items():
        for word in words:
            expect(unanswered(panel, text).first).to_contain_text(word)
    expect(panel.page.locator("label").filter(has=panel.part("reason-*"))).to_have_text("All 1,276")
    unanswered(panel, "can you sing?").get_by_test_id("score").click()
    expect(panel.part("score-parts")).to_contain_text("+1 any line+2 a question")
    panel.choose("reason-too_old")
    expect(panel.part("unanswered-line")).to_have_count(1)
    expect(unanswered(panel, "what game is this?")).to_be_visible()
    assert floor.wanted == "too_old"
    floor.told["recent"] = []
    later(panel)
    expect(panel.part("unanswered")).to_contain_text("None of the newest lines")


def test_every_reason_that_there_is_has_plain_words(panel: OpenPanel, floor: ScriptedFloor) -> None:
    reasons = [reason.value for reason in SkipReason]
    floor.told["counts"] = dict.fromkeys(reasons, 1) | {"__proto__": 1, "a_new_one": 1}
    opened(panel)
    for reason in reasons:
        label = panel.page.locator("label").filter(has=panel.part(f"reason-{reason}"))
        expect(label).to_have_count(1)
        assert "_" not in label.inner_text()
    expect(panel.page.locator("label").filter(has=panel.part("reason-a_new_one"))).to_have_text(
        "a new one 1"
    )


def test_rows_stand_still_while_one_is_pointed_at(panel: OpenPanel, floor: ScriptedFloor) -> None:
    opened(panel)
    unanswered(panel, "can you sing?").hover()
    floor.told["recent"].insert(0, scripted_floor.unanswered(0, "newest", "look at me", "spam"))
    look_again(panel, floor)
    look_again(panel, floor)
    expect(unanswered(panel, "look at me")).to_have_count(0)
    panel.part("panic").hover()
    expect(unanswered(panel, "look at me")).to_be_visible()


# Who waits ---------------------------------------------------------------------------------------


def test_who_waits_is_listed_by_score_and_each_part_of_it_is_told(
    panel: OpenPanel, floor: ScriptedFloor
) -> None:
    opened(panel).choose("floor-part-waiting")
    first = panel.part("waiting-line").first
    expect(first).to_contain_text("marmalade_fan")
    expect(first.locator("ul")).not_to_be_visible()
    first.locator("summary").focus()
    panel.page.keyboard.press("Enter")
    for words in ("+3 for her", "+2 a question", "+2.5 first time in chat", "−4 poses as"):
        expect(first.locator("ul")).to_contain_text(words)
    voice = scripted_floor.waiting(0, "Streamer", "say hello")
    floor.told["waiting"].append({**voice, "source": "voice", "score": None})
    panel.part("panic").hover()
    panel.part("floor-toggle").focus()
    later(panel)
    expect(first).to_contain_text("first Streamer microphone")
    floor.told["waiting"] = []
    later(panel)
    expect(panel.part("waiting")).to_have_text("Nobody waits.")


# Muting ------------------------------------------------------------------------------------------


def test_a_viewer_is_muted_from_a_row_with_undo(panel: OpenPanel, floor: ScriptedFloor) -> None:
    floor.told["recent"][1].pop("viewer_id")
    opened(panel)
    unanswered(panel, "user281").get_by_test_id("mute").click()
    expect(panel.part("toast")).to_contain_text("user281 is muted")
    expect(unanswered(panel, "user281")).to_contain_text("muted")
    panel.part("undo").click()
    expect(unanswered(panel, "user281").get_by_test_id("mute")).to_be_visible()
    unanswered(panel, "quietcat").get_by_test_id("mute").click()
    expect(panel.part("toast")).to_contain_text("quietcat is muted")
    panel.part("undo").click()
    expect(panel.part("toast")).to_contain_text("quietcat is heard again")
    assert floor.requests == [
        ("mute", {"viewer_id": "twitch:user281", "name": "user281"}),
        ("unmute", "twitch:user281"),
        ("mute", {"viewer_id": "", "name": "quietcat"}),
        ("unmute", "twitch:quietcat"),
    ]


def test_the_muted_are_listed_and_heard_again_with_undo(
    panel: OpenPanel, floor: ScriptedFloor
) -> None:
    floor.told["muted"].append(scripted_floor.muted("a/b", viewer_id="twitch:../a b?#"))
    opened(panel).choose("floor-part-muted")
    row = panel.part("muted-viewer").filter(has_text="loud_lou")
    expect(row).to_contain_text("by operator, 6 min ago")
    row.get_by_test_id("unmute").click()
    expect(panel.part("toast")).to_contain_text("loud_lou is heard again")
    expect(row).to_have_count(0)
    panel.part("undo").click()
    expect(row).to_be_visible()
    panel.part("muted-viewer").filter(has_text="a/b").get_by_test_id("unmute").click()
    expect(panel.part("toast")).to_contain_text("a/b is heard again")
    assert floor.requests[-1] == ("unmute", "twitch:../a b?#")


def test_what_is_refused_says_why_and_changes_nothing(
    panel: OpenPanel, floor: ScriptedFloor
) -> None:
    panel.outage_expected = True
    floor.refusal = (404, {"title": "Nobody of that name", "detail": "They left."})
    opened(panel)
    unanswered(panel, "user281").get_by_test_id("mute").click()
    expect(panel.part("toast")).to_contain_text("Not muted: Nobody of that name")
    expect(unanswered(panel, "user281").get_by_test_id("mute")).to_be_visible()
    panel.choose("floor-part-muted")
    panel.part("unmute").click()
    expect(panel.part("toast")).to_contain_text("Still muted: Nobody of that name")
    expect(panel.part("muted-viewer")).to_have_count(1)
    panel.part("quiet-60").click()
    expect(panel.part("toast")).to_contain_text("Quiet is as it was: Nobody of that name")


# Bad input ---------------------------------------------------------------------------------------

SHAPES: tuple[Any, ...] = (
    None,
    [],
    "x",
    {},
    {"recent": {}, "waiting": "x", "muted": 3, "counts": []},
    {"recent": [None, 1, [], {}], "waiting": [{"input_id": 1}], "counts": {"spam": "many"}},
    {"recent": [{"input_id": "1", "author": {"name": "x"}, "score": "high", "at": None}]},
    {"recent": [{"input_id": "same", "text": "a"}] * 3, "counts": {"spam": -1, "": 2}},
    {"waiting": [{"input_id": "1", "score": None, "parts": [None, {"part": 3, "points": "x"}]}]},
)


def test_answers_of_any_shape_leave_the_card_standing(
    panel: OpenPanel, floor: ScriptedFloor
) -> None:
    opened(panel)
    for part in ("unanswered", "waiting"):
        panel.choose(f"floor-part-{part}")
        panel.part("panic").hover()
        for number, shape in enumerate(SHAPES):
            floor.told = shape
            look_again(panel, floor)
            floor.told = {
                "waiting": [scripted_floor.waiting(0, "x", f"after {number}")],
                "recent": [scripted_floor.unanswered(0, "x", f"after {number}", "spam")],
            }
            look_again(panel, floor)
            expect(panel.part("floor")).to_contain_text(f"after {number}")


def test_five_thousand_rows_are_shown_a_few_at_a_time(
    panel: OpenPanel, floor: ScriptedFloor
) -> None:
    floor.told["recent"] = [
        scripted_floor.unanswered(number, f"viewer{number}", "gg " * 20, "spam")
        for number in range(5_000)
    ]
    opened(panel)
    expect(panel.part("unanswered-line")).to_have_count(6)
    panel.part("unanswered-more").click()
    expect(panel.part("unanswered-line")).to_have_count(36)


def test_hostile_names_and_lines_are_only_text_and_fit_into_a_narrow_dock(
    dock: OpenPanel, floor: ScriptedFloor
) -> None:
    lines = [*HOSTILE, "\U0001f98a" * 500, "x" * 5_000]
    floor.told["recent"] = [
        scripted_floor.unanswered(number, text, text, text, detail=text)
        for number, text in enumerate(lines)
    ]
    blank = scripted_floor.unanswered(99, "\u3164\u200d", "hi", "spam", viewer_id="")
    floor.told["recent"].insert(0, {**blank, "at": time.time() + 5})
    floor.told["counts"] = dict.fromkeys(lines, 3)
    floor.told["muted"] = [scripted_floor.muted(text, by=text) for text in HOSTILE]
    floor.told["waiting"] = [
        scripted_floor.waiting(number, text, text, **{text: 1.0})
        for number, text in enumerate(HOSTILE)
    ]
    dock.page.set_viewport_size({"width": 300, "height": 760})
    dock.open().part("tab-health").press("Enter")
    dock.part("floor-toggle").press("Enter")
    expect(unanswered(dock, "(a name that cannot be seen)")).to_be_visible()
    dock.part("unanswered-more").press("Enter")
    expect(dock.part("unanswered-line")).to_have_count(len(lines) + 1)
    foxes = unanswered(dock, "\U0001f98a")
    assert foxes.inner_text().count("\U0001f98a") < 400
    foxes.get_by_test_id("long-text").press("Enter")
    assert foxes.inner_text().count("\U0001f98a") > 600
    for part in ("unanswered", "waiting", "muted"):
        dock.choose(f"floor-part-{part}")
        expect(dock.part(part).locator("> li").nth(1)).to_be_visible()
        shown = dock.part("floor")
        assert shown.locator("img, script, iframe, style").count() == 0
        assert not set(shown.inner_text()) & set("\u202e\u2066\u200b\x1b\x00\u2028\ufeff")
        assert dock.page.evaluate("document.documentElement.scrollWidth") <= 300
    assert dock.page.evaluate("window.harmed") is None
    expect(dock.part("panic")).to_be_visible()


def test_a_floor_that_cannot_be_asked_says_so_and_is_asked_again(
    panel: OpenPanel, floor: ScriptedFloor
) -> None:
    panel.outage_expected = True
    floor.problem = (503, {"title": "The floor is away", "detail": "kitsu restart orchestrator"})
    panel.open().part("floor-toggle").click()
    expect(panel.part("floor-problem")).to_contain_text("kitsu restart orchestrator")
    floor.problem = None
    panel.part("floor-retry").click()
    expect(panel.part("unanswered-line").first).to_be_visible()


def test_what_comes_after_the_page_is_fetched_again_when_that_failed(
    panel: OpenPanel, floor: ScriptedFloor
) -> None:
    panel.outage_expected = True
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.abort()

    panel.page.route("**/later.js", refuse)
    panel.open().part("floor-toggle").click()
    expect(panel.part("later-problem")).to_contain_text("could not be fetched")
    assert refused
    panel.page.unroute("**/later.js")
    panel.part("floor-toggle").click()
    panel.part("floor-toggle").click()
    expect(panel.part("floor")).to_be_visible()
