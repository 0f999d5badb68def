"""Events on their way to the bus, in order, and never more of them than memory allows."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from libs.bus.base import BusError
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.envelope import Event

#: Lines that wait while the bus is away: some seconds of a flood, minutes of a busy chat.
MAXIMUM_WAITING = 5_000
#: So many are given to the bus at a time: enough for a thousand a second, and few enough that a
#: command which is published meanwhile waits for a millisecond or two.
AT_A_TIME = 64
#: How often it is looked whether the bus is back.
AWAY_SECONDS = 0.05

Publish = Callable[[Event], Awaitable[None]]


class Backlog:
    """Publishes what it is given, without anybody waiting for it.

    Promises: order is kept; while the bus is away at most `maximum` events are kept, and above that
    the oldest chat line goes first, anything else only where there is no line.
    """

    def __init__(
        self,
        publish: Publish,
        connected: Callable[[], bool],
        counters: Counter[str],
        maximum: int = MAXIMUM_WAITING,
    ) -> None:
        """`counters`: what was lost is counted there."""
        self._publish = publish
        self._connected = connected
        self._maximum = maximum
        self._waiting: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._counters = counters

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, event: Event) -> None:
        self._waiting.append(event)
        if len(self._waiting) > self._maximum:
            self._drop_one()
        if len(self._waiting) > self._maximum // 2:
            self._room.clear()
        self._arrived.set()

    async def room(self) -> None:
        """Waits until it is at most half full, for whoever can be made to wait."""
        await self._room.wait()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            if not self._connected():
                await asyncio.sleep(AWAY_SECONDS)
                continue
            await self._publish_some()

    async def _publish_some(self) -> None:
        """All of them at once: the bus keeps the order in which it is given them."""
        batch = [self._waiting.popleft() for _ in range(min(AT_A_TIME, len(self._waiting)))]
        if len(self._waiting) <= self._maximum // 2:
            self._room.set()
        told = await asyncio.gather(*map(self._publish, batch), return_exceptions=True)
        for problem in told:
            if isinstance(problem, BusError):
                self._counters["not_published"] += 1
            elif problem is not None:
                raise problem

    def _drop_one(self) -> None:
        self._counters["backlog_dropped"] += 1
        for number, event in enumerate(self._waiting):
            if isinstance(event, ChatMessageReceived):
                del self._waiting[number]
                return
        self._waiting.popleft()
