"""The overlay output and its pages: whose word counts, who sounds; in virtual time."""

import asyncio
import json
from typing import Any

import pytest

from apps.stage.outputs.overlay import OverlayOutput
from apps.stage.page_reports import Alive, AudioChanged, Hello, parse
from apps.stage.pages import MAXIMUM_PAGES, Page, Pages
from apps.stage.utterance import Utterance, opened_by
from libs.contracts.health import ModuleState
from libs.contracts.interruption import SpeechHold
from tests.stage.scripted_voice import RATE_HZ, ScriptedVoice, tone


class VirtualOverlay:
    """An overlay output whose clock only moves when a test says so, and its pages."""

    def __init__(self) -> None:
        self.now = 50.0
        self.pages = Pages(lambda: self.now)
        self.output = OverlayOutput(self.pages, lambda: self.now)
        self.utterance = an_utterance()

    def open_page(self, mute: bool = False, audio: str = "running") -> Page:
        page = self.pages.join()
        assert page is not None
        page.said_hello, page.mute, page.audio = True, mute, audio
        return page

    def say(self, page: Page, kind: str, **fields: Any) -> None:
        report = parse(json.dumps({"type": kind, "playing": 1, **fields}))
        assert report is not None
        self.pages.heard(page)
        self.output.hear(page, report)

    def start(self, seconds: float = 2.0) -> None:
        self.output.start(self.utterance, 1)
        self.output.feed(tone(seconds))


def an_utterance() -> Utterance:
    event, pcm = ScriptedVoice().sentence("Hello.")[0]
    utterance = opened_by(event, 30.0, 0.0, 0.15)
    utterance.add(event, pcm)
    return utterance


def messages(page: Page) -> list[Any]:
    """What waits to be sent to a page: JSON objects, and offsets for sound."""
    found: list[Any] = []
    while page._queue:
        kind, content = page._queue.popleft()
        found.append(json.loads(content) if kind else int.from_bytes(content[4:8], "little"))
    return found


@pytest.fixture
def overlay() -> VirtualOverlay:
    return VirtualOverlay()


def test_the_position_is_what_the_page_heard_and_runs_on_between_its_reports(
    overlay: VirtualOverlay,
) -> None:
    page = overlay.open_page()
    overlay.start()
    assert overlay.output.playing().position == 0
    assert overlay.output.playing().audible_at is None
    overlay.say(page, "audible", lead_ms=80)
    assert overlay.output.playing().audible_at == pytest.approx(50.08)
    overlay.now += 0.58
    assert overlay.output.playing().position == pytest.approx(8_000, abs=1)
    overlay.say(page, "position", samples=7_000)
    assert overlay.output.playing().position == 7_000
    overlay.now += 0.1
    assert overlay.output.stop() == pytest.approx(8_600, abs=1)


def test_a_page_that_says_nothing_more_is_not_counted_on_for_long(overlay: VirtualOverlay) -> None:
    page = overlay.open_page()
    overlay.start(20.0)
    overlay.say(page, "audible", lead_ms=0)
    overlay.now += 2.4
    assert overlay.output.playing().position == pytest.approx(1.2 * RATE_HZ)


@pytest.mark.parametrize(
    "claim",
    [
        {"kind": "position", "samples": 40_000},  # more than it was sent
        {"kind": "position", "samples": 31_000},  # faster than time
        {"kind": "ended", "samples": 32_000},  # no end was told
        {"kind": "position", "samples": 5, "playing": 2},  # not what it was given
    ],
)
def test_a_page_cannot_claim_what_is_not_so(overlay: VirtualOverlay, claim: dict[str, Any]) -> None:
    page = overlay.open_page()
    overlay.start()
    overlay.say(page, "audible", lead_ms=0)
    overlay.now += 0.2
    before = overlay.output.playing()
    overlay.say(page, **claim)
    assert overlay.output.playing() == before
    assert overlay.output.ignored_reports == 1


