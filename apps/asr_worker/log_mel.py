"""The spectrogram that Whisper models look at (OpenAI Whisper, `whisper/audio.py`)."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
FFT_SAMPLES = 400
HOP_SAMPLES = 160
MELS = 80
#: Below this a logarithm is not taken; what is 8 decades under the loudest is cut off.
SMALLEST = 1e-10
DECADES = 8.0
#: Slaney's scale: linear up to 1 kHz, logarithmic above (Auditory Toolbox, 1998).
LINEAR_HZ_PER_MEL = 200.0 / 3
BREAK_HZ = 1_000.0
LOG_STEP = np.log(6.4) / 27.0


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """[80, len / 160] of sound at 16 kHz, about -1..1."""
    half = FFT_SAMPLES // 2
    padded = np.pad(samples, half, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[::HOP_SAMPLES]
    window = np.hanning(FFT_SAMPLES + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames[:-1] * window, axis=1)) ** 2
    mel = np.log10(np.maximum(power @ _filters().T, SMALLEST)).T
    mel = np.maximum(mel, mel.max() - DECADES)
    return np.asarray((mel + 4.0) / 4.0, dtype=np.float32)


@lru_cache(maxsize=1)
def _filters() -> NDArray[Any]:
    """[80, 201]: triangles of equal area, evenly spaced on the mel scale."""
    top = (BREAK_HZ / LINEAR_HZ_PER_MEL) + np.log(RATE_HZ / 2 / BREAK_HZ) / LOG_STEP
    mels = np.linspace(0.0, top, MELS + 2)
    break_mel = BREAK_HZ / LINEAR_HZ_PER_MEL
    edges = np.where(
        mels < break_mel,
        mels * LINEAR_HZ_PER_MEL,
        BREAK_HZ * np.exp(LOG_STEP * (mels - break_mel)),
    )
    bins = np.fft.rfftfreq(FFT_SAMPLES, 1.0 / RATE_HZ)
    rising = (bins[None, :] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins[None, :]) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    filters = np.maximum(0.0, np.minimum(rising, falling)) * area[:, None]
    return np.asarray(filters)
