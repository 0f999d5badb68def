"""Events leave in order, and nobody who hears waits for the bus."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from libs.bus.base import BusError
from libs.contracts.envelope import Event

#: While the bus is away so many are kept; then the oldest are lost, and counted.
MAXIMUM_WAITING = 500

log = logging.getLogger("kitsu.asr_worker")


class EventOutlet:
    """Promises: `put` returns at once; events are published one after the other, in its order."""

    def __init__(self, publish: Callable[[Event], Awaitable[None]], counters: Counter[str]) -> None:
        self._publish = publish
        self._counters = counters
        self._waiting: deque[Event] = deque()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    def put(self, event: Event) -> None:
        if len(self._waiting) >= MAXIMUM_WAITING:
            self._waiting.popleft()
            self._counters["events_lost"] += 1
        self._waiting.append(event)
        self._none.clear()
        self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                await self._send(self._waiting.popleft())
            self._none.set()

    async def emptied(self, timeout_seconds: float) -> None:
        """Until all is published, or the time is over."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._none.wait()
        except TimeoutError:
            log.warning("%d events were not published", len(self._waiting))

    async def _send(self, event: Event) -> None:
        try:
            await self._publish(event)
        except BusError as problem:
            self._counters["events_refused"] += 1
            log.warning("%s was not published (%s)", event.type, type(problem).__name__)
