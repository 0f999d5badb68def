"""Whether the stage still says where she is, while she should be moving."""

from collections.abc import Callable

from libs.speech.playback_clock import PlaybackClock

#: The stage says four times a second where she is: after so long without a word the mouth begins to
#: shut, and so long after that it is shut.
QUIET_SECONDS, FADE_SECONDS = 0.75, 0.25
#: A frame that comes later than this after the one before is late: this process did not run, and
#: what came meanwhile is not read yet.
LONGEST_FRAME_SECONDS = 0.1


class StageNews:
    """Promises: a stage that is gone is noticed within about a second; time in which this process
    did not run, or in which nothing could come over the bus, is not held against it.
    """

    def __init__(self, clock: PlaybackClock, hears: Callable[[], bool]) -> None:
        """`hears`: whether the bus is there."""
        self._clock = clock
        self._hears = hears
        self._heard_of_at = float("-inf")
        self._looked_at = float("-inf")
        self._quiet_seconds = 0.0

    def share(self, now: float) -> float:
        """How much of a moving mouth is left, 1 to 0; called in every frame in which it moves."""
        step, self._looked_at = now - self._looked_at, now
        if self._clock.heard_of_at != self._heard_of_at or not self._hears():
            self._heard_of_at = self._clock.heard_of_at
            self._quiet_seconds = 0.0
        else:
            self._quiet_seconds += min(max(0.0, step), LONGEST_FRAME_SECONDS)
        faded = (self._quiet_seconds - QUIET_SECONDS) / FADE_SECONDS
        return 1.0 - min(1.0, max(0.0, faded))
