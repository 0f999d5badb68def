"""Blocks of any length become windows of 32 ms, in order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.asr_worker.inputs.base import RATE_HZ, Block

#: What the voice model takes.
WINDOW_SAMPLES = 512
WINDOW_SECONDS = WINDOW_SAMPLES / RATE_HZ
WINDOW_BYTES = 2 * WINDOW_SAMPLES
FULL_SCALE = 32_768.0
SILENCE_DBFS = -120.0


@dataclass(frozen=True, slots=True)
class Cut:
    """One window of sound. `at` is when its first sample was heard (show's clock).

    `lost_samples`: so much is missing between the window before and this one.
    """

    at: float
    pcm: bytes
    lost_samples: int = 0


class WindowCutter:
    """Promises: no sample is in two windows; sound on both sides of a gap is never in one window
    (what was left before the gap is dropped); a block that was given before is dropped."""

    def __init__(self) -> None:
        self._left = bytearray()
        self._left_at = 0.0
        self._next_position: int | None = None
        self._lost = 0

    def cut(self, block: Block) -> Iterator[Cut]:
        """The windows that this block completes."""
        pcm = block.pcm[: len(block.pcm) // 2 * 2]
        pcm, at = self._fitted(pcm, block.position, block.at)
        if not self._left:
            self._left_at = at
        self._left += pcm
        while len(self._left) >= WINDOW_BYTES:
            window = bytes(self._left[:WINDOW_BYTES])
            del self._left[:WINDOW_BYTES]
            lost, self._lost = self._lost, 0
            yield Cut(self._left_at, window, lost)
            # The newest stamp counts: that of the window before, carried on, would drift.
            self._left_at = at + (len(pcm) - len(self._left)) / 2 / RATE_HZ

    def forget(self) -> None:
        """The next block begins anew, wherever it is."""
        self._left.clear()
        self._next_position = None
        self._lost = 0

    def _fitted(self, pcm: bytes, position: int, at: float) -> tuple[bytes, float]:
        expected = self._next_position
        end = position + len(pcm) // 2
        if expected is None:
            self._next_position = end
        elif position > expected:
            self._lost += position - expected + len(self._left) // 2
            self._left.clear()
            self._next_position = end
        else:
            known = min(expected - position, len(pcm) // 2)
            pcm, at = pcm[2 * known :], at + known / RATE_HZ
            self._next_position = max(expected, end)
        return pcm, at


def samples_of(pcm: bytes) -> NDArray[np.float32]:
    """-1..1; half a sample at the end is dropped."""
    return np.frombuffer(pcm, dtype="<i2", count=len(pcm) // 2).astype(np.float32) / np.float32(
        FULL_SCALE
    )


def level_of(samples: NDArray[np.float32]) -> float:
    """The effective level in dBFS."""
    power = float(np.dot(samples, samples)) / max(1, len(samples))
    return max(SILENCE_DBFS, 10 * float(np.log10(power))) if power > 0 else SILENCE_DBFS
