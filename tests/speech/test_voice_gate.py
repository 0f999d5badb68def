"""The gate is a counter fed with windows: these tests need no sound and no clock."""

import math
import random

import pytest

from libs.speech.voice_gate import VoiceChange, VoiceGate

WINDOW = 0.032
HANGOVER = 0.6
QUIET, LOUD = -60.0, -20.0


def feed(
    gate: VoiceGate,
    probability: float,
    windows: int,
    level: float = LOUD,
    ends_after: float = HANGOVER,
    masked: bool = False,
) -> list[VoiceChange]:
    found = [gate.take(probability, level, WINDOW, ends_after, masked) for _ in range(windows)]
    return [change for change in found if change is not VoiceChange.NONE]


def calibrated() -> VoiceGate:
    gate = VoiceGate()
    feed(gate, 0.01, 32, QUIET)
    return gate


def test_a_speech_starts_pauses_goes_on_and_ends() -> None:
    gate = calibrated()
    assert feed(gate, 0.9, 20) == [VoiceChange.STARTED]
    assert feed(gate, 0.1, 10, QUIET) == [VoiceChange.PAUSED]
    assert feed(gate, 0.9, 20) == [VoiceChange.RESUMED]
    assert feed(gate, 0.1, 30, QUIET) == [VoiceChange.PAUSED, VoiceChange.ENDED]
    assert not gate.in_speech


def test_two_loud_clicks_are_no_speech() -> None:
    gate = calibrated()
    for _ in range(20):
        assert feed(gate, 0.95, 2) == []
        assert feed(gate, 0.02, 3, QUIET) == []


def test_a_start_that_flickers_once_is_a_start_and_counts_from_its_first_window() -> None:
    gate = calibrated()
    feed(gate, 0.9, 1)
    feed(gate, 0.2, 1)
    assert feed(gate, 0.9, 2) == [VoiceChange.STARTED]
    assert gate.start_seconds == pytest.approx(4 * WINDOW)
    assert gate.voiced_seconds == pytest.approx(3 * WINDOW)


def test_between_the_two_thresholds_it_goes_on_as_before() -> None:
    gate = calibrated()
    assert feed(gate, 0.45, 20) == []
    feed(gate, 0.9, 5)
    assert feed(gate, 0.4, 60) == []
    assert gate.in_speech
    assert not gate.paused
    feed(gate, 0.3, 1)
    assert gate.paused
    assert VoiceChange.RESUMED not in feed(gate, 0.45, 8)


def test_a_speech_ends_on_the_window_in_which_the_silence_is_long_enough() -> None:
    gate = calibrated()
    feed(gate, 0.9, 10)
    windows = math.ceil(HANGOVER / WINDOW)
    assert feed(gate, 0.0, windows - 1, QUIET) == [VoiceChange.PAUSED]
    assert feed(gate, 0.0, 1, QUIET) == [VoiceChange.ENDED]
    assert gate.silence_seconds == pytest.approx(windows * WINDOW)


def test_one_click_in_a_silence_does_not_begin_the_silence_anew() -> None:
    gate = calibrated()
    feed(gate, 0.9, 10)
    feed(gate, 0.0, 10, QUIET)
    feed(gate, 0.9, 1)
    assert feed(gate, 0.0, 10, QUIET) == [VoiceChange.ENDED]


def test_a_voice_that_may_just_be_coming_back_is_waited_for() -> None:
    gate = calibrated()
    feed(gate, 0.9, 10)
    feed(gate, 0.0, 18, QUIET)
    assert feed(gate, 0.9, 1) == []
    assert feed(gate, 0.9, 1) == [VoiceChange.RESUMED]


def test_how_much_silence_ends_it_may_change_while_it_is_silent() -> None:
    gate = calibrated()
    feed(gate, 0.9, 10)
    assert feed(gate, 0.0, 40, QUIET, ends_after=1.6) == [VoiceChange.PAUSED]
    assert feed(gate, 0.0, 1, QUIET, ends_after=0.3) == [VoiceChange.ENDED]


def test_a_voice_inside_the_noise_is_none() -> None:
    gate = VoiceGate()
    feed(gate, 0.05, 32, -35.0)
    assert gate.noise_floor_dbfs == pytest.approx(-35.0)
    assert feed(gate, 0.9, 20, -33.0) == []
    assert feed(gate, 0.9, 20, -25.0) == [VoiceChange.STARTED]


