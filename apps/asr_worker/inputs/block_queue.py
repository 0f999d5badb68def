"""Sound that waits to be taken."""

import asyncio
from collections import deque

from apps.asr_worker.inputs.base import Block

#: So much sound waits; above that the oldest goes.
WAITING_SECONDS = 5.0


class BlockQueue:
    """Blocks in order, for one event loop. Promises: never more than `WAITING_SECONDS` of sound;
    positions go on over what was lost, and `lost_samples` counts it."""

    def __init__(self, rate_hz: int) -> None:
        self._limit = int(rate_hz * WAITING_SECONDS)
        self._blocks: deque[Block] = deque()
        self._waiting = 0
        self._position = 0
        self._news = asyncio.Event()
        self.lost_samples = 0

    def put(self, pcm: bytes, at: float, left_out: int = 0) -> None:
        """`left_out`: samples that are missing before it."""
        self.lost_samples += left_out
        block = Block(self._position + left_out, pcm, at)
        self._position = block.end
        self._blocks.append(block)
        self._waiting += block.samples
        while self._waiting > self._limit and len(self._blocks) > 1:
            gone = self._blocks.popleft()
            self._waiting -= gone.samples
            self.lost_samples += gone.samples
        self._news.set()

    async def take(self) -> list[Block]:
        """All that waits, oldest first; waits until there is something."""
        while not self._blocks:
            self._news.clear()
            await self._news.wait()
        taken = list(self._blocks)
        self._blocks.clear()
        self._waiting = 0
        return taken

    def clear(self) -> None:
        """What waits is thrown away; it does not count as lost. Positions begin anew."""
        self._blocks.clear()
        self._waiting = 0
        self._position = 0
