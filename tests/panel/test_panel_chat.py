"""The Chat card: signing in, what is heard, what was not, demo mode and replays."""

import time
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.panel import scripted_twitch
from tests.panel.conftest import OpenPanel
from tests.panel.scripted_orchestrator import ScriptedOrchestrator
from tests.panel.scripted_twitch import ADDRESS, CODE, ScriptedTwitch
from tests.panel.test_panel_talk import HOSTILE

pytestmark = pytest.mark.browser

#: Longer than the longest pause between two looks.
A_LOOK_MS = 5_200


@pytest.fixture
def twitch(orchestrator: ScriptedOrchestrator) -> ScriptedTwitch:
    return orchestrator.twitch


def opened(panel: OpenPanel) -> OpenPanel:
    """With the card open, on a clock that the test can turn on."""
    panel.page.clock.install()
    panel.open().part("chat-toggle").click()
    expect(panel.part("twitch")).to_be_visible()
    return panel


def later(panel: OpenPanel, milliseconds: int = A_LOOK_MS) -> None:
    panel.page.clock.run_for(milliseconds)


def look_again(panel: OpenPanel, twitch: ScriptedTwitch) -> None:
    looks = twitch.looks
    later(panel)
    while twitch.looks == looks:
        panel.page.wait_for_timeout(10)


def unfold(panel: OpenPanel, testid: str) -> Locator:
    panel.part(testid).locator("summary").first.click()
    return panel.part(testid)


def chat(state: str, **more: Any) -> dict[str, Any]:
    told = {"platform": "twitch", "state": state, "detail": "", "channel": "foxden"}
    return {**told, "needs_sign_in": state == "needs_sign_in", "last_gap": None, **more}


# The card while it is closed ---------------------------------------------------------------------


