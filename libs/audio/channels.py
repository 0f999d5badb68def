"""The one channel of many on which somebody speaks."""

import numpy as np
from numpy.typing import NDArray

from libs.audio.loudness import FULL_SCALE

#: How fast the level of a channel follows its sound.
FOLLOW_SECONDS = 0.5
#: One frame in so many tells how loud a channel is.
LOOKED_AT_EVERY = 5
#: Another channel must be this much louder to be taken instead of one that has sound.
LOUDER_DB = 12.0
#: A channel below has no sound; one above certainly has.
NOTHING_DBFS = -60.0
SOMETHING_DBFS = -50.0


class VoiceChannel:
    """Interleaved signed 16-bit PCM of many channels becomes mono: the channel with the sound.

    An average of all would bury a voice that is on one of seven. Promises: nothing is added or
    scaled; the first channel that has sound is taken at once, another only when it has been much
    louder for a while. `fixed` (from 0) is always taken, whatever is on it.
    """

    def __init__(self, channels: int, rate_hz: int, fixed: int | None = None) -> None:
        if channels < 1 or rate_hz < 1:
            raise ValueError("a channel and a rate are needed")
        if fixed is not None and not 0 <= fixed < channels:
            raise ValueError(f"channel {fixed + 1} of {channels}")
        self._channels = channels
        self._rate_hz = rate_hz
        self._fixed = fixed
        self._chosen = fixed or 0
        self._powers = np.zeros(channels)

    @property
    def chosen(self) -> int:
        return self._chosen

    def mono(self, pcm: bytes) -> bytes:
        """Whole frames; a part of one at the end is dropped."""
        if self._channels == 1:
            return pcm
        count = len(pcm) // (2 * self._channels)
        frames = np.frombuffer(pcm, "<i2", count * self._channels).reshape(count, self._channels)
        if count and self._fixed is None:
            self._choose(frames)
        return bytes(np.ascontiguousarray(frames[:, self._chosen]).tobytes())

    def _choose(self, frames: NDArray[np.int16]) -> None:
        looked_at = frames[::LOOKED_AT_EVERY].astype(np.float32)
        power = np.einsum("ij,ij->j", looked_at, looked_at) / len(looked_at) / FULL_SCALE**2
        share = min(1.0, len(frames) / self._rate_hz / FOLLOW_SECONDS)
        self._powers += (power - self._powers) * share
        loudest = int(np.argmax(power))
        if self._powers[self._chosen] < _power(NOTHING_DBFS):
            if power[loudest] > _power(SOMETHING_DBFS):
                self._chosen = loudest
            return
        loudest = int(np.argmax(self._powers))
        if self._powers[loudest] > self._powers[self._chosen] * _power(LOUDER_DB):
            self._chosen = loudest


def _power(db: float) -> float:
    return float(10 ** (db / 10))
