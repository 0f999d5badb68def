"""How mood and energy colour the embedded voice."""

from dataclasses import dataclass

from libs.contracts.speaking import Mood

#: Above this rate the library's last events lie past its sound.
SLOWEST, FASTEST = 80, 350

#: Share of the rate, and steps of pitch (0..99), by which a mood differs from neutral.
_MOODS: dict[Mood, tuple[float, int]] = {
    Mood.NEUTRAL: (1.0, 0),
    Mood.HAPPY: (1.03, 4),
    Mood.EXCITED: (1.08, 8),
    Mood.SAD: (0.92, -6),
    Mood.ANGRY: (1.04, -2),
    Mood.SURPRISED: (1.04, 7),
    Mood.THINKING: (0.94, -1),
    Mood.SLEEPY: (0.88, -5),
    Mood.SMUG: (0.96, -2),
}

#: Energy at which the voice is as it was set.
USUAL_ENERGY = 0.6


@dataclass(frozen=True)
class Prosody:
    """In espeak-ng's units: words a minute; pitch and its range 0..99."""

    rate: int
    pitch: int
    pitch_range: int


def coloured(base: Prosody, mood: Mood, energy: float) -> Prosody:
    """The base voice in this mood; more energy is a little faster and livelier."""
    rate_share, pitch_steps = _MOODS.get(mood, (1.0, 0))
    lift = min(1.0, max(0.0, energy)) - USUAL_ENERGY
    return Prosody(
        rate=_within(base.rate * rate_share * (1 + 0.15 * lift), SLOWEST, FASTEST),
        pitch=_within(base.pitch + pitch_steps + 4 * lift, 0, 99),
        pitch_range=_within(base.pitch_range * (1 + 0.5 * lift), 0, 99),
    )


def _within(value: float, low: int, high: int) -> int:
    return min(high, max(low, round(value)))
