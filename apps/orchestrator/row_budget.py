"""How many rows of chat screens are told: people cannot read a thousand a second."""

from collections import Counter

#: Rows a second that go out in a flood, and how many at once before it counts as one.
ROWS_A_SECOND = 20.0
ROWS_AT_ONCE = 40


class RowBudget:
    """A token bucket; what it does not let through is counted, to be told in one row."""

    def __init__(self) -> None:
        self._left = float(ROWS_AT_ONCE)
        self._at = float("-inf")
        self._kept_back: Counter[str] = Counter()

    def spend(self, kind: str, now: float) -> bool:
        """Whether one more row may go out; otherwise it is counted as of this kind."""
        if now > self._at:
            self._left = min(ROWS_AT_ONCE, self._left + (now - self._at) * ROWS_A_SECOND)
            self._at = now
        if self._left < 1:
            self._kept_back[kind] += 1
            return False
        self._left -= 1
        return True

    def kept_back(self) -> Counter[str]:
        """What was kept back since this was asked."""
        found, self._kept_back = self._kept_back, Counter()
        return found
