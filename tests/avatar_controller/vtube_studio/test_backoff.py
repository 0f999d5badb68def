"""How soon VTube Studio is looked for again."""

from apps.avatar_controller.engines.vtube_studio.backoff import (
    LONGEST_PAUSE_SECONDS,
    QUICK_FOR_SECONDS,
    QUICK_PAUSE_SECONDS,
    STEADY_SECONDS,
    Backoff,
)


class Clock:
    now = 50.0


def pauses(clock: Clock, backoff: Backoff, seconds: float) -> list[float]:
    """As whoever looks in vain for so long waits."""
    found: list[float] = []
    ends_at = clock.now + seconds
    while clock.now < ends_at:
        found.append(backoff.next_seconds())
        clock.now += found[-1]
    return found


def test_it_is_looked_for_quickly_at_first_and_rarely_later() -> None:
    clock = Clock()
    backoff = Backoff(lambda: clock.now)
    assert set(pauses(clock, backoff, QUICK_FOR_SECONDS)) == {QUICK_PAUSE_SECONDS}
    later = pauses(clock, backoff, 300.0)
    assert later == sorted(later)
    assert later[-1] == LONGEST_PAUSE_SECONDS
    assert len(later) < 40


def test_after_a_steady_connection_it_is_looked_for_quickly_again() -> None:
    clock = Clock()
    backoff = Backoff(lambda: clock.now)
    pauses(clock, backoff, 300.0)
    assert backoff.next_seconds(STEADY_SECONDS) == QUICK_PAUSE_SECONDS
    assert QUICK_PAUSE_SECONDS < 1.0


def test_connections_that_break_at_once_are_made_ever_more_rarely() -> None:
    clock = Clock()
    backoff = Backoff(lambda: clock.now)
    pauses(clock, backoff, 300.0)
    assert backoff.next_seconds(0.1) == LONGEST_PAUSE_SECONDS


def test_a_wrong_program_is_not_asked_four_times_a_second() -> None:
    backoff = Backoff(lambda: 50.0)
    found = [backoff.next_seconds(urgent=False) for _ in range(10)]
    assert found[-1] == LONGEST_PAUSE_SECONDS
    assert sum(found[:6]) > 10
