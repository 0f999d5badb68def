"""How loud sound is in bands of frequency, window by window."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE_HZ = 16_000
#: One window of the voice model: 32 ms.
WINDOW_SAMPLES = 512
WINDOW_SECONDS = WINDOW_SAMPLES / RATE_HZ
BANDS = 20
LOWEST_HZ, HIGHEST_HZ = 120.0, 7_400.0
#: What silence is given, so that nothing is infinitely quiet.
SILENCE_DBFS = -100.0


def _weights() -> Floats:
    """One row a band: bands overlap by half, their middles lie evenly on a logarithmic scale."""
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 2)
    frequencies = np.fft.rfftfreq(2 * WINDOW_SAMPLES, 1 / RATE_HZ)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(np.minimum(rising, falling), 0.0).astype(np.float32)


_WEIGHTS = _weights()
_TAPER = np.hanning(2 * WINDOW_SAMPLES).astype(np.float32)
#: A full-scale sine in the middle of a band gives about 0 dBFS.
_SCALE = 1.0 / (np.sum(_TAPER) / 2) ** 2


_SILENT = np.full(BANDS, SILENCE_DBFS, np.float32)


def _sound(samples: Floats) -> Floats:
    """What no microphone gives is silence; what is far too loud is cut."""
    loudest = np.abs(samples).max()
    if loudest <= 4.0:
        return samples
    return np.clip(np.nan_to_num(samples, posinf=0.0, neginf=0.0), -4.0, 4.0)


class BandLevels:
    """Levels in dBFS of each window together with the one before it (64 ms, tapered).

    Promises: `BANDS` finite numbers, whatever comes in; a window of another length is refused.
    """

    def __init__(self) -> None:
        self._frame = np.zeros(2 * WINDOW_SAMPLES, np.float32)

    def of(self, samples: Floats) -> Floats:
        """Raises `ValueError` for anything but `WINDOW_SAMPLES` samples (-1..1)."""
        if samples.shape != (WINDOW_SAMPLES,):
            raise ValueError(f"a window has {WINDOW_SAMPLES} samples, not {samples.shape}")
        self._frame[:WINDOW_SAMPLES] = self._frame[WINDOW_SAMPLES:]
        self._frame[WINDOW_SAMPLES:] = _sound(samples)
        if not self._frame.any():
            return _SILENT.copy()
        spectrum = np.fft.rfft(self._frame * _TAPER)
        power = (spectrum.real**2 + spectrum.imag**2) * _SCALE
        levels = 10.0 * np.log10(_WEIGHTS @ power + 1e-10)
        return levels.astype(np.float32)