def test_chat_is_asked_about_only_while_the_card_is_open(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    panel.page.clock.install()
    panel.open()
    later(panel)
    assert twitch.looks == 0
    panel.part("chat-toggle").click()
    expect(panel.part("twitch")).to_be_visible()
    looks = twitch.looks
    twitch.told["channel"] = "another_den"
    later(panel)
    expect(panel.part("twitch")).to_contain_text("another_den")
    panel.part("chat-toggle").click()
    assert twitch.looks > looks
    looks = twitch.looks
    later(panel)
    assert twitch.looks == looks


def test_every_state_has_a_word_and_the_step_that_mends_it(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    panel.open()
    for state, (word, step) in {
        "needs_sign_in": ("not signed in", "Sign in with Twitch"),
        "signing_in": ("signing in", "Type the code"),
        "reconnecting": ("reconnecting", "tried again"),
        "refused": ("refused by Twitch", "Sign in again"),
        "not_configured": ("not set up", "TWITCH_CHANNEL"),
        "down": ("module is down", "kitsu restart twitch_ingest"),
        "starting": ("starting", ""),
        "degraded": ("not all of it works", ""),
        "off": ("off", "Switch the chat module on"),
        "__proto__": ("  proto  ", ""),
        "constructor": ("constructor", ""),
    }.items():
        orchestrator.status["chat"] = chat(state)
        orchestrator.push(orchestrator.status)
        expect(panel.part("chat-state")).to_contain_text(word)
        if step:
            expect(panel.part("chat-detail")).to_contain_text(step)
    orchestrator.status["chat"] = chat("ready", detail="read only: <b>no account</b>\u202e")
    orchestrator.push(orchestrator.status)
    expect(panel.part("chat-detail")).to_have_text("read only: <b>no account</b>")
    expect(panel.part("chat-sign-in")).to_have_count(0)


def test_a_gap_of_the_last_minutes_is_told_while_the_card_is_closed(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator
) -> None:
    ended_at = time.time() - 20
    gap = {"started_at": ended_at - 12, "ended_at": ended_at, "reason": "connection lost"}
    orchestrator.status["chat"] = chat("ready", last_gap=gap)
    panel.open()
    expect(panel.part("chat-gap")).to_contain_text("Chat was not heard for 12 s")
    gap.update(started_at=ended_at - 4_000, ended_at=ended_at - 3_000)
    orchestrator.push(orchestrator.status)
    expect(panel.part("chat-gap")).to_have_count(0)


# Signing in --------------------------------------------------------------------------------------


def test_one_click_begins_the_sign_in_and_a_yes_at_twitch_ends_it(
    panel: OpenPanel, orchestrator: ScriptedOrchestrator, twitch: ScriptedTwitch
) -> None:
    orchestrator.status["chat"] = chat("needs_sign_in")
    panel.page.clock.install()
    panel.open().part("chat-sign-in").click()
    expect(panel.part("sign-in-code")).to_have_text(CODE)
    expect(panel.part("sign-in-address")).to_have_attribute("href", ADDRESS)
    expect(panel.part("sign-in-address")).to_have_attribute("rel", "noopener noreferrer")
    expect(panel.part("sign-in-left")).to_contain_text("29:")
    expect(panel.part("sign-in-steps")).to_contain_text("Do not show this code on stream")
    twitch.says_yes()
    later(panel)
    expect(panel.part("sign-in-end")).to_have_text("Signed in: foxden")
    expect(panel.part("account-streamer")).to_contain_text("foxden")
    assert CODE not in panel.page.content()
    panel.part("sign-in-close").click()
    expect(panel.part("sign-in-steps")).to_have_count(0)
    assert twitch.requests == [("sign in", "streamer"), ("end sign-in", None)]


def test_before_the_sign_in_it_is_said_what_is_asked_for_and_why(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    wanted = unfold(opened(panel), "scopes-wanted")
    expect(wanted.locator("li")).to_have_count(2)
    expect(wanted).to_contain_text("user:read:chat to hear chat")
    expect(wanted).to_contain_text("so that she answers channel point rewards")


def test_a_sign_in_that_came_to_nothing_says_so_and_gives_a_new_code(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    opened(panel)
    for state, message, words in (
        ("denied", "", "You said no"),
        ("expired", "", "not used in time"),
        ("failed", "Twitch is away: try again in a minute.", "Twitch is away"),
        ("hasOwnProperty", "", "did not work"),
    ):
        twitch.told["sign_in"] = scripted_twitch.sign_in(state, message=message, account="bot")
        later(panel)
        expect(panel.part("sign-in-end")).to_contain_text(words)
        expect(panel.part("sign-in-code")).to_have_count(0)
        panel.part("sign-in-again").click()
        expect(panel.part("sign-in-code")).to_have_text(CODE)
    assert twitch.requests == [("sign in", "bot")] * 4
    panel.part("sign-in-cancel").click()
    expect(panel.part("sign-in-steps")).to_have_count(0)


def test_a_code_that_ran_out_is_not_shown_any_longer(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    twitch.told["sign_in"] = scripted_twitch.sign_in(expires_at=time.time() + 4)
    opened(panel)
    expect(panel.part("sign-in-code")).to_be_visible()
    later(panel, 4_500)
    expect(panel.part("sign-in-end")).to_contain_text("not used in time")
    expect(panel.part("sign-in-code")).to_have_count(0)


def test_a_sign_in_by_a_page_has_no_code_and_keeps_the_address_short(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    address = "https://id.twitch.tv/oauth2/authorize?client_id=c&state=s3cret"
    twitch.told["sign_in"] = scripted_twitch.sign_in(user_code="", address=address)
    opened(panel)
    expect(panel.part("sign-in-address")).to_have_text("https://id.twitch.tv/oauth2/authorize")
    expect(panel.part("sign-in-address")).to_have_attribute("href", address)
    expect(panel.part("sign-in-steps")).to_contain_text("say yes there")
    expect(panel.part("sign-in-code")).to_have_count(0)


def test_only_an_address_of_twitch_becomes_a_link(panel: OpenPanel, twitch: ScriptedTwitch) -> None:
    opened(panel)
    for address in (
        "javascript:window.harmed=1",
        "https://twitch.tv.evil.example/activate",
        "http://www.twitch.tv/activate",
        "https://eviltwitch.tv/activate",
        "activate <b>here</b>",
    ):
        twitch.told["sign_in"] = scripted_twitch.sign_in(address=address)
        later(panel)
        expect(panel.part("sign-in-address")).to_have_text(address)
        assert panel.part("sign-in-steps").locator("a").count() == 0


def test_a_second_account_is_added_and_one_is_signed_out_by_a_hold(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    twitch.told = scripted_twitch.connected()
    opened(panel)
    panel.part("sign-in-bot").click()
    expect(panel.part("sign-in-steps")).to_contain_text("her own account")
    twitch.says_yes("kitsu_bot")
    later(panel)
    expect(panel.part("account-bot")).to_contain_text("kitsu_bot")
    panel.part("sign-out-bot").click()
    assert ("sign out", "bot") not in twitch.requests
    panel.part("sign-out-bot").focus()
    panel.page.keyboard.down("Enter")
    later(panel, 1_200)
    expect(panel.part("toast")).to_contain_text("kitsu_bot is signed out")
    panel.page.keyboard.up("Enter")
    expect(panel.part("account-bot")).to_have_count(0)
    assert twitch.requests[-1] == ("sign out", "bot")


def test_what_is_refused_says_why(panel: OpenPanel, twitch: ScriptedTwitch) -> None:
    panel.outage_expected = True
    twitch.refusal = (409, {"title": "No client id", "detail": "Set TWITCH_CLIENT_ID in .env."})
    opened(panel).part("sign-in").click()
    expect(panel.part("toast")).to_contain_text("No sign-in: No client id")
    expect(panel.part("toast")).to_contain_text("Set TWITCH_CLIENT_ID")


# What is heard and written -----------------------------------------------------------------------


def test_permissions_topics_gaps_and_the_sender_are_told_in_plain_words(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    twitch.told = scripted_twitch.connected()
    opened(panel)
    scopes = unfold(panel, "scopes-streamer")
    for words in ("user:write:chat to write answers", "bits:read to hear cheers", "does not say"):
        expect(scopes).to_contain_text(words)
    first = panel.part("topic").first
    expect(first).to_contain_text("refused channel point rewards")
    expect(first).to_contain_text("The account did not allow it")
    expect(panel.part("topics")).to_contain_text("5 of 7")
    twitch.told["gaps"].append({"started_at": time.time() - 3, "ended_at": None})
    later(panel)
    gaps = unfold(panel, "gaps")
    expect(gaps.get_by_test_id("gap").first).to_contain_text("Chat is not heard since then")
    twitch.told["gaps"].pop()
    later(panel)
    expect(gaps.get_by_test_id("gap").first).to_contain_text("not heard for 12 s: connection lost")
    expect(gaps.get_by_test_id("gap").last).to_contain_text("less than a second")
    sender = unfold(panel, "sender")
    expect(sender).to_contain_text("1,041 sent, 3 waiting, 3 not sent")
    expect(sender.get_by_test_id("dropped").first).to_have_text("2 not sent: too old")


def test_demo_mode_is_labelled(panel: OpenPanel, twitch: ScriptedTwitch) -> None:
    twitch.told.update(mode="anonymous", state="ready")
    expect(opened(panel).part("twitch-demo")).to_contain_text(
        "Read only, no account: commands are not accepted"
    )
    expect(panel.part("sign-in")).to_be_visible()
    expect(panel.part("sender")).to_have_count(0)


def test_a_replay_shows_how_far_it_is_and_is_stopped(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    replay = {"file": "evening <b>.jsonl", "lines": 1_204, "skipped": 3, "done": False}
    twitch.told.update(mode="replay", state="ready", replay=replay)
    opened(panel)
    expect(panel.part("replay")).to_contain_text("Replay, not live chat evening <b>.jsonl")
    expect(panel.part("replay-lines")).to_have_text("1,204 lines played, 3 that could not be read")
    replay["lines"] = 1_300
    later(panel, 1_100)
    expect(panel.part("replay-lines")).to_contain_text("1,300")
    panel.part("replay-stop").click()
    expect(panel.part("toast")).to_contain_text("The replay is stopped")
    expect(panel.part("replay-stop")).to_have_count(0)
    assert twitch.requests == [("stop replay", None)]


# Bad input ---------------------------------------------------------------------------------------


def test_a_module_that_is_away_is_said_to_be_and_asked_again(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    panel.outage_expected = True
    twitch.problem = (503, {"title": "Chat is away", "detail": "kitsu restart twitch_ingest"})
    panel.open().part("chat-toggle").click()
    expect(panel.part("twitch-problem")).to_contain_text("kitsu restart twitch_ingest")
    twitch.problem = None
    panel.part("twitch-retry").click()
    expect(panel.part("sign-in")).to_be_visible()
    expect(panel.part("twitch-problem")).to_have_count(0)


SHAPES: tuple[Any, ...] = (
    None,
    [],
    "ready",
    {},
    {"state": 7, "topics": {"a": 1}, "gaps": "x", "sender": [], "account": "me", "replay": 3},
    {"state": None, "topics": [None, 1, {}], "gaps": [{"started_at": "now"}], "sign_in": []},
    {"account": {"login": ["x"]}, "sign_in": {"state": "waiting"}, "sender": {"dropped": [1]}},
    {"account": {"login": "x", "scopes": [None, {}, "a", "a"]}, "sign_in": {"state": {}}},
    {"topics": [{"topic": "t"}] * 5_000, "gaps": [{"started_at": 1e300}] * 5_000},
)


def test_answers_of_any_shape_leave_the_card_standing(
    panel: OpenPanel, twitch: ScriptedTwitch
) -> None:
    opened(panel)
    for number, shape in enumerate(SHAPES):
        twitch.told = shape
        look_again(panel, twitch)
        twitch.told = {"state": "ready", "channel": f"after {number}"}
        look_again(panel, twitch)
        expect(panel.part("twitch")).to_contain_text(f"after {number}")


def test_hostile_texts_are_only_text_and_fit_into_a_narrow_dock(
    dock: OpenPanel, twitch: ScriptedTwitch
) -> None:
    evil = "".join(HOSTILE) + "x" * 5_000
    twitch.told = scripted_twitch.connected(
        detail=evil,
        channel=evil,
        account=scripted_twitch.account(evil, *HOSTILE),
        bot_account=scripted_twitch.account("\u3164"),
        topics=[scripted_twitch.topic(text, "refused", text, reason=text) for text in HOSTILE],
        gaps=[{"started_at": 1, "ended_at": 2, "reason": evil}],
        sign_in=scripted_twitch.sign_in("failed", message=evil),
        replay={"file": evil, "lines": 1, "skipped": 0, "done": False},
    )
    twitch.told["sender"]["dropped"] = dict.fromkeys(HOSTILE, 1)
    dock.page.set_viewport_size({"width": 300, "height": 760})
    dock.open().part("tab-controls").press("Enter")
    dock.part("chat-toggle").press("Enter")
    for testid in ("scopes-streamer", "gaps", "sender"):
        dock.part(testid).locator("summary").press("Enter")
    card = dock.part("twitch")
    expect(card).to_contain_text("id-")
    assert card.locator("img, script, iframe, style, a").count() == 0
    assert not set(card.inner_text()) & set("\u202e\u2066\u200b\x1b\x00\u2028\ufeff")
    assert dock.page.evaluate("window.harmed") is None
    assert dock.page.evaluate("document.documentElement.scrollWidth") <= 300
    expect(dock.part("panic")).to_be_visible()
