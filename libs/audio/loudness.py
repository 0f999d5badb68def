"""How loud a sound is, and bringing it to a good level without clipping."""

import math

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32768.0
#: Below the knee a sound keeps its shape; above it, it bends towards the ceiling.
KNEE = 0.7
CEILING = 0.97
#: What the level of silence is called.
SILENCE_DBFS = -120.0


def samples_of(pcm: bytes) -> NDArray[np.int16]:
    """Mono signed 16-bit little-endian PCM as numbers. Half a sample at the end is dropped."""
    return np.frombuffer(pcm, dtype="<i2", count=len(pcm) // 2).astype(np.int16, copy=False)


def level_dbfs(pcm: bytes) -> float:
    """The effective (root mean square) level; `SILENCE_DBFS` for silence or nothing."""
    samples = samples_of(pcm).astype(np.float64) / FULL_SCALE
    if not len(samples):
        return SILENCE_DBFS
    effective = math.sqrt(float(np.mean(samples**2)))
    return max(SILENCE_DBFS, 20 * math.log10(effective)) if effective else SILENCE_DBFS


def peak(pcm: bytes) -> float:
    """The largest sample, 0..1 of full scale."""
    samples = samples_of(pcm)
    return float(np.abs(samples.astype(np.int32)).max()) / FULL_SCALE if len(samples) else 0.0


def limited(pcm: bytes, gain: float) -> bytes:
    """The sound times `gain`, never above `CEILING`.

    Each sample is bent on its own (tanh above the knee), so pieces of a stream can be treated one
    by one and nothing is delayed.
    """
    loud = samples_of(pcm).astype(np.float32) * (gain / FULL_SCALE)
    over = np.abs(loud) > KNEE
    if over.any():
        room = CEILING - KNEE
        bent = KNEE + room * np.tanh((np.abs(loud[over]) - KNEE) / room)
        loud[over] = np.copysign(bent, loud[over])
    return bytes(np.rint(loud * (FULL_SCALE - 1)).astype("<i2").tobytes())
