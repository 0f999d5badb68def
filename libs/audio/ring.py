"""Sound on its way from a sound card's thread to the event loop."""

import asyncio
import contextlib
import threading
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound as it came, of `samples` samples of each channel. `position` counts those of its
    source, `at` is the time of the first one on the clock of whoever appended it."""

    position: int
    pcm: bytes
    at: float
    samples: int

    @property
    def end(self) -> int:
        return self.position + self.samples


class SoundRing:
    """A bounded queue that any thread fills and one event loop empties.

    Promises: `append` never waits for the reader; what does not fit is lost oldest first, in whole
    pieces, and `lost_samples` tells exactly how many, together with those whose positions the
    source itself left out; the reader is woken once per batch, however many pieces came.
    """

    def __init__(
        self,
        capacity_samples: int,
        loop: asyncio.AbstractEventLoop | None = None,
        bytes_per_sample: int = 2,
        filled: asyncio.Event | None = None,
    ) -> None:
        """Belongs to `loop`; None: the running one. `bytes_per_sample`: of all channels. `filled`:
        an event of the reader, if it waits for more than this ring."""
        if capacity_samples < 1 or bytes_per_sample < 1:
            raise ValueError("room for a sample is needed")
        self._capacity = capacity_samples
        self._bytes_per_sample = bytes_per_sample
        self._loop = loop or asyncio.get_running_loop()
        self._filled = filled or asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: deque[Piece] = deque()
        self._samples = 0
        self._next: int | None = None
        self._lost = 0

    @property
    def lost_samples(self) -> int:
        """Since the first piece: dropped here, or never given by the source."""
        with self._lock:
            return self._lost

    @property
    def waiting_samples(self) -> int:
        with self._lock:
            return self._samples

    def append(self, position: int, pcm: bytes, at: float) -> None:
        """From any thread. Positions never go back; a jump ahead is sound that was lost."""
        piece = Piece(position, pcm, at, len(pcm) // self._bytes_per_sample)
        with self._lock:
            if self._next is not None and position < self._next:
                raise ValueError(f"position {position} comes after {self._next}")
            self._lost += position - (position if self._next is None else self._next)
            self._next = piece.end
            wake = not self._waiting
            self._waiting.append(piece)
            self._samples += piece.samples
            while self._samples > self._capacity and len(self._waiting) > 1:
                dropped = self._waiting.popleft()
                self._samples -= dropped.samples
                self._lost += dropped.samples
        if wake:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._filled.set)

    def take(self) -> list[Piece]:
        """All that waits, oldest first. Called by the loop's thread."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
            self._samples = 0
            self._filled.clear()
        return taken

    async def wait(self) -> None:
        """Until something is there to be taken."""
        while not self.waiting_samples:
            await self._filled.wait()
            self._filled.clear()
