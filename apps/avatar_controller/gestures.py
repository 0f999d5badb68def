"""Gestures that every avatar with a head can make: nod, shake, tilt."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """Degrees by which the head is turned."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


STILL = Turn()


@dataclass(frozen=True, slots=True)
class Gesture:
    """So many degrees to and fro (or there and back, where `swings` is 0), within its time."""

    seconds: float
    turn: Turn
    swings: float = 0.0

    def at(self, seconds: float) -> Turn:
        """The head so long after its beginning; it begins and ends at rest."""
        share = seconds / self.seconds
        if not 0 < share < 1:
            return STILL
        amount = math.sin(math.pi * share)
        if self.swings:
            amount *= math.sin(2 * math.pi * self.swings * share)
        else:
            amount = min(1.0, 1.6 * amount)
        return Turn(self.turn.yaw * amount, self.turn.pitch * amount, self.turn.roll * amount)


BUILT_IN: dict[str, Gesture] = {
    "nod": Gesture(0.9, Turn(pitch=-12.0), swings=2),
    "shake": Gesture(1.1, Turn(yaw=14.0), swings=2.5),
    "tilt": Gesture(1.6, Turn(roll=12.0)),
}


class HeadGestures:
    """The gesture that is being made; another one takes its place."""

    def __init__(self) -> None:
        self._gesture: Gesture | None = None
        self._began = 0.0

    def make(self, name: str, now: float) -> bool:
        """False: there is none of that name."""
        gesture = BUILT_IN.get(name)
        if gesture is not None:
            self._gesture, self._began = gesture, now
        return gesture is not None

    def stop(self) -> None:
        self._gesture = None

    def at(self, now: float) -> Turn:
        if self._gesture is None:
            return STILL
        passed = now - self._began
        if passed >= self._gesture.seconds:
            self._gesture = None
            return STILL
        return self._gesture.at(passed)


class Nods:
    """Small nods with what she stresses: where her voice sets in loudly.

    Promises: one for each onset, at most one each `SPACING_SECONDS`, none while she is silent.
    """

    LOUD, QUIET = 0.55, 0.3
    SPACING_SECONDS = 0.7
    SECONDS = 0.35
    DEGREES = 2.5

    def __init__(self) -> None:
        self._armed = True
        self._began = float("-inf")

    def at(self, loudness: float, now: float) -> float:
        """Pitch in degrees (down is negative), told how loud she is now."""
        if loudness < self.QUIET:
            self._armed = True
        elif loudness > self.LOUD and self._armed and now - self._began >= self.SPACING_SECONDS:
            self._armed, self._began = False, now
        share = (now - self._began) / self.SECONDS
        return -self.DEGREES * math.sin(math.pi * share) if 0 < share < 1 else 0.0