def test_a_position_never_goes_back(overlay: VirtualOverlay) -> None:
    page = overlay.open_page()
    overlay.start()
    overlay.say(page, "audible", lead_ms=0)
    overlay.now += 0.5
    overlay.say(page, "position", samples=8_000)
    overlay.say(page, "position", samples=10)
    assert overlay.output.playing().position == 8_000
    assert overlay.output.ignored_reports == 1


def test_the_word_of_a_page_that_does_not_sound_counts_for_nothing(
    overlay: VirtualOverlay,
) -> None:
    overlay.open_page()
    other = overlay.open_page()
    overlay.start()
    overlay.say(other, "audible", lead_ms=0)
    overlay.say(other, "position", samples=100)
    assert overlay.output.playing().audible_at is None
    assert overlay.output.ignored_reports == 2


def test_an_end_is_believed_once_all_was_sent(overlay: VirtualOverlay) -> None:
    page = overlay.open_page()
    overlay.start()
    overlay.output.finish()
    overlay.say(page, "audible", lead_ms=0)
    overlay.now += 2.0
    overlay.say(page, "ended", samples=32_000)
    playing = overlay.output.playing()
    assert playing.ended
    assert playing.position == 32_000
    messages(page)
    assert overlay.output.stop() == 32_000
    assert messages(page) == []


def test_only_the_elected_page_is_sent_sound_and_a_stop_reaches_all_before_the_rest(
    overlay: VirtualOverlay,
) -> None:
    muted, first, second = overlay.open_page(mute=True), overlay.open_page(), overlay.open_page()
    overlay.start()
    overlay.output.stop()
    assert messages(muted) == [{"type": "stop", "playing": 1}]
    assert messages(second) == [{"type": "stop", "playing": 1}]
    assert messages(first) == [
        {"type": "stop", "playing": 1},
        {"type": "voice", "playing": 1, "samples": 0},
    ]


def test_when_the_voice_page_leaves_the_next_one_goes_on_from_there(
    overlay: VirtualOverlay,
) -> None:
    page, heir = overlay.open_page(), overlay.open_page()
    overlay.start()
    overlay.say(page, "audible", lead_ms=0)
    overlay.now += 0.5
    overlay.say(page, "position", samples=8_000)
    overlay.pages.leave(page)
    assert overlay.output.playing().position == 8_000
    sent = messages(heir)
    assert sent[0] == {"type": "voice", "playing": 1, "samples": 8_000}
    assert sent[1:4] == [8_000, 9_600, 11_200]
    overlay.now += 0.3
    assert overlay.output.playing().position == 8_000
    overlay.say(heir, "audible", lead_ms=0)
    overlay.now += 0.1
    assert overlay.output.playing().position == pytest.approx(9_600, abs=1)
    assert overlay.output.playing().audible_at == pytest.approx(50.0)


def test_without_a_page_the_silent_clock_goes_on_and_a_page_that_comes_takes_over(
    overlay: VirtualOverlay,
) -> None:
    page = overlay.open_page()
    overlay.start()
    overlay.say(page, "audible", lead_ms=0)
    overlay.now += 0.5
    overlay.say(page, "position", samples=8_000)
    overlay.pages.leave(page)
    assert overlay.output.playing().position == 8_000
    assert overlay.output.name == "silent"
    assert overlay.output.health().state is ModuleState.DEGRADED
    overlay.now += 0.5
    assert overlay.output.playing().position == pytest.approx(16_000, abs=1)
    late = overlay.open_page()
    overlay.output.finish()
    assert overlay.output.playing().position == pytest.approx(16_000, abs=1)
    assert messages(late)[0]["samples"] == pytest.approx(16_000, abs=1)


def test_why_nobody_hears_her_is_said_of_the_page_that_can_be_mended(
    overlay: VirtualOverlay,
) -> None:
    def why() -> str:
        return overlay.output.health().detail

    assert "open the overlay" in why()
    opening = overlay.pages.join()
    assert opening is not None
    assert "just opening" in why()
    overlay.pages.leave(opening)
    blocked = overlay.open_page(audio="blocked")
    assert "click once" in why()
    overlay.now += 3
    assert "reload" in why(), "a click into a page that hangs mends nothing"
    muted = overlay.open_page(mute=True)
    assert "reload" in why()
    overlay.pages.heard(blocked)
    assert "click once" in why()
    overlay.pages.leave(blocked)
    assert "muted" in why()
    overlay.pages.leave(muted)


