"""How late a line came, by two clocks that may be apart."""

#: The smallest difference of the clocks is taken from so many seconds, and from as many before.
MEASURED_SECONDS = 300.0


class Lateness:
    """The platform's clock says when a line was written, ours when it came. The quickest lines show
    how far the clocks are apart, so that a wrong clock does not make all of chat too old."""

    def __init__(self) -> None:
        self._begun_at = float("-inf")
        self._least = self._least_before = float("inf")

    def of(self, written_at: float, came_at: float) -> float:
        """Seconds that this line took longer than the quickest lately."""
        lag = came_at - written_at
        if came_at - self._begun_at > MEASURED_SECONDS:
            self._begun_at, self._least_before, self._least = came_at, self._least, lag
        self._least = min(self._least, lag)
        return lag - min(self._least, self._least_before)
