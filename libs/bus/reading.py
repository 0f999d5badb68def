"""What every reader of a bus shares: when to stop, what to count, where hopeless entries go."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from libs.bus.base import Delivery
from libs.bus.codec import ttl_seconds_of
from libs.bus.holdings import Holdings
from libs.bus.stream_store import StoredEntry
from libs.contracts.envelope import Event
from libs.contracts.streams import Topic
from libs.telemetry import clock

#: Pause between two attempts to reach a server that is away: doubles from the first to the last.
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.5
#: What a former life left is waited for so long.
RESUMING_SECONDS = 5.0


@dataclass(frozen=True)
class Burial:
    """An entry to be moved to the dead letters. `group` is empty for control and audio."""

    entry: StoredEntry
    topic: Topic
    show: str
    group: str
    reason: str
    deliveries: int


@dataclass
class Reading:
    """The part of a bus that its readers use."""

    bury: Callable[[Burial], Awaitable[None]]
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    counters: Counter[str] = field(default_factory=Counter)
    holdings: Holdings = field(default_factory=Holdings)
    _resuming: dict[str, set[object]] = field(default_factory=dict)
    _resumed: asyncio.Event = field(default_factory=asyncio.Event)

    def resumes(self, consumer: str, reader: object) -> None:
        """This reader of a consumer deals with what the consumer's former life left."""
        self._resuming.setdefault(consumer, set()).add(reader)

    def has_resumed(self, consumer: str, reader: object) -> None:
        """Safe to call twice."""
        self._resuming.get(consumer, set()).discard(reader)
        self._resumed.set()

    async def all_resumed(self, consumer: str) -> None:
        """Nothing new is handed out while something of a former life is not: it came first. (But
        not for ever: one handler that hangs is not to silence the others.)"""
        loop = asyncio.get_running_loop()
        until = loop.time() + RESUMING_SECONDS
        while self._resuming.get(consumer) and not self.stopped.is_set() and loop.time() < until:
            self._resumed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_PAUSE_SECONDS):
                    await self._resumed.wait()

    async def pause(self, attempt: int) -> None:
        """Waits before reconnect number `attempt` (from 0); ends at once when reading stops."""
        seconds = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt, 10))
        try:
            async with asyncio.timeout(seconds):
                await self.stopped.wait()
        except TimeoutError:
            pass


def delivery_of(
    entry: StoredEntry,
    event: Event,
    topic: Topic,
    group: str = "",
    consumer: str = "",
    deliveries: int = 1,
) -> Delivery:
    fields = entry.fields or {}
    return Delivery(
        event=event,
        topic=topic,
        data=fields.get(b"d", b""),
        entry_id=entry.entry_id,
        key=entry.key,
        group=group,
        consumer=consumer,
        deliveries=deliveries,
        age_seconds=max(0.0, clock.now() - entry.stored_at),
        ttl_seconds=ttl_seconds_of(fields),
    )