def test_a_frozen_page_loses_the_voice_and_may_have_it_again(overlay: VirtualOverlay) -> None:
    frozen, other = overlay.open_page(), overlay.open_page()
    overlay.start()
    overlay.now += 2.6
    overlay.pages.heard(other)
    overlay.output.playing()
    assert overlay.pages.voice is other
    assert {"type": "hush", "playing": 1} in messages(frozen)
    overlay.pages.heard(frozen)
    overlay.pages.leave(other)
    assert overlay.pages.voice is frozen


# Held back ------------------------------------------------------------------------------------


def heard_for(overlay: VirtualOverlay, seconds: float = 0.5) -> Page:
    page = overlay.open_page()
    overlay.start()
    overlay.say(page, "audible", lead_ms=0)
    overlay.now += seconds
    overlay.say(page, "position", samples=round(seconds * RATE_HZ))
    return page


def test_a_pause_stands_still_where_the_page_stood_and_goes_on_when_it_sounds_again(
    overlay: VirtualOverlay,
) -> None:
    page = heard_for(overlay)
    overlay.now += 0.05
    overlay.output.hold(SpeechHold.PAUSED)
    assert overlay.output.playing().position == pytest.approx(8_800, abs=1)
    overlay.now += 0.03
    overlay.say(page, "position", samples=8_928)
    for _ in range(30):
        overlay.now += 0.1
        overlay.say(page, "position", samples=8_928)
    assert overlay.output.playing().position == 8_928
    overlay.output.hold(SpeechHold.NONE)
    overlay.now += 0.02
    assert overlay.output.playing().position == 8_928
    overlay.say(page, "audible", lead_ms=30)
    overlay.now += 0.13
    assert overlay.output.playing().position == pytest.approx(8_928 + 1_600, abs=1)
    assert overlay.output.playing().audible_at == pytest.approx(50.0)
    assert overlay.output.ignored_reports == 0


def test_no_time_passes_for_a_page_in_a_pause(overlay: VirtualOverlay) -> None:
    page = heard_for(overlay)
    overlay.output.hold(SpeechHold.PAUSED)
    overlay.now += 20
    overlay.say(page, "position", samples=20_000)
    overlay.say(page, "audible", lead_ms=0)
    assert overlay.output.playing().position == 8_000
    overlay.output.hold(SpeechHold.NONE)
    overlay.say(page, "position", samples=20_000)
    assert overlay.output.playing().position == 8_000
    assert overlay.output.ignored_reports == 3


def test_a_pause_so_short_that_the_page_never_heard_of_it_changes_nothing(
    overlay: VirtualOverlay,
) -> None:
    page = heard_for(overlay)
    messages(page)
    overlay.output.hold(SpeechHold.PAUSED)
    overlay.output.hold(SpeechHold.NONE)
    assert messages(page) == [{"type": "hold", "hold": "none"}]
    overlay.now += 0.1
    overlay.say(page, "position", samples=9_600)
    overlay.now += 0.1
    assert overlay.output.playing().position == pytest.approx(11_200, abs=1)


def test_a_hold_overtakes_the_sound_that_waits_and_takes_none_of_it_away(
    overlay: VirtualOverlay,
) -> None:
    page = overlay.open_page()
    overlay.start(0.3)
    overlay.output.hold(SpeechHold.LOWERED)
    overlay.output.hold(SpeechHold.PAUSED)
    assert messages(page) == [
        {"type": "hold", "hold": "paused"},
        {"type": "voice", "playing": 1, "samples": 0},
        *(0, 1_600, 3_200),
    ]


