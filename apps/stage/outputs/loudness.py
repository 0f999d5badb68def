"""How loud the sound is that passes: changes by ramps, so that none is heard as a click."""

import numpy as np

#: Her voice while she is lowered: -12 dB.
LOWERED_LEVEL = 0.25
#: From full to lowered and back.
LOWERING_SECONDS = 0.06
#: After a pause.
FADE_SECONDS = 0.005


class Loudness:
    """Multiplies samples by a level; each sample once, whatever the size of the pieces."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._level = 1.0
        self._goal = 1.0
        self._step = 0.0

    def move(self, goal: float, seconds: float) -> None:
        """To this level, in so long."""
        self._goal = goal
        self._step = (goal - self._level) / max(1.0, seconds * self._rate_hz)

    def jump(self, level: float) -> None:
        self._level = self._goal = level

    def of(self, pcm: bytes) -> bytes:
        """The same samples (mono signed 16-bit), as loud as they are to be."""
        if self._level == self._goal == 1.0 or not pcm:
            return pcm
        samples = np.frombuffer(pcm, "<i2")
        levels = self._level + self._step * np.arange(1, len(samples) + 1)
        inside = np.minimum if self._step > 0 else np.maximum
        levels = inside(levels, self._goal) if self._level != self._goal else np.array(self._goal)
        self._level = float(levels.flat[-1])
        return bytes(np.rint(samples * levels).astype("<i2").tobytes())
