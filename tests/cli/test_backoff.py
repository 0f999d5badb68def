"""When a child that died is started again."""

from apps.cli.supervisor.backoff import QUICK_SECONDS, SLOW_SECONDS, WINDOW_SECONDS, Backoff


def test_the_first_death_is_followed_by_a_start_at_once() -> None:
    assert Backoff().died(100.0) == 0.0


def test_the_next_deaths_wait_a_little_each() -> None:
    backoff = Backoff()
    assert [backoff.died(100.0 + n) for n in range(4)] == list(QUICK_SECONDS)
    assert not backoff.looping


def test_five_deaths_in_half_a_minute_are_a_crash_loop_with_ever_longer_waits() -> None:
    backoff, at = Backoff(), 0.0
    for _ in range(4):
        at += 1 + backoff.died(at)
    waits = []
    for _ in range(6):
        waits.append(backoff.died(at))
        at += 1 + waits[-1]
    assert waits == [*SLOW_SECONDS, SLOW_SECONDS[-1], SLOW_SECONDS[-1]]
    assert backoff.looping


def test_deaths_that_are_far_apart_are_each_the_first() -> None:
    backoff = Backoff()
    waits = [backoff.died(n * (WINDOW_SECONDS + 1)) for n in range(20)]
    assert set(waits) == {0.0}


def test_a_child_that_has_lived_long_after_a_crash_loop_is_trusted_again() -> None:
    backoff = Backoff()
    for n in range(6):
        backoff.died(float(n))
    assert backoff.looping
    assert backoff.died(1_000.0) == 0.0
    assert not backoff.looping