def test_the_floor_falls_at_once_and_rises_slowly() -> None:
    gate = VoiceGate()
    feed(gate, 0.05, 32, -40.0)
    feed(gate, 0.05, 31, -70.0)
    assert gate.noise_floor_dbfs is not None
    assert gate.noise_floor_dbfs < -65
    before = gate.noise_floor_dbfs
    feed(gate, 0.05, 31, -20.0)
    assert gate.noise_floor_dbfs == pytest.approx(before + 2.0, abs=0.2)


def test_before_it_is_calibrated_there_is_no_floor_and_a_voice_is_one() -> None:
    gate = VoiceGate()
    assert gate.noise_floor_dbfs is None
    assert feed(gate, 0.9, 5) == [VoiceChange.STARTED]


def test_a_television_far_below_the_host_is_not_the_host() -> None:
    gate = calibrated()
    feed(gate, 0.9, 100, -15.0)
    feed(gate, 0.0, 30, QUIET)
    assert feed(gate, 0.9, 60, -48.0) == []


def test_a_host_who_screamed_for_a_moment_is_heard_when_he_speaks_softly() -> None:
    gate = calibrated()
    for _ in range(10):
        feed(gate, 0.9, 60, -28.0)
        feed(gate, 0.0, 30, QUIET)
    feed(gate, 0.95, 125, -3.0)
    feed(gate, 0.0, 30, QUIET)
    assert feed(gate, 0.9, 4, -45.0) == [VoiceChange.STARTED]


def test_a_host_who_turned_the_microphone_down_is_heard_again_after_a_while() -> None:
    gate = calibrated()
    feed(gate, 0.9, 100, -12.0)
    feed(gate, 0.0, 30, -90.0)
    windows = 0
    while not feed(gate, 0.9, 1, -45.0):
        windows += 1
        assert windows * WINDOW < 5, "never heard again"


def test_her_own_voice_is_silence_and_teaches_nothing_about_the_room() -> None:
    gate = calibrated()
    floor = gate.noise_floor_dbfs
    assert feed(gate, 0.95, 300, -10.0, masked=True) == []
    assert gate.noise_floor_dbfs == floor
    assert feed(gate, 0.9, 5, LOUD) == [VoiceChange.STARTED]
    assert feed(gate, 0.95, 20, LOUD, masked=True) == [VoiceChange.PAUSED, VoiceChange.ENDED]


def test_what_was_cut_off_for_its_length_goes_on_at_once() -> None:
    gate = calibrated()
    feed(gate, 0.9, 100)
    gate.split(0.5)
    assert gate.in_speech
    assert gate.duration_seconds == 0.5
    assert gate.voiced_seconds == 0.5
    assert feed(gate, 0.0, 30, QUIET) == [VoiceChange.PAUSED, VoiceChange.ENDED]


@pytest.mark.parametrize("nonsense", [math.nan, -math.inf, math.inf, -5.0, 7.0])
def test_numbers_that_are_none_end_no_show(nonsense: float) -> None:
    gate = calibrated()
    feed(gate, nonsense, 50, nonsense)
    feed(gate, 0.0, 60, QUIET)
    assert not gate.in_speech
    assert gate.noise_floor_dbfs is not None
    assert math.isfinite(gate.noise_floor_dbfs)
    assert feed(gate, 0.9, 5, -15.0) == [VoiceChange.STARTED]


def test_changes_always_come_in_an_order_that_makes_sense() -> None:
    after = {
        None: {VoiceChange.STARTED},
        VoiceChange.STARTED: {VoiceChange.PAUSED},
        VoiceChange.PAUSED: {VoiceChange.RESUMED, VoiceChange.ENDED},
        VoiceChange.RESUMED: {VoiceChange.PAUSED},
        VoiceChange.ENDED: {VoiceChange.STARTED},
    }
    chance = random.Random(6)
    gate, last = VoiceGate(), None
    for _ in range(20_000):
        level = chance.uniform(-80, 0)
        for change in feed(gate, chance.random(), chance.randint(1, 6), level):
            assert change in after[last]
            last = change
    assert last is not None
