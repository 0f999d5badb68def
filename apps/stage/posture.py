"""How the drawn character bears herself beside her mood: listening, thinking, asleep; gestures."""

import time
from collections.abc import Callable

from apps.stage.pages import Page, Pages
from libs.contracts.avatar import Bearing, PoseCharacter

#: A gesture that comes later than this is not made any more.
GESTURE_AGE_SECONDS = 2.0

#: Bearings that are drawn; speaking is seen by her mouth.
_DRAWN = frozenset({Bearing.LISTENING, Bearing.THINKING, Bearing.ASLEEP})


class Posture:
    """Promises: pages get an absolute bearing, those that come late too; it ends by itself, while
    she speaks, and in a panic; a gesture is told once, and never again.
    """

    def __init__(self, pages: Pages, now: Callable[[], float] = time.monotonic) -> None:
        self._pages = pages
        self._now = now
        self._meant = Bearing.IDLE
        self._until = 0.0
        self._emitted_at = 0.0
        self._speaking = False
        self._panic = False
        self._panic_at = float("-inf")
        """What was sent before is not for afterwards."""
        self._shown = Bearing.IDLE

    def pose(self, event: PoseCharacter, age_seconds: float) -> None:
        """`age_seconds`: how long ago it was sent. One that was overtaken by a newer one does
        nothing."""
        overtaken = event.emitted_at < self._emitted_at
        if self._panic or overtaken or self._now() - age_seconds < self._panic_at:
            return
        self._emitted_at = event.emitted_at
        self._meant = event.bearing
        self._until = self._now() + event.at_most_seconds - age_seconds
        if event.gesture and age_seconds <= GESTURE_AGE_SECONDS:
            self._shown = self._drawn()
            self._pages.send_all("pose", bearing=self._shown.value, gesture=event.gesture)
        else:
            self.refresh(self._speaking)

    def refresh(self, speaking: bool) -> None:
        """`speaking`: whether her voice is heard now."""
        self._speaking = speaking
        drawn = self._drawn()
        if drawn is not self._shown:
            self._shown = drawn
            self._pages.send_all("pose", bearing=drawn.value, gesture="")

    def set_panic(self, engaged: bool) -> None:
        """At once, before anything that waits to be sent."""
        self._panic = engaged
        if engaged:
            self._panic_at = self._now()
            self._meant = self._shown = Bearing.IDLE
            self._pages.send_all_first("pose", bearing=Bearing.IDLE.value, gesture="")

    def welcome(self, page: Page) -> None:
        page.send("pose", bearing=self._shown.value, gesture="")

    def _drawn(self) -> Bearing:
        holds = not self._speaking and self._now() < self._until
        return self._meant if holds and self._meant in _DRAWN else Bearing.IDLE
