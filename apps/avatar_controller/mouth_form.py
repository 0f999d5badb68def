"""From a mouth shape and loudness to how far a mouth is open, how wide, and which vowel it has."""

import math
from dataclasses import dataclass

from apps.avatar_controller.engines.base import SHUT, Mouth, Vowels
from libs.contracts.speaking import Viseme

#: Quieter sound than this does not move the mouth; by so much more it is wide open.
GATE_DBFS, RANGE_DB = -45.0, 35.0
CURVE_POWER = 0.7
#: How far a shape is open when it is barely heard; the rest comes with loudness.
QUIET_SHARE = 0.6
#: Loudness at which a shape is as far open as `QUIET_SHARE` says: below, it fades away.
HEARD_LOUDNESS = 0.1
ATTACK_SECONDS, RELEASE_SECONDS = 0.03, 0.06
#: Lips that meet do so within their short sound.
CLOSING_SECONDS = 0.025
SHAPE_SECONDS = 0.04
#: Longer steps than this are a start from rest.
LONGEST_STEP_SECONDS = 0.25

_CLOSED = frozenset({Viseme.SIL, Viseme.PP, Viseme.FF})

#: How far each shape is open (0 to 1), its form (-1 puckered to 1 wide) and its vowels.
FORMS: dict[Viseme, Mouth] = {
    Viseme.SIL: SHUT,
    Viseme.PP: SHUT,
    Viseme.FF: Mouth(0.12, 0.1),
    Viseme.SS: Mouth(0.12, 0.5, Vowels(i=0.4)),
    Viseme.TH: Mouth(0.2, 0.1, Vowels(e=0.2)),
    Viseme.NN: Mouth(0.2, 0.1, Vowels(e=0.2)),
    Viseme.DD: Mouth(0.22, 0.2, Vowels(e=0.2)),
    Viseme.CH: Mouth(0.22, -0.5, Vowels(u=0.4)),
    Viseme.KK: Mouth(0.25, 0.1, Vowels(a=0.2)),
    Viseme.RR: Mouth(0.25, -0.3, Vowels(o=0.3)),
    Viseme.IH: Mouth(0.3, 0.8, Vowels(i=1.0)),
    Viseme.OU: Mouth(0.3, -1.0, Vowels(u=1.0)),
    Viseme.E: Mouth(0.55, 0.5, Vowels(e=1.0)),
    Viseme.OH: Mouth(0.65, -0.6, Vowels(o=1.0)),
    Viseme.AA: Mouth(1.0, 0.1, Vowels(a=1.0)),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where the mouth is going; `closing`: its lips meet, quickly."""

    mouth: Mouth = SHUT
    closing: bool = False


CLOSED = Target(SHUT, closing=True)


def loudness_of(dbfs: float) -> float:
    """0 (not heard) to 1, as the ear takes it."""
    share = min(1.0, max(0.0, (dbfs - GATE_DBFS) / RANGE_DB))
    return float(share**CURVE_POWER)


def shaped(viseme: Viseme, weight: float, loudness: float) -> Target:
    """A shape as it is at that loudness: in silence it is shut, whatever the shape."""
    form = FORMS[viseme]
    heard = min(1.0, loudness / HEARD_LOUDNESS) * weight
    share = heard * (QUIET_SHARE + (1 - QUIET_SHARE) * loudness)
    vowels = form.vowels
    return Target(
        Mouth(
            form.open * share,
            form.form * heard,
            Vowels(
                vowels.a * heard, vowels.i * heard, vowels.u * heard,
                vowels.e * heard, vowels.o * heard,
            ),
        ),
        viseme in _CLOSED,
    )  # fmt: skip


def by_loudness(loudness: float) -> Target:
    """A mouth of which only the loudness is known."""
    return Target(Mouth(loudness, 0.0, Vowels(a=loudness)))


def faded(target: Target, share: float) -> Target:
    """The same, only so far (0 to 1)."""
    if share >= 1.0:
        return target
    mouth, vowels = target.mouth, target.mouth.vowels
    less = Vowels(
        vowels.a * share, vowels.i * share, vowels.u * share, vowels.e * share, vowels.o * share
    )  # fmt: skip
    return Target(Mouth(mouth.open * share, mouth.form * share, less), target.closing)


class MouthMotion:
    """A mouth that moves as fast as lips do.

    Promises: it reaches a wider target within about three `ATTACK_SECONDS`, a narrower one within
    three `RELEASE_SECONDS`, and meets its lips faster; values never leave their ranges.
    """

    def __init__(self) -> None:
        self.mouth = SHUT
        self._at = float("-inf")

    def rest(self) -> Mouth:
        """Shut, now."""
        self.mouth = SHUT
        return SHUT

    def move(self, target: Target, at: float) -> Mouth:
        """The mouth at that moment (any steady seconds), on its way to the target."""
        step = min(max(0.0, at - self._at), LONGEST_STEP_SECONDS)
        self._at = at
        now, to = self.mouth, target.mouth
        release = CLOSING_SECONDS if target.closing else RELEASE_SECONDS
        opening = _share(step, ATTACK_SECONDS if to.open > now.open else release)
        turning = _share(step, SHAPE_SECONDS)
        one, other = now.vowels, to.vowels
        self.mouth = Mouth(
            now.open + (to.open - now.open) * opening,
            now.form + (to.form - now.form) * turning,
            Vowels(
                one.a + (other.a - one.a) * turning,
                one.i + (other.i - one.i) * turning,
                one.u + (other.u - one.u) * turning,
                one.e + (other.e - one.e) * turning,
                one.o + (other.o - one.o) * turning,
            ),
        )
        return self.mouth


def _share(step: float, constant: float) -> float:
    """How much of a way is gone in one step, by an exponential with this constant."""
    return 1.0 - math.exp(-step / constant)
