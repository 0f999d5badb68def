"""Cuts a stream of PCM into chunks that are sent one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

BYTES_PER_SAMPLE = 2

#: The first chunk is small, so that playing can begin; the others are few.
FIRST_CHUNK_SECONDS = 0.03
CHUNK_SECONDS = 0.1


@dataclass(frozen=True)
class Frame:
    """Mono signed 16-bit PCM that begins `offset_samples` after the first sample of the sound."""

    offset_samples: int
    pcm: bytes

    @property
    def samples(self) -> int:
        return len(self.pcm) // BYTES_PER_SAMPLE

    @property
    def end_samples(self) -> int:
        return self.offset_samples + self.samples


class Framer:
    """Takes PCM in pieces of any length, also odd ones, and gives back whole frames.

    All frames but the last have their full length; no sample is lost, added or moved.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        first_seconds: float = FIRST_CHUNK_SECONDS,
        next_seconds: float = CHUNK_SECONDS,
    ) -> None:
        if sample_rate_hz < 1 or first_seconds <= 0 or next_seconds <= 0:
            raise ValueError("a sample rate and chunk lengths above zero are needed")
        self._first_bytes = _byte_length(first_seconds, sample_rate_hz)
        self._next_bytes = _byte_length(next_seconds, sample_rate_hz)
        self._waiting = bytearray()
        self._offset_samples = 0

    @property
    def received_samples(self) -> int:
        return self._offset_samples + len(self._waiting) // BYTES_PER_SAMPLE

    def push(self, pcm: bytes) -> Iterator[Frame]:
        """The frames that this piece completes."""
        self._waiting += pcm
        while len(self._waiting) >= (wanted := self._wanted_bytes()):
            yield self._cut(wanted)

    def flush(self) -> Iterator[Frame]:
        """What is left, as one last short frame; half a sample is dropped."""
        whole = len(self._waiting) - len(self._waiting) % BYTES_PER_SAMPLE
        if whole:
            yield self._cut(whole)
        self._waiting.clear()

    def _wanted_bytes(self) -> int:
        return self._next_bytes if self._offset_samples else self._first_bytes

    def _cut(self, length: int) -> Frame:
        frame = Frame(self._offset_samples, bytes(self._waiting[:length]))
        del self._waiting[:length]
        self._offset_samples = frame.end_samples
        return frame


def _byte_length(seconds: float, sample_rate_hz: int) -> int:
    return max(1, round(seconds * sample_rate_hz)) * BYTES_PER_SAMPLE
