"""How long until VTube Studio is looked for again."""

import time
from collections.abc import Callable

QUICK_PAUSE_SECONDS = 0.25
#: So long after the start, or after a connection that was steady, it is looked for quickly: it is
#: being (re)started, and shall be back within a second.
QUICK_FOR_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 5.0


class Backoff:
    """Quick at first, then doubling up to the longest pause. A look costs a refused connection."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._pause = QUICK_PAUSE_SECONDS
        self._quick_until = now() + QUICK_FOR_SECONDS

    def next_seconds(self, ready_seconds: float = 0.0, urgent: bool = True) -> float:
        """After a connection that was ready so long. Not `urgent`: quickness would mend nothing."""
        if ready_seconds >= STEADY_SECONDS:
            self._quick_until = self._now() + QUICK_FOR_SECONDS
            self._pause = QUICK_PAUSE_SECONDS
        if urgent and self._now() < self._quick_until:
            return QUICK_PAUSE_SECONDS
        pause = self._pause
        self._pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        return pause
