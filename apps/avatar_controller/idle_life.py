"""What keeps her alive between orders: blinks, glances, sway, breath, and how she bears herself."""

import math
from dataclasses import dataclass

from apps.avatar_controller.engines.base import Pose
from apps.avatar_controller.gestures import HeadGestures, Nods
from libs.contracts.avatar import Bearing
from libs.settings.avatar import IdleLife as IdleRules

#: Blinks lie in slots of this length, each at a random moment of its first part: 2 to 6 s apart.
BLINK_SLOT_SECONDS, BLINK_SPREAD_SECONDS = 4.0, 2.0
DOWN_SECONDS, SHUT_SECONDS, UP_SECONDS = 0.08, 0.04, 0.12
BLINK_SECONDS = DOWN_SECONDS + SHUT_SECONDS + UP_SECONDS
#: One blink in ten is a double one; the second begins so long after the first.
DOUBLE_SHARE, DOUBLE_AFTER_SECONDS = 0.1, 0.3
#: Glances likewise: 1 to 4 s apart.
GLANCE_SLOT_SECONDS, GLANCE_SPREAD_SECONDS = 2.5, 1.5
#: An eye is at its new place after this.
SACCADE_SECONDS = 0.06
GLANCE_REACH = 0.2
#: Three slow waves that never fall together.
SWAY_SECONDS = (3.1, 5.3, 8.7)
BREATH_HZ = 0.22
#: From one bearing to another, and from nothing to all of it.
FADE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Carriage:
    """How a bearing holds head and eyes; `sway`, `glances`: how much of them is left."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    lids: float = 1.0
    sway: float = 1.0
    glances: float = 1.0


CARRIAGES: dict[Bearing, Carriage] = {
    Bearing.IDLE: Carriage(),
    Bearing.LISTENING: Carriage(pitch=-1.5, roll=6.0, sway=0.5, glances=0.25),
    Bearing.THINKING: Carriage(
        yaw=6.0, pitch=5.0, roll=-3.0, gaze_x=0.45, gaze_y=0.55, sway=0.7, glances=0.4
    ),
    Bearing.SPEAKING: Carriage(sway=1.3, glances=0.5),
    Bearing.ASLEEP: Carriage(pitch=-12.0, roll=4.0, gaze_y=-0.3, lids=0.0, sway=0.25, glances=0.0),
}


class IdleLife:
    """Her pose at a moment.

    Deterministic: the same seed and the same course of events give the same poses. Times are any
    steady seconds, passed in one after the other. Promises: every pose is within the ranges of
    `Pose`; changes of bearing fade within `FADE_SECONDS`, and so does all of it after `begin`;
    what the file switches off does not move.
    """

    def __init__(self, rules: IdleRules, seed: int = 1) -> None:
        self.rules = rules
        self._seed = seed
        self._gestures = HeadGestures()
        self._nods = Nods()
        self._shares = {bearing: float(bearing is Bearing.IDLE) for bearing in CARRIAGES}
        self._began = self._at = 0.0

    def begin(self, now: float) -> None:
        """From here on she fades in."""
        self._began = self._at = now
        self._gestures.stop()

    def make(self, gesture: str, now: float) -> bool:
        """False: there is no built-in gesture of that name."""
        return self._gestures.make(gesture, now)

    def pose(self, now: float, bearing: Bearing, loudness: float = 0.0) -> Pose:
        held = self._held(now, bearing)
        turn = self._gestures.at(now)
        sway = self.rules.sway_degrees * held.sway
        yaw, pitch, roll = (sway * part for part in swayed(now, self._seed))
        moves = self.rules.sway_degrees > 0
        nod = self._nods.at(loudness if bearing is Bearing.SPEAKING else 0.0, now)
        if moves:
            yaw, pitch, roll = yaw + held.yaw, pitch + held.pitch, roll + held.roll
            pitch += nod if self.rules.nods else 0.0
        weight = min(1.0, max(0.0, (now - self._began) / FADE_SECONDS))
        glance = glanced(now, self._seed) if self.rules.gaze else (0.0, 0.0)
        return Pose(
            gaze_x=_within(held.gaze_x + glance[0] * held.glances),
            gaze_y=_within(held.gaze_y + glance[1] * held.glances),
            yaw=yaw + turn.yaw,
            pitch=pitch + turn.pitch,
            roll=roll + turn.roll,
            lids=held.lids * (self._blinked(now)),
            breath=math.sin(2 * math.pi * BREATH_HZ * now) if self.rules.breath != "off" else 0.0,
            weight=weight if moves or turn.yaw or turn.pitch or turn.roll else 0.0,
            eyes_weight=weight if self.rules.gaze or self.rules.blink != "off" else 0.0,
        )

    def _blinked(self, now: float) -> float:
        return lids(now, self._seed) if self.rules.blink != "off" else 1.0

    def _held(self, now: float, bearing: Bearing) -> Carriage:
        """The bearings mixed: the present one gains what the others lose."""
        step = min(1.0, max(0.0, now - self._at) / FADE_SECONDS)
        self._at = now
        for known, share in self._shares.items():
            goal = 1.0 if known is bearing else 0.0
            self._shares[known] = min(share + step, goal) if goal else max(share - step, goal)
        total = sum(self._shares.values()) or 1.0
        parts = [
            (share / total, CARRIAGES[known]) for known, share in self._shares.items() if share
        ]
        return Carriage(
            yaw=sum(share * one.yaw for share, one in parts),
            pitch=sum(share * one.pitch for share, one in parts),
            roll=sum(share * one.roll for share, one in parts),
            gaze_x=sum(share * one.gaze_x for share, one in parts),
            gaze_y=sum(share * one.gaze_y for share, one in parts),
            lids=sum(share * one.lids for share, one in parts),
            sway=sum(share * one.sway for share, one in parts),
            glances=sum(share * one.glances for share, one in parts),
        )


# Pure functions of time ------------------------------------------------------------------------


def lids(now: float, seed: int) -> float:
    """How far the lids are open, as far as blinking goes."""
    slot = math.floor(now / BLINK_SLOT_SECONDS)
    begins = slot * BLINK_SLOT_SECONDS + chance(seed, slot, 1) * BLINK_SPREAD_SECONDS
    opened = _lids_of_one(now - begins)
    if chance(seed, slot, 2) < DOUBLE_SHARE:
        opened = min(opened, _lids_of_one(now - begins - DOUBLE_AFTER_SECONDS))
    return opened


def _lids_of_one(passed: float) -> float:
    if not 0 < passed < BLINK_SECONDS:
        return 1.0
    if passed < DOWN_SECONDS:
        return 1.0 - passed / DOWN_SECONDS
    return max(0.0, (passed - DOWN_SECONDS - SHUT_SECONDS) / UP_SECONDS)


def glanced(now: float, seed: int) -> tuple[float, float]:
    """Where she looks, right and up, within `GLANCE_REACH`."""
    slot = math.floor(now / GLANCE_SLOT_SECONDS)
    jumps = slot * GLANCE_SLOT_SECONDS + chance(seed, slot, 3) * GLANCE_SPREAD_SECONDS
    share = min(1.0, max(0.0, (now - jumps) / SACCADE_SECONDS))
    from_x, from_y = _place(seed, slot - 1)
    to_x, to_y = _place(seed, slot)
    return from_x + (to_x - from_x) * share, from_y + (to_y - from_y) * share


def _place(seed: int, slot: int) -> tuple[float, float]:
    right, up = chance(seed, slot, 4) * 2 - 1, chance(seed, slot, 5) * 2 - 1
    return GLANCE_REACH * right, GLANCE_REACH * up


def swayed(now: float, seed: int) -> tuple[float, float, float]:
    """Yaw, pitch and roll, each from -1 to 1."""
    waves = [
        math.sin(2 * math.pi * (now / seconds + chance(seed, number, 6)))
        for number, seconds in enumerate(SWAY_SECONDS)
    ]
    yaw, pitch, roll = waves
    return (
        0.6 * yaw + 0.4 * roll,
        0.5 * (0.6 * pitch + 0.4 * yaw),
        0.7 * (0.7 * roll + 0.3 * pitch),
    )


def chance(seed: int, number: int, kind: int) -> float:
    """A random number from 0 to 1 that is always the same (splitmix64, a public-domain mixer)."""
    mask = (1 << 64) - 1
    mixed = (
        seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + kind * 0xD6E8FEB86659FD93
    ) & mask
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    return (mixed ^ (mixed >> 31)) / 2**64


def _within(value: float) -> float:
    return min(1.0, max(-1.0, value))
