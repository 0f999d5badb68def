"""Reads work and facts: what this consumer left unfinished, then new entries and left-over ones."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from libs.bus.base import MAXIMUM_DELIVERIES, BusUnavailable, Delivery, Subscription
from libs.bus.codec import event_of
from libs.bus.keys import topics_by_key
from libs.bus.reading import Burial, Reading, delivery_of
from libs.bus.stream_store import GroupLost, StoredEntry, StreamStore
from libs.contracts.envelope import UnknownEvent
from libs.contracts.streams import StreamClass

#: An entry its consumer has neither finished nor renewed for this long may be taken over.
IDLE_SECONDS = 1.0
#: How often left-over entries are looked for while somebody may leave some; with IDLE_SECONDS the
#: longest time until takeover.
LOOK_EVERY_SECONDS = 0.5
#: As long as nobody can leave any; also the longest time until it is seen that there is a newcomer
#: in the group, or that a handler of one's own has failed.
LOOK_RARELY_SECONDS = 2.0
#: Left-over entries looked at in one go; only one is taken over, so that a crash while handling it
#: does not count against its neighbours.
LOOK_COUNT = 100
#: An entry that waited longer than this behind others may have been taken over by another consumer.
DOUBTFUL_AFTER_SECONDS = 0.5


class GroupReader:
    """One consumer of a group over one or more streams.

    Promises: every entry is handed out until it is acknowledged or dead; one that was handed out
    `MAXIMUM_DELIVERIES` times, or that is no event we know, goes to the dead letters instead. What
    a former life of the consumer left of facts comes before anything new of them, in all its lanes.
    """

    def __init__(self, store: StreamStore, subscription: Subscription, reading: Reading) -> None:
        self._store = store
        self._subscription = subscription
        self._reading = reading
        self._topics = topics_by_key(subscription.topics, subscription.show)
        self._keys = list(self._topics)
        self._group = subscription.group
        self._consumer = subscription.consumer
        self._who = f"{subscription.group}/{subscription.consumer}"
        self._looked_at = float("-inf")
        self._handed_at = float("-inf")
        self._quiet = False

    async def deliveries(self) -> AsyncGenerator[Delivery, None]:
        if self._topics[self._keys[0]].stream_class is not StreamClass.FACTS:
            async with aclosing(self._deliveries()) as found:
                async for delivery in found:
                    yield delivery
            return
        self._reading.resumes(self._who, self)
        await asyncio.sleep(0)  # the other lanes of this consumer are begun in the same moment
        try:
            async with aclosing(self._deliveries()) as found:
                async for delivery in found:
                    yield delivery
        finally:
            self._reading.has_resumed(self._who, self)

    async def _deliveries(self) -> AsyncGenerator[Delivery, None]:
        resumed = ready = False
        failures = 0
        while not self._reading.stopped.is_set():
            try:
                if not ready:
                    await self._prepare()
                    ready = True
                if not resumed:
                    async with aclosing(self._own()) as own:
                        async for delivery in own:
                            yield delivery
                    resumed = True
                    self._reading.has_resumed(self._who, self)
                    await self._reading.all_resumed(self._who)
                async with aclosing(self._next()) as found:
                    async for delivery in found:
                        yield delivery
                failures = 0
            except GroupLost:
                ready = self._quiet = False
            except BusUnavailable:
                ready = self._quiet = False
                self._reading.counters["reader_reconnects"] += 1
                await self._reading.pause(failures)
                failures += 1

    async def _prepare(self) -> None:
        await self._store.open()
        for key in self._keys:
            await self._store.create_group(key, self._group)

    async def _own(self) -> AsyncGenerator[Delivery, None]:
        """What a former life of this consumer left, one at a time."""
        for key in self._keys:
            after = "0-0"
            while not self._reading.stopped.is_set():
                entry = await self._store.read_own(key, self._group, self._consumer, after)
                if entry is None:
                    break
                after = entry.entry_id
                if self._reading.holdings.at_work((key, self._group, after)):
                    continue
                mine = await self._store.unfinished(key, self._group, after)
                if mine is None or mine.consumer != self._consumer:
                    continue
                self._reading.counters["resumed"] += 1
                delivery = await self._admit(entry, mine.deliveries)
                if delivery is not None:
                    yield delivery

    async def _next(self) -> AsyncGenerator[Delivery, None]:
        loop = asyncio.get_running_loop()
        if loop.time() >= self._look_at:
            self._looked_at = loop.time()
            delivery = await self._take_over()
            if delivery is not None:
                self._looked_at = float("-inf")  # there may be more
                yield delivery
                return
        entries = await self._store.read_new(
            self._keys,
            self._group,
            self._consumer,
            self._subscription.prefetch,
            max(0.001, self._look_at - loop.time()),
        )
        read_at = loop.time()
        if entries:
            self._handed_at = read_at
        for entry in entries:
            if self._reading.stopped.is_set():
                return  # stays unfinished: this consumer's next life begins with it
            waited = loop.time() - read_at > DOUBTFUL_AFTER_SECONDS
            if waited and not await self._still_ours(entry):
                continue
            admitted = await self._admit(entry, 1)
            if admitted is not None:
                yield admitted

    @property
    def _look_at(self) -> float:
        """When left-over entries are looked for next."""
        if not self._quiet:
            return self._looked_at + LOOK_EVERY_SECONDS
        rarely = self._looked_at + LOOK_RARELY_SECONDS
        if self._reading.holdings.any_at_work(self._topics, self._group):
            return min(rarely, self._handed_at + LOOK_EVERY_SECONDS)
        return rarely

    async def _take_over(self) -> Delivery | None:
        """One entry that was left lying, by a dead consumer or by a handler that failed."""
        found, self._quiet = await self._store.left_over(
            self._keys, self._group, self._consumer, IDLE_SECONDS, LOOK_COUNT
        )
        for left in found:
            if self._reading.holdings.at_work((left.key, self._group, left.entry_id)):
                continue
            entry = await self._store.claim(
                left.key, self._group, self._consumer, IDLE_SECONDS, left.entry_id
            )
            if entry is None:
                continue  # another consumer was faster
            self._reading.counters["reclaimed"] += 1
            delivery = await self._admit(entry, left.deliveries + 1)
            if delivery is not None:
                return delivery
        return None

    async def _still_ours(self, entry: StoredEntry) -> bool:
        now = await self._store.unfinished(entry.key, self._group, entry.entry_id)
        if now is None or now.consumer != self._consumer or now.deliveries != 1:
            return False
        await self._store.renew(entry.key, self._group, self._consumer, entry.entry_id)
        return True

    async def _admit(self, entry: StoredEntry, deliveries: int) -> Delivery | None:
        """The delivery, or None when the entry is dealt with here."""
        if entry.fields is None:
            self._reading.counters["trimmed_unread"] += 1
            await self._store.acknowledge(entry.key, self._group, entry.entry_id)
            return None
        event = event_of(entry.fields)
        if isinstance(event, UnknownEvent):
            self._reading.counters["unknown"] += 1
            await self._bury(entry, event.reason, deliveries)
            return None
        if deliveries > MAXIMUM_DELIVERIES:
            await self._bury(entry, "too_many_deliveries", deliveries - 1)
            return None
        self._reading.counters["delivered"] += 1
        self._reading.holdings.touch((entry.key, self._group, entry.entry_id))
        topic = self._topics[entry.key]
        return delivery_of(entry, event, topic, self._group, self._consumer, deliveries)

    async def _bury(self, entry: StoredEntry, reason: str, deliveries: int) -> None:
        topic, show = self._topics[entry.key], self._subscription.show
        burial = Burial(entry, topic, show, self._group, reason, deliveries)
        await self._reading.bury(burial)
