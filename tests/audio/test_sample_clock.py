import random

import pytest

from libs.audio.sample_clock import SampleClock

RATE_HZ, BLOCK = 16_000, 512
LENGTH = BLOCK / RATE_HZ


def test_times_follow_the_samples_although_the_hand_overs_come_late_and_in_bursts() -> None:
    clock = SampleClock(RATE_HZ)
    dice = random.Random(3)
    placed = [
        clock.place(BLOCK, 100 + (n + 1) * LENGTH + (0 if n == 0 else dice.uniform(0, 0.06)))
        for n in range(500)
    ]
    for n, (position, at) in enumerate(placed):
        assert position == n * BLOCK
        assert at == pytest.approx(100 + n * LENGTH, abs=0.012)


def test_a_card_whose_clock_runs_slow_is_followed() -> None:
    clock = SampleClock(RATE_HZ)
    for n in range(20_000):
        position, at = clock.place(BLOCK, 100 + (n + 1) * LENGTH * 1.0001)
    assert position == 19_999 * BLOCK
    assert at == pytest.approx(100 + 19_999 * LENGTH * 1.0001, abs=0.01)


def test_sound_that_was_lost_in_the_card_becomes_a_jump_of_about_its_length() -> None:
    clock = SampleClock(RATE_HZ)
    position, at = 0, 0.0
    for n in range(200):
        lost = 0.5 if n >= 50 else 0.0
        position, at = clock.place(BLOCK, 100 + (n + 1) * LENGTH + lost)
    assert position - 199 * BLOCK == pytest.approx(0.5 * RATE_HZ, abs=0.02 * RATE_HZ)
    assert at == pytest.approx(100 + 199 * LENGTH + 0.5, abs=0.02)


def test_a_second_in_which_nobody_could_hand_over_is_no_loss() -> None:
    clock = SampleClock(RATE_HZ)
    for n in range(200):
        due = 100 + (n + 1) * LENGTH
        position, _ = clock.place(BLOCK, max(due, 103.0) if 102.0 < due < 103.0 else due)
    assert position == 199 * BLOCK
