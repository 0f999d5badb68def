"""When a sound card's samples were heard, told by when they were handed over.

What drivers say of it themselves is not used: PortAudio's time of the first sample was off by half
a second for a device that had just been opened, and equal to this within 5 ms later.
"""

#: Nothing is handed over before it was heard, so the earliest hand-over is the truest; a card's
#: clock may run slower than ours by this share.
DRIFT_SHARE = 0.000_5
#: If everything came this much later, for this long, sound in between was lost in the card.
LOST_SECONDS = 0.15
CERTAIN_SECONDS = 2.0


class SampleClock:
    """Position and time of pieces that come in order but hurried or late. No clock of its own.

    Promises: times of pieces that follow each other differ by their lengths, but for a slow drift;
    a card that lost sound is noticed after two seconds, and positions then jump by what is
    missing.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._position = 0
        self._offset: float | None = None
        self._late_since: float | None = None
        self._least_lateness = 0.0

    def place(self, samples: int, handed_over_at: float) -> tuple[int, float]:
        """Position and time of the first sample of a piece that was complete at that time."""
        length = samples / self._rate_hz
        offset = handed_over_at - length - self._position / self._rate_hz
        if self._offset is None or offset < self._offset:
            self._offset, self._late_since = offset, None
        else:
            self._offset += min(offset - self._offset, length * DRIFT_SHARE)
            self._notice_loss(offset - self._offset, handed_over_at)
        position = self._position
        self._position += samples
        return position, self._offset + position / self._rate_hz

    def _notice_loss(self, lateness: float, now: float) -> None:
        if lateness < LOST_SECONDS:
            self._late_since = None
            return
        if self._late_since is None:
            self._late_since, self._least_lateness = now, lateness
        self._least_lateness = min(self._least_lateness, lateness)
        if now - self._late_since >= CERTAIN_SECONDS:
            self._position += round(self._least_lateness * self._rate_hz)
            self._late_since = None