def test_a_pause_before_the_first_sound_is_heard_makes_it_wait(overlay: VirtualOverlay) -> None:
    page = overlay.open_page()
    overlay.start()
    overlay.say(page, "audible", lead_ms=80)
    overlay.output.hold(SpeechHold.PAUSED)
    overlay.now += 1
    assert overlay.output.playing().audible_at is None
    assert overlay.output.playing().position == 0
    overlay.output.hold(SpeechHold.NONE)
    overlay.say(page, "audible", lead_ms=30)
    assert overlay.output.playing().audible_at == pytest.approx(51.03)


def test_when_the_voice_page_leaves_in_a_pause_the_next_one_waits_at_the_same_sample(
    overlay: VirtualOverlay,
) -> None:
    page = heard_for(overlay)
    overlay.output.hold(SpeechHold.PAUSED)
    heir = overlay.open_page()
    overlay.pages.leave(page)
    overlay.now += 1
    assert overlay.output.playing().position == 8_000
    assert messages(heir)[0] == {"type": "voice", "playing": 1, "samples": 8_000}
    overlay.pages.leave(heir)
    overlay.now += 1
    assert overlay.output.playing().position == 8_000
    overlay.output.hold(SpeechHold.NONE)
    overlay.now += 0.5
    assert overlay.output.playing().position == pytest.approx(16_000, abs=1)


def test_a_stop_in_a_pause_tells_where_it_stood(overlay: VirtualOverlay) -> None:
    page = heard_for(overlay)
    overlay.output.hold(SpeechHold.PAUSED)
    overlay.now += 2
    messages(page)
    assert overlay.output.stop() == 8_000
    assert messages(page) == [{"type": "stop", "playing": 1}]


@pytest.mark.parametrize(
    ("pages", "hint"),
    [
        ([], "open the overlay (panel: Copy overlay URL)"),
        ([{"mute": True}], "all overlay pages are muted"),
        ([{"audio": "blocked"}], "click once into the overlay page"),
    ],
)
def test_health_says_how_to_be_heard(
    overlay: VirtualOverlay, pages: list[dict[str, Any]], hint: str
) -> None:
    for options in pages:
        overlay.open_page(**options)
    health = overlay.output.health()
    assert health.state is ModuleState.DEGRADED
    assert hint in health.detail


async def test_a_page_that_takes_nothing_is_let_go() -> None:
    page = Pages().join()
    assert page is not None
    for _ in range(100):
        page.send_sound(1, 0, bytes(100_000))
    assert page.closed
    assert await asyncio.wait_for(page.next_message(), 1) is None


def test_there_is_an_end_to_the_number_of_pages() -> None:
    pages = Pages()
    assert all(pages.join() for _ in range(MAXIMUM_PAGES))
    assert pages.join() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "7",
        "{",
        '{"type": "nonsense"}',
        '{"type": "hello"}',
        '{"type": "hello", "mute": "no", "audio": "running"}',
        '{"type": "hello", "mute": false, "audio": "loud"}',
        '{"type": "position", "playing": 1, "samples": -1}',
        '{"type": "position", "playing": 1, "samples": 1e300}',
        '{"type": "position", "playing": "1", "samples": 2}',
        '{"type": "position", "playing": 1, "samples": NaN}',
        '{"type": "audible", "playing": 1, "lead_ms": Infinity}',
        '{"type": "audible", "playing": 1, "lead_ms": 100000}',
        '{"type": "stopped", "playing": 1, "samples": true, "took_ms": 1}',
        "[" * 400,
        '{"type": "alive", "more": "' + "x" * 600 + '"}',
    ],
)
def test_nonsense_of_a_page_is_no_report(text: str) -> None:
    assert parse(text) is None


def test_a_page_may_say_more_than_this_stage_knows() -> None:
    assert parse('{"type": "alive", "battery": 7}') == Alive(type="alive")
    assert isinstance(parse('{"type":"hello","mute":true,"audio":"running"}'), Hello)
    assert isinstance(parse('{"type":"audio","audio":"blocked"}'), AudioChanged)
