"""How long to wait before a child that died is started again."""

from collections import deque

#: Deaths within this time count together.
WINDOW_SECONDS = 30.0
#: So many of them are a crash loop.
LOOP_DEATHS = 5
#: Waits after the first deaths: somebody who is needed on air is back at once.
QUICK_SECONDS = (0.0, 0.1, 0.25, 0.5)
#: Waits in a crash loop; the last one repeats.
SLOW_SECONDS = (5.0, 10.0, 20.0, 30.0)


class Backoff:
    """Counts the deaths of one child."""

    def __init__(self) -> None:
        self._deaths: deque[float] = deque()
        self._slow = 0
        self._last_slow_until = 0.0

    def died(self, at: float) -> float:
        """Seconds to wait, for a death at this time (monotonic clock)."""
        self._deaths.append(at)
        while self._deaths[0] < at - WINDOW_SECONDS:
            self._deaths.popleft()
        if len(self._deaths) < LOOP_DEATHS and not self._still_looping(at):
            self._slow = 0
            return QUICK_SECONDS[min(len(self._deaths), len(QUICK_SECONDS)) - 1]
        wait = SLOW_SECONDS[min(self._slow, len(SLOW_SECONDS) - 1)]
        self._slow += 1
        self._last_slow_until = at + wait
        return wait

    @property
    def looping(self) -> bool:
        return self._slow > 0

    def _still_looping(self, at: float) -> bool:
        """A child that dies soon after a slow restart has not mended itself."""
        return self._slow > 0 and at < self._last_slow_until + WINDOW_SECONDS
