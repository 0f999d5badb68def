"""Where she is, from what the stage says; every moment is a number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.speaking import (
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
)
from libs.speech.playback_clock import (
    GONE_AFTER_SECONDS,
    LOST_AFTER_SECONDS,
    MAXIMUM_ANCHORS,
    MAXIMUM_HOLDERS,
    PlaybackClock,
)

T = 1_000.0
PAUSED, LOWERED, NONE = SpeechHold.PAUSED, SpeechHold.LOWERED, SpeechHold.NONE


def started(identity: str | None = "u1", at: float = T, epoch: int = 1) -> PlaybackStarted:
    return PlaybackStarted(
        utterance_id=identity, turn_id=f"t-{identity}", epoch=epoch, text="x", output="o",
        started_at=at, first_chunk_at=at,
    )  # fmt: skip


def progressed(
    at: float, position: float, hold: SpeechHold = NONE, identity: str = "u1", epoch: int = 1
) -> PlaybackProgressed:
    return PlaybackProgressed(
        utterance_id=identity, turn_id=f"t-{identity}", epoch=epoch, index=0, text="x",
        position_seconds=position, known_seconds=9, hold=hold, emitted_at=at,
    )  # fmt: skip


def finished(identity: str | None = "u1") -> PlaybackFinished:
    return PlaybackFinished(
        utterance_id=identity, outcome=PlaybackOutcome.COMPLETED, heard_text="", full_text="",
        position_seconds=1, duration_seconds=1,
    )  # fmt: skip


def held(hold: SpeechHold, at: float, by: str = "voice", seconds: float = 2.0) -> HoldSpeaking:
    return HoldSpeaking(hold=hold, by=by, at_most_seconds=seconds, emitted_at=at)


def after(*events: Event) -> PlaybackClock:
    clock = PlaybackClock()
    for event in events:
        clock.take(event)
    return clock


def position(clock: PlaybackClock, at: float) -> float | None:
    anchor = clock.heard(at)
    return round(anchor.position_at(at), 6) if anchor is not None else None


def test_from_its_beginning_on_it_moves_as_time_does() -> None:
    clock = after(started())
    assert [position(clock, T + at) for at in (-0.1, 0.0, 0.5, 2.0)] == [-0.1, 0.0, 0.5, 2.0]
    assert (clock.utterance_id, clock.turn_id, clock.epoch) == ("u1", "t-u1", 1)


def test_each_word_of_the_stage_sets_it_right_and_the_past_stays_as_it_was() -> None:
    clock = after(started(), progressed(T + 1.0, 0.8), progressed(T + 1.25, 1.05))
    assert position(clock, T + 1.5) == 1.3
    assert position(clock, T + 0.9) == 0.9
    assert position(clock, T + 1.1) == 0.9


def test_who_joins_in_the_middle_knows_where_she_is() -> None:
    clock = after(progressed(T + 3, 3.1))
    assert position(clock, T + 3.2) == 3.3
    assert not clock.take(started())  # comes late, and says nothing new
    assert position(clock, T + 3.2) == 3.3


def test_paused_it_stands_and_goes_on_from_there() -> None:
    clock = after(started(), held(PAUSED, T + 0.5))
    assert position(clock, T + 0.9) == 0.5
    heard = clock.heard(T + 0.9)
    assert heard is not None
    assert heard.stands
    clock.take(held(NONE, T + 1.0))
    assert position(clock, T + 1.25) == 0.75


def test_of_two_holders_the_stricter_counts_and_an_order_counts_once() -> None:
    pause = held(PAUSED, T + 0.5)
    clock = after(started(), held(LOWERED, T + 0.4, "host_first"), pause)
    clock.take(held(NONE, T + 0.6, "host_first"))
    assert position(clock, T + 1.0) == 0.5
    clock.take(held(NONE, T + 1.0))
    clock.take(pause)
    assert position(clock, T + 1.5) == 1.0


def test_what_the_stage_says_of_a_hold_counts_more_than_what_was_ordered() -> None:
    clock = after(started(), held(PAUSED, T + 0.5), progressed(T + 0.6, 0.55, LOWERED))
    assert position(clock, T + 0.7) == 0.65


def test_the_end_ends_it_and_what_is_still_under_way_changes_nothing() -> None:
    clock = after(started(), finished())
    assert position(clock, T + 0.5) is None
    for late in (started(), progressed(T + 0.4, 0.4)):
        assert not clock.take(late)
        assert position(clock, T + 0.5) is None
    assert clock.take(started("u2", T + 1))
    assert position(clock, T + 1.5) == 0.5


def test_the_end_of_another_utterance_does_not_end_this_one() -> None:
    clock = after(started("u2"), finished("u1"), finished(None))
    assert position(clock, T + 0.5) == 0.5


def test_a_stop_ends_what_is_older_at_once() -> None:
    clock = after(started(epoch=1))
    assert clock.take(StopSpeaking(epoch=2, emitted_at=T + 0.5))
    assert position(clock, T + 0.5) is None
    assert not clock.take(progressed(T + 0.5, 0.5))


def test_a_stop_leaves_what_is_newer() -> None:
    clock = after(started(epoch=2))
    assert not clock.take(StopSpeaking(epoch=2, emitted_at=T + 0.5))
    assert position(clock, T + 0.6) == 0.6


def test_a_word_from_before_the_stop_that_comes_after_it_does_not_begin_anything() -> None:
    clock = after(StopSpeaking(epoch=2, emitted_at=T + 0.5))
    assert not clock.take(started(epoch=1))
    assert not clock.take(progressed(T + 0.4, 0.4))
    assert position(clock, T + 0.6) is None
    assert clock.take(started("u2", T + 0.3, epoch=2))


def test_epochs_that_begin_anew_do_not_silence_her_for_ever() -> None:
    """The bus was emptied: what comes after the stop counts, whatever its number."""
    clock = after(StopSpeaking(epoch=50, emitted_at=T))
    assert clock.take(started(at=T + 1, epoch=1))
    assert position(clock, T + 1.5) == 0.5


def test_a_turn_that_is_cut_ends_only_what_belongs_to_it() -> None:
    clock = after(started())
    assert not clock.take(StopSpeaking(turn_id="another", emitted_at=T + 0.5))
    assert position(clock, T + 0.6) == 0.6
    assert clock.take(StopSpeaking(turn_id="t-u1", emitted_at=T + 0.7))
    assert position(clock, T + 0.8) is None


def test_a_stage_that_is_heard_of_no_more_is_lost_after_a_while() -> None:
    clock = after(started())
    assert position(clock, T + LOST_AFTER_SECONDS) is not None
    assert position(clock, T + LOST_AFTER_SECONDS + 0.1) is None
    paused = after(started(), progressed(T, 0.0, PAUSED))
    assert position(paused, T + GONE_AFTER_SECONDS) == 0.0
    assert position(paused, T + GONE_AFTER_SECONDS + 0.1) is None


def test_what_is_expected_is_not_yet_heard_and_is_given_up() -> None:
    clock = PlaybackClock()
    clock.expect("u1", T)
    assert (clock.utterance_id, clock.waits, position(clock, T)) == (None, False, None)
    clock.give_up_expecting(T + 0.9)
    assert clock.stretch(T + 0.9)[0] is not None
    clock.give_up_expecting(T + 1.1)
    assert clock.stretch(T + 0.9)[0] is None
    clock.take(started())
    clock.give_up_expecting(T + 9)
    assert clock.utterance_id == "u1"


def test_silenced_nothing_is_heard_and_it_does_not_come_back() -> None:
    clock = after(started())
    clock.silence()
    clock.take(progressed(T + 0.5, 0.5))
    assert position(clock, T + 0.5) is None


EVENTS = st.one_of(
    st.builds(started, st.sampled_from(["u1", "u2", "", None]), st.floats(T, T + 20)),
    st.builds(
        progressed, st.floats(), st.floats(), st.sampled_from(SpeechHold),
        st.sampled_from(["u1", "u2", "u3"]),
    ),
    st.builds(finished, st.sampled_from(["u1", "u2", None])),
    st.builds(held, st.sampled_from(SpeechHold), st.floats(T, T + 20), st.text(max_size=5)),
    st.builds(StopSpeaking, epoch=st.integers(0, 3), emitted_at=st.floats(T, T + 20)),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(EVENTS, max_size=80))
def test_whatever_comes_in_whatever_order_memory_is_bounded_and_nothing_breaks(
    events: list[Event],
) -> None:
    clock = PlaybackClock()
    for number, event in enumerate(events):
        clock.take(event)
        clock.heard(T + number / 4)
        clock.stretch(T + number / 4)
        assert not (clock.utterance_id and clock.has_ended(clock.utterance_id))
    assert len(clock._anchors) <= MAXIMUM_ANCHORS
    assert len(clock._holds) <= MAXIMUM_HOLDERS


def test_nothing_is_at_a_position_that_is_no_number() -> None:
    clock = after(started())
    for nonsense in (float("nan"), float("inf")):
        clock.take(progressed(T + 1.0, nonsense))
    assert position(clock, T + 1.5) == pytest.approx(1.5)


def test_a_beginning_that_is_told_again_does_not_bring_back_what_was_said_before() -> None:
    clock = after(started("u1"), started("u2", T + 2))
    assert not clock.take(started("u1"))
    assert clock.utterance_id == "u2"


def test_after_the_clock_was_set_back_she_is_heard_and_not_for_ever() -> None:
    clock = after(started("u1", T + 3_600), progressed(T + 3_601, 1.0))
    assert position(clock, T) is None, "of an hour ahead nothing is known"
    clock.take(started("u2", T))
    clock.take(progressed(T + 1, 1.5, identity="u2"))
    assert position(clock, T + 2) == pytest.approx(2.5)


def test_a_moment_or_a_position_beyond_all_bounds_is_none() -> None:
    clock = after(started())
    for at, where in ((1e308, 0.0), (-1e308, 0.0), (T + 1, 1e308), (T + 1, -1e308)):
        assert not clock.take(progressed(at, where))
    assert not clock.take(started("u2", -1e308))
    assert not clock.take(held(PAUSED, 1e308))
    assert position(clock, T + 1.5) == pytest.approx(1.5)


def test_where_she_was_before_a_hold_does_not_end_it() -> None:
    """Orders and news travel on two ways."""
    clock = after(started(), held(PAUSED, T + 1.0), progressed(T + 0.99, 0.99))
    assert position(clock, T + 1.2) == pytest.approx(1.0)
    clock.take(progressed(T + 1.02, 1.0, PAUSED))
    clock.take(progressed(T + 1.5, 1.0))
    clock.take(progressed(T + 1.4, 1.0, PAUSED))
    assert position(clock, T + 2.0) == pytest.approx(1.5)
