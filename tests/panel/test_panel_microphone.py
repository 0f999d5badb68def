"""The microphone's card, its mark in the header, and the talk key."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.panel.conftest import OpenPanel
from tests.panel.script import EVENING, microphone, speech

pytestmark = pytest.mark.browser


def shown(panel: OpenPanel, **fields: Any) -> None:
    """Pushes how the ears listen, as the orchestrator does some times a second."""
    status = microphone(**fields)
    panel.orchestrator.status["microphone"] = status
    panel.orchestrator.push({"type": "microphone", "microphone": status})


def wait_until(panel: OpenPanel, holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        panel.page.wait_for_timeout(20)


def held(panel: OpenPanel) -> list[bool]:
    return [command["held"] for command in panel.orchestrator.heard("hold_to_talk")]


def test_the_card_says_in_words_how_she_listens_and_what_mends_it(panel: OpenPanel) -> None:
    panel.open()
    state, step = panel.part("microphone-state"), panel.part("microphone-step")
    expect(state).to_have_text("listens")
    expect(step).to_have_count(0)
    expect(panel.part("microphone-from")).to_have_text(
        "Blue Yeti Stereo Microphone · faster-whisper base, int8"
    )
    shown(panel, voice=True)
    expect(state).to_have_text("hears you")
    shown(panel, mode="push_to_talk")
    expect(state).to_have_text("waits for the talk key")
    shown(panel, mode="wake_name")
    expect(state).to_have_text("listens for her name")
    shown(panel, problem="It is silent: is its own switch off?")
    expect(step).to_have_text("It is silent: is its own switch off?")
    shown(panel, state="unable", source="none")
    expect(step).to_contain_text("No recogniser: typed and chat input only")
    expect(panel.part("mute-ears")).to_have_count(0)
    expect(panel.part("mute-pill")).to_have_count(0)
    shown(panel, state="waiting", problem="“Blue Yeti” is not there any more.")
    expect(step).to_have_text("“Blue Yeti” is not there any more.")
    expect(panel.part("browser-microphone-hint")).to_contain_text("ASR_INPUT_DEVICE=panel")
    shown(panel, state="not_there")
    expect(state).to_have_text("the ears do not answer")
    expect(step).to_contain_text("kitsu restart asr_worker")


def test_an_orchestrator_that_knows_no_microphone_breaks_nothing(panel: OpenPanel) -> None:
    del panel.orchestrator.status["microphone"]
    panel.open()
    expect(panel.part("microphone-state")).to_have_text("the ears do not answer")
    expect(panel.part("mute-pill")).to_have_count(0)


def test_what_she_hears_is_grey_until_it_is_sure_and_then_what_became_of_it(
    panel: OpenPanel,
) -> None:
    panel.open()
    push = panel.orchestrator.push
    push(speech("a", "hearing", "what is that over there", confirmed="what is that"))
    first = panel.part("speech").first
    expect(first).to_have_attribute("data-state", "hearing")
    expect(first).to_contain_text("you speak")
    expect(panel.part("loose")).to_have_text(" over there")
    push(speech("a", "recognising", "what is that over there", confirmed="what is that"))
    push(speech("a", "understood", "What is that over there?"))
    expect(first).to_contain_text("understood")
    expect(panel.part("loose")).to_have_text("")
    before = turn("What is that over there?", "done", "failed", after_seconds=-60)
    push({"type": "turn", "turn": before})  # the same words, some time ago
    expect(first).to_contain_text("understood")
    push({"type": "turn", "turn": turn("What is that over there?", "speaking", None)})
    expect(first).to_contain_text("she answers")
    push({"type": "turn", "turn": turn("What is that over there?", "done", "completed")})
    expect(first).to_contain_text("answered")
    for number, (reason, words) in enumerate(
        {
            "back_channel": "just a nod, she goes on",
            "own_voice": "her own voice",
            "noise": "noise",
            "not_addressed": "not said to her",
            "invented": "words nobody said",
            "failed": "no recogniser answered",
        }.items()
    ):
        push(speech(f"d{number}", "dismissed", "so it says", reason=reason))
        expect(first).to_contain_text(words)
    push(speech("z", "hearing", "no wait", over_speech=True, interruption="words"))
    expect(first).to_contain_text("cut her off")
    expect(panel.part("speech")).to_have_count(3)


def turn(text: str, state: str, outcome: str | None, after_seconds: float = 3.0) -> dict[str, Any]:
    return {
        "turn_id": f"t{after_seconds}",
        "source": "voice",
        "author": "host",
        "input": text,
        "outcome": outcome,
        "opened_at": EVENING + after_seconds,
        "state": state,
        "stages": {
            "wait_ms": 600.0,
            "recognition_ms": 240.0,
            "first_token_ms": 90.0,
            "policy_first_sentence_ms": 210.0,
            "gate_ms": 2.0,
            "tts_first_chunk_ms": 40.0,
            "playback_start_ms": 30.0,
            "total_to_first_audio_ms": 1_122.0,
        },
    }


def test_a_spoken_turn_shows_recogniser_and_first_token_as_parts_of_their_own(
    panel: OpenPanel,
) -> None:
    panel.open()
    panel.orchestrator.push({"type": "turn", "turn": turn("hello", "done", "completed")})
    row = panel.part("turn")
    row.locator("summary").click()
    told = dict(
        zip(row.locator("dt").all_inner_texts(), row.locator("dd").all_inner_texts(), strict=True)
    )
    assert told["Wait"] == "600 ms"
    assert told["Recogniser"] == "240 ms"
    assert told["First token"] == "90 ms"
    assert told["First sentence"] == "120 ms"  # after its first token
    assert told["To first sound"] == "1,122 ms"


HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.exe\u202c " + "a\u0301\u0301\u0301\u0301\u0301"


def test_hostile_words_and_names_are_only_text(panel: OpenPanel) -> None:
    panel.open()
    shown(panel, device=HOSTILE, recogniser=HOSTILE, problem=HOSTILE)
    panel.orchestrator.push(
        speech("a", "dismissed", HOSTILE, reason="noise", detail=HOSTILE),
        speech("b", "hearing", HOSTILE, confirmed=HOSTILE[:9]),
        speech("c", "understood", "toString"),
    )
    expect(panel.part("speech")).to_have_count(3)
    expect(panel.part("microphone")).to_contain_text("<img src=x onerror=alert(1)> gnp.exe")
    assert panel.page.locator("[data-testid=microphone] img").count() == 0


def test_one_press_mutes_her_ears_and_the_header_shows_it(panel: OpenPanel) -> None:
    panel.open()
    pill = panel.part("mute-pill")
    expect(pill).to_have_text("Mic")
    pill.click()
    expect(pill).to_have_text("Muted")
    expect(pill).to_have_attribute("aria-pressed", "true")
    expect(panel.part("mute-ears")).to_have_text("Muted for her")
    panel.part("mute-ears").click()
    expect(pill).to_have_text("Mic")
    assert [c["muted"] for c in panel.orchestrator.heard("set_microphone")] == [True, False]
    panel.page.keyboard.press("Control+z")
    expect(pill).to_have_text("Muted")


def test_a_mute_that_came_to_nothing_is_not_shown_as_done(panel: OpenPanel) -> None:
    panel.open()
    panel.orchestrator.refusal = {"title": "The ears are not there", "detail": "kitsu restart …"}
    panel.part("mute-ears").click()
    expect(panel.page.get_by_text("The ears are not there")).to_be_visible()
    expect(panel.part("mute-ears")).to_have_text("Mute for her")
    expect(panel.part("mute-pill")).to_have_text("Mic")


def test_the_mode_is_chosen_and_explained(panel: OpenPanel) -> None:
    panel.open()
    panel.choose("listen-wake_name")
    expect(panel.part("listen-wake_name")).to_be_checked()
    expect(panel.part("listen-means")).to_contain_text("her name")
    assert [c["mode"] for c in panel.orchestrator.heard("set_microphone")] == ["wake_name"]


def test_the_talk_button_is_said_again_while_it_is_held_and_let_go_with_the_pointer(
    panel: OpenPanel,
) -> None:
    panel.open()
    talk = panel.part("talk")
    talk.hover()
    panel.page.mouse.down()
    expect(talk).to_have_attribute("aria-pressed", "true")
    wait_until(panel, lambda: len(held(panel)) >= 3)
    lengths = {c["at_most_seconds"] for c in panel.orchestrator.heard("hold_to_talk")}
    assert lengths == {2.5}
    panel.page.mouse.move(5, 5)  # not yet: a hand may slip
    expect(talk).to_have_attribute("aria-pressed", "true")
    panel.page.mouse.up()
    expect(talk).to_have_attribute("aria-pressed", "false")
    wait_until(panel, lambda: held(panel)[-1] is False)
    count = len(held(panel))
    panel.page.wait_for_timeout(1_200)
    assert len(held(panel)) == count
    assert held(panel).count(False) == 1


def test_the_key_t_talks_but_not_in_a_text_and_not_as_a_shortcut(panel: OpenPanel) -> None:
    panel.open()
    box = panel.page.get_by_placeholder("Type a line")
    box.click()
    panel.page.keyboard.type("t talk to chat")
    panel.page.keyboard.press("Control+t")
    assert held(panel) == []
    expect(box).to_have_value("t talk to chat")
    panel.page.locator("h1").click()
    panel.page.keyboard.down("t")
    expect(panel.part("talk")).to_have_attribute("aria-pressed", "true")
    panel.page.keyboard.up("t")
    wait_until(panel, lambda: held(panel) == [True, False])
    panel.part("talk").focus()
    panel.page.keyboard.down(" ")
    wait_until(panel, lambda: held(panel)[2:3] == [True])
    panel.page.keyboard.up(" ")
    wait_until(panel, lambda: held(panel)[-1] is False)


def test_while_she_is_muted_the_talk_key_promises_nothing(panel: OpenPanel) -> None:
    panel.open()
    talk = panel.part("talk")
    expect(talk).to_be_enabled()
    panel.page.keyboard.down("t")
    wait_until(panel, lambda: held(panel)[:1] == [True])
    shown(panel, muted=True, state="muted")
    expect(talk).to_be_disabled()
    expect(talk).to_have_attribute("aria-pressed", "false")
    wait_until(panel, lambda: held(panel)[-1] is False)
    panel.page.keyboard.up("t")
    panel.page.keyboard.press("t")
    expect(panel.part("microphone")).to_contain_text("spoken orders included")
    assert held(panel)[-1] is False


@pytest.mark.parametrize("how", ["blur", "pagehide", "visibilitychange"])
def test_the_talk_key_is_let_go_with_the_page(panel: OpenPanel, how: str) -> None:
    panel.open()
    expect(panel.part("talk")).to_be_visible()
    panel.page.keyboard.down("t")
    wait_until(panel, lambda: held(panel) == [True])
    panel.page.evaluate(
        """(how) => {
          Object.defineProperty(document, "hidden", {value: true, configurable: true});
          (how === "visibilitychange" ? document : window).dispatchEvent(new Event(how));
        }""",
        how,
    )
    wait_until(panel, lambda: held(panel)[-1] is False)
    expect(panel.part("talk")).to_have_attribute("aria-pressed", "false")


def test_without_a_connection_the_talk_key_is_not_held(panel: OpenPanel) -> None:
    panel.outage_expected = True
    panel.open()
    expect(panel.part("talk")).to_be_visible()
    panel.page.keyboard.down("t")
    wait_until(panel, lambda: held(panel) == [True])
    panel.orchestrator.refuse_socket = True
    panel.orchestrator.drop_sockets()
    expect(panel.part("talk")).to_have_attribute("aria-pressed", "false")
    panel.page.keyboard.up("t")


def test_in_a_narrow_dock_nothing_of_it_is_cut_off(dock: OpenPanel) -> None:
    dock.page.set_viewport_size({"width": 320, "height": 760})
    dock.page.add_init_script("sessionStorage.setItem('kitsu.tab', 'Controls')")
    dock.open()
    shown(dock, muted=True, state="muted", device="x" * 80)
    expect(dock.part("mute-pill")).to_have_text("Muted")
    for testid in ("connection", "mute-pill", "mute-ears", "talk", "level", "listen-means"):
        box = dock.part(testid).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320, testid
    for testid in ("mute-ears", "talk"):
        fits = "(part) => part.scrollWidth <= part.clientWidth"
        assert dock.part(testid).evaluate(fits), testid
