"""Her voice held back: lowered, paused, and going on with the same sound; in virtual time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stage.holds import MAXIMUM_HOLDERS, Holds
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import (
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)
from tests.stage.scripted_voice import ScriptedVoice
from tests.stage.virtual_stage import SHOW_ZERO, VirtualStage, closing_journals

NONE, LOWERED, PAUSED = SpeechHold.NONE, SpeechHold.LOWERED, SpeechHold.PAUSED


@pytest.fixture(autouse=True)
def journals_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with closing_journals(monkeypatch):
        yield


@pytest.fixture
def stage(tmp_path: Path) -> VirtualStage:
    return VirtualStage(tmp_path / "journal.jsonl")


def speaking(stage: VirtualStage, seconds: float = 2.0) -> ScriptedVoice:
    voice = ScriptedVoice()
    stage.hear(*voice.sentence("one two three four", seconds), voice.finished())
    return voice


# Who holds ------------------------------------------------------------------------------------


def test_of_two_holders_the_stricter_counts_and_each_lets_go_only_for_itself() -> None:
    holds = Holds()
    holds.take("host_first", LOWERED, 10)
    holds.take("voice", PAUSED, 10)
    assert holds.strictest(0) is PAUSED
    holds.take("voice", NONE, 10)
    assert holds.strictest(0) is LOWERED
    holds.take("host_first", NONE, 10)
    assert holds.strictest(0) is NONE


def test_a_hold_ends_by_itself_and_the_weaker_one_that_lasts_longer_comes_through() -> None:
    holds = Holds()
    holds.take("voice", PAUSED, 2.0)
    holds.take("host_first", LOWERED, 5.0)
    assert holds.wakes_at == 2.0
    assert [holds.strictest(at) for at in (1.9, 2.0, 4.9, 5.0)] == [PAUSED, LOWERED, LOWERED, NONE]
    assert holds.wakes_at is None


def test_a_holder_may_also_become_milder_or_shorter() -> None:
    holds = Holds()
    holds.take("voice", PAUSED, 30.0)
    holds.take("voice", LOWERED, 1.0)
    assert [holds.strictest(at) for at in (0.5, 1.0)] == [LOWERED, NONE]


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=5), st.sampled_from(SpeechHold), st.floats(0, 30))))
def test_however_many_holders_there_are_their_number_is_bounded(orders: list) -> None:
    holds = Holds()
    for by, hold, until in orders:
        holds.take(by, hold, until)
    assert len(holds._by_holder) <= MAXIMUM_HOLDERS
    assert holds.strictest(31) is NONE


# What plays -----------------------------------------------------------------------------------


def test_a_paused_utterance_stands_still_and_goes_on_to_its_whole_end(stage: VirtualStage) -> None:
    speaking(stage)
    stage.pass_time(0.6)
    stage.player.hold("voice", PAUSED, 30)
    stood = stage.player.position
    stage.pass_time(5)
    assert stage.player.position == stood == pytest.approx(9_600, abs=330)
    stage.player.hold("voice", NONE, 0)
    stage.pass_time(1.3)
    assert not stage.finished
    stage.pass_time(0.2)
    [end] = stage.finished
    assert (end.outcome, end.heard_text) == (PlaybackOutcome.COMPLETED, "one two three four")
    assert end.position_seconds == pytest.approx(2.0)
    assert len(stage.of(PlaybackStarted)) == 1


def test_a_hold_that_nobody_renews_ends_and_she_goes_on(stage: VirtualStage) -> None:
    speaking(stage)
    stage.pass_time(0.5)
    stage.player.hold("voice", PAUSED, 2.0)
    stage.pass_time(1.9)
    stage.player.hold("voice", PAUSED, 2.0)
    stage.pass_time(1.9)
    assert stage.player.held is PAUSED
    stage.pass_time(0.2)
    assert stage.player.held is NONE
    stage.pass_time(1.6)
    assert stage.finished[0].outcome is PlaybackOutcome.COMPLETED


def test_a_lowered_voice_goes_on_in_time(stage: VirtualStage) -> None:
    speaking(stage)
    stage.player.hold("voice", LOWERED, 30)
    stage.pass_time(2.1)
    assert stage.finished[0].outcome is PlaybackOutcome.COMPLETED


def test_each_change_is_told_at_once_with_the_position_and_renewals_are_not(
    stage: VirtualStage,
) -> None:
    voice = speaking(stage)
    stage.pass_time(0.3)
    stage.told.clear()
    for hold in (LOWERED, LOWERED, PAUSED, PAUSED, NONE):
        stage.player.hold("voice", hold, 5)
    told = stage.of(PlaybackProgressed)
    assert [event.hold for event in told] == [LOWERED, PAUSED, NONE]
    assert {event.utterance_id for event in told} == {voice.utterance_id}
    assert {round(event.position_seconds, 2) for event in told} == {0.32}


def test_a_hold_while_nothing_plays_is_told_to_nobody_and_holds_what_comes(
    stage: VirtualStage,
) -> None:
    stage.player.hold("host_first", PAUSED, 3.0)
    assert stage.told == []
    speaking(stage, 1.0)
    stage.pass_time(2.9)
    assert stage.told == []
    assert stage.player.playlist.current is None
    stage.pass_time(0.2)
    assert stage.of(PlaybackStarted)[0].started_at == pytest.approx(SHOW_ZERO + 103.0, abs=0.05)
    stage.pass_time(1.2)
    assert stage.finished[0].outcome is PlaybackOutcome.COMPLETED


def test_the_end_of_a_hold_wakes_a_stage_on_which_nothing_plays(stage: VirtualStage) -> None:
    stage.player.hold("host_first", PAUSED, 3.0)
    assert stage.player.look() == pytest.approx(103.0)


def test_what_waits_is_not_begun_in_a_pause_and_comes_in_order_afterwards(
    stage: VirtualStage,
) -> None:
    speaking(stage, 0.5)
    stage.pass_time(0.2)
    stage.player.hold("voice", PAUSED, 10)
    later = ScriptedVoice()
    stage.hear(*later.sentence("Later."), later.finished())
    stage.pass_time(5)
    assert len(stage.of(PlaybackStarted)) == 1
    stage.player.hold("voice", NONE, 0)
    stage.pass_time(3)
    assert [end.outcome for end in stage.finished] == [PlaybackOutcome.COMPLETED] * 2
    assert stage.finished[-1].utterance_id == later.utterance_id


def test_what_waited_through_a_pause_until_it_was_too_old_is_not_said(stage: VirtualStage) -> None:
    stage.player.hold("host_first", PAUSED, 25)
    speaking(stage)
    stage.pass_time(20)
    stage.player.hold("host_first", PAUSED, 25)
    stage.pass_time(20)
    [end] = stage.finished
    assert (end.outcome, end.reason) == (PlaybackOutcome.EXPIRED, "too_old")
    assert not stage.of(PlaybackStarted)


def test_what_has_begun_does_not_grow_old_or_stall_in_a_pause(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    events = voice.sentence("one two three four", 2.0)
    stage.hear(*events[:5])
    stage.pass_time(1.0)
    for _ in range(4):
        stage.player.hold("voice", PAUSED, 30)
        stage.pass_time(20)
    stage.player.hold("voice", NONE, 0)
    stage.pass_time(7)
    assert not stage.finished
    stage.hear(*events[5:], voice.finished())
    stage.pass_time(2)
    assert stage.finished[0].outcome is PlaybackOutcome.COMPLETED


def test_sound_that_comes_in_a_pause_is_said_afterwards(stage: VirtualStage) -> None:
    voice = ScriptedVoice()
    events = voice.sentence("one two three four", 2.0)
    stage.hear(*events[:3])
    stage.pass_time(0.2)
    stage.player.hold("voice", PAUSED, 30)
    stage.hear(*events[3:], *voice.sentence("five"), voice.finished())
    stage.pass_time(3)
    assert stage.player.position == pytest.approx(3_200, abs=330)
    stage.player.hold("voice", NONE, 0)
    stage.pass_time(4)
    [end] = stage.finished
    assert end.heard_text == "one two three four five"
    assert end.position_seconds == pytest.approx(3.15)


# Stop is stop ---------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["stopped", "panic", "off", "retracted"])
def test_an_interruption_of_a_paused_utterance_ends_it_where_it_stood_and_when_it_fell_silent(
    stage: VirtualStage, reason: str
) -> None:
    speaking(stage)
    stage.pass_time(0.6)
    stage.player.hold("voice", PAUSED, 30)
    paused_at = SHOW_ZERO + stage.now
    stood = stage.player.position
    stage.pass_time(1.5)
    stage.player.interrupt(lambda utterance: True, reason)
    [end] = stage.finished
    assert (end.outcome, end.reason, end.heard_text) == (
        PlaybackOutcome.INTERRUPTED,
        reason,
        "one two",
    )
    assert end.position_seconds == pytest.approx(stood / 16_000)
    assert end.stopped_at == pytest.approx(paused_at)


def test_after_a_stop_the_hold_is_still_in_force_for_what_comes(stage: VirtualStage) -> None:
    speaking(stage)
    stage.pass_time(0.5)
    stage.player.hold("voice", PAUSED, 30)
    stage.player.interrupt(lambda utterance: True, "stopped")
    speaking(stage, 0.5)
    stage.pass_time(3)
    assert len(stage.of(PlaybackStarted)) == 1
    stage.player.hold("voice", NONE, 0)
    stage.pass_time(1)
    assert stage.finished[-1].outcome is PlaybackOutcome.COMPLETED


def test_a_pause_before_the_first_sample_and_then_a_stop_is_nothing_heard(
    stage: VirtualStage,
) -> None:
    stage.player.hold("voice", LOWERED, 30)
    stage.player.hold("voice", PAUSED, 30)
    speaking(stage)
    stage.player.interrupt(lambda utterance: True, "stopped")
    [end] = stage.finished
    assert (end.heard_text, end.position_seconds, end.stopped_at) == ("", 0.0, None)
    assert not stage.of(PlaybackStarted)


def test_a_stage_that_leaves_in_a_pause_says_where_it_stood(stage: VirtualStage) -> None:
    speaking(stage)
    stage.pass_time(0.6)
    stage.player.hold("voice", PAUSED, 30)
    stage.pass_time(1)
    stage.player.halt("stage_stopped")
    assert stage.finished[0].position_seconds == pytest.approx(0.6, abs=0.03)
    stage.player.hold("voice", NONE, 0)
    assert len(stage.of(PlaybackFinished)) == 1


def test_a_crash_in_a_pause_does_not_lose_what_was_heard(stage: VirtualStage) -> None:
    speaking(stage, 4.0)
    stage.pass_time(2.2)
    stage.player.hold("voice", PAUSED, 30)
    again = stage.killed()
    again.restore()
    [end] = again.finished
    assert (end.outcome, end.heard_text) == (PlaybackOutcome.INTERRUPTED, "one two three")
    assert end.position_seconds == pytest.approx(2.2, abs=0.03)


ORDERS = st.lists(
    st.tuples(st.sampled_from(SpeechHold), st.floats(0.02, 0.7)), min_size=1, max_size=8
)


@settings(max_examples=40, deadline=None)
@given(orders=ORDERS)
def test_whatever_the_holds_time_passes_only_while_she_is_heard(orders, tmp_path_factory) -> None:
    stage = VirtualStage(tmp_path_factory.mktemp("any") / "journal.jsonl")
    speaking(stage)
    last = 0
    for hold, seconds in orders:
        stage.player.hold("voice", hold, 30)
        before, began_at = stage.player.position, stage.now
        stage.pass_time(seconds)
        passed = stage.now - began_at
        if stage.player.playlist.current is None:
            break
        moved = stage.player.position - before
        assert moved == pytest.approx(0 if hold is PAUSED else passed * 16_000, abs=2)
        assert stage.player.position >= last
        last = stage.player.position
    stage.player.hold("voice", NONE, 0)
    stage.pass_time(2.1)
    [end] = stage.finished
    assert end.position_seconds == pytest.approx(2.0)
    stage.journal.close()
