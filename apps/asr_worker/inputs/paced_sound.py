"""Sound that exists already, given out as if it were heard now."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from apps.asr_worker.inputs.base import RATE_HZ, Block

BLOCK_SAMPLES = 512
#: What is older when it is taken was lost, as in a microphone's ring.
RING_SAMPLES = 4 * RATE_HZ


class PacedSound:
    """Gives blocks of `sound(position, samples)` when they are due.

    Promises: the same as a microphone's ring: what is not taken in time is lost oldest first and
    counted. Time is that of a clock that only goes forward; stamps are the show's.
    """

    def __init__(
        self,
        sound: Callable[[int, int], bytes],
        now: Callable[[], float],
        running: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sound = sound
        self._now = now
        self._running = running
        self._sleep = sleep
        self._began = running()
        self._position = 0
        self.lost_samples = 0

    async def take(self) -> list[Block]:
        """At least one block; waits until it is due."""
        while (count := self._due() // BLOCK_SAMPLES) < 1:
            missing = BLOCK_SAMPLES - self._due()
            await self._sleep(max(0.001, missing / RATE_HZ))
        late = count * BLOCK_SAMPLES - RING_SAMPLES
        if late > 0:
            dropped = -(-late // BLOCK_SAMPLES)
            self._position += dropped * BLOCK_SAMPLES
            self.lost_samples += dropped * BLOCK_SAMPLES
            count -= dropped
        to_show = self._now() - self._running()
        return [self._next(to_show) for _ in range(count)]

    def _due(self) -> int:
        return int((self._running() - self._began) * RATE_HZ) - self._position

    def _next(self, to_show: float) -> Block:
        at = self._began + self._position / RATE_HZ + to_show
        block = Block(self._position, self._sound(self._position, BLOCK_SAMPLES), at)
        self._position = block.end
        return block
