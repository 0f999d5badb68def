"""The bus of one process: for tests, tools, and machines on which no server can be had."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from libs.bus.base import DeadLetter, Delivery, StreamDepth, Subscription
from libs.bus.codec import (
    LIFETIME,
    event_of,
    event_of_frame,
    fields_of,
    frame_of,
    lifetime_ms,
    tag_of_frame,
)
from libs.bus.cursor_reader import CursorReader
from libs.bus.dead_letters import (
    MAXIMUM_DEAD_LETTERS,
    burial_of,
    dead_fields,
    dead_letter_of,
    original_of,
)
from libs.bus.group_reader import GroupReader
from libs.bus.keys import DEAD_LETTERS, latch_key, lease_key, mark_key, note_key, topics_by_key
from libs.bus.memory_server import LiveListener, MemoryServer
from libs.bus.memory_store import MemoryStreamStore
from libs.bus.reading import Burial, Reading, delivery_of
from libs.bus.stream_store import StoredEntry
from libs.contracts.envelope import Event, UnknownEvent
from libs.contracts.streams import StreamClass, Topic

__all__ = ["MemoryBus", "MemoryServer"]

#: How often a live reader looks whether it should stop.
_LIVE_WAIT_SECONDS = 2.0
#: How long an unknown control entry is remembered, so that only one reader buries it.
_MARK_SECONDS = 3_600.0


class MemoryBus:
    """One worker's connection to a `MemoryServer`; keeps the `Bus` contract.

    Events go through the same encoding, readers and dead letters as over Redis. There is no server
    that could be away, so nothing waits in an outbox; all is gone with the process.
    """

    def __init__(self, server: MemoryServer, source: str = "module@host#0") -> None:
        self._server = server
        self._source = source
        self._open = False
        self._reading = Reading(self._bury)
        self._stores: set[MemoryStreamStore] = set()
        self._listeners: set[LiveListener] = set()

    @property
    def connected(self) -> bool:
        return self._open

    @property
    def description(self) -> str:
        return "memory (one process, nothing survives a restart)"

    @property
    def counters(self) -> Mapping[str, int]:
        return self._reading.counters

    async def open(self) -> None:
        self._open = True

    async def close(self) -> None:
        await self.stop_reading()
        self._open = False

    async def publish(self, event: Event, data: bytes = b"") -> None:
        if not event.source:
            event = event.model_copy(update={"source": self._source})
        ttl_ms = lifetime_ms(event.expires_at)
        if ttl_ms is not None and ttl_ms <= 0:
            self._reading.counters["expired_unsent"] += 1
            return
        self._reading.counters["published"] += 1
        topic = event.topic
        if topic.stream_class is StreamClass.LIVE:
            self._server.send(topic.key(event.show), frame_of(event, bytes(data)))
            return
        fields = fields_of(event, bytes(data))
        if ttl_ms is not None:
            fields[LIFETIME] = b"%d" % ttl_ms
        self._server.append(topic.key(event.show), fields, topic.maximum_entries)

    # Reading -----------------------------------------------------------------------------------

    def subscribe(self, subscription: Subscription) -> AsyncGenerator[Delivery, None]:
        if subscription.live:
            return self._live(subscription)
        store = MemoryStreamStore(self._server)
        if subscription.grouped:
            reader = GroupReader(store, subscription, self._reading).deliveries()
        else:
            reader = CursorReader(store, subscription, self._reading).deliveries()
        return self._read(store, reader)

    async def _read(
        self, store: MemoryStreamStore, deliveries: AsyncGenerator[Delivery, None]
    ) -> AsyncGenerator[Delivery, None]:
        self._stores.add(store)
        try:
            async with aclosing(deliveries):
                async for delivery in deliveries:
                    yield delivery
        finally:
            self._stores.discard(store)

    async def _live(self, subscription: Subscription) -> AsyncGenerator[Delivery, None]:
        topics = topics_by_key(subscription.topics, subscription.show)
        listener = LiveListener(topics)
        self._listeners.add(listener)
        self._server.listen(listener)
        try:
            while not self._reading.stopped.is_set():
                listener.arrived.clear()
                while listener.messages and not self._reading.stopped.is_set():
                    channel, frame = listener.messages.popleft()
                    if subscription.only and tag_of_frame(frame) not in subscription.only:
                        continue
                    event, data = event_of_frame(frame)
                    if isinstance(event, UnknownEvent):
                        self._reading.counters["unknown"] += 1
                        continue
                    self._reading.counters["delivered"] += 1
                    yield Delivery(event, topics[channel], data, key=channel)
                try:
                    async with asyncio.timeout(_LIVE_WAIT_SECONDS):
                        await listener.arrived.wait()
                except TimeoutError:
                    pass
        finally:
            self._server.stop_listening(listener)
            self._listeners.discard(listener)

    async def stop_reading(self) -> None:
        self._reading.stopped.set()
        for store in list(self._stores):
            await store.wake()
        for listener in self._listeners:
            listener.arrived.set()

    async def acknowledge(self, delivery: Delivery) -> None:
        if not delivery.group:
            return
        store = MemoryStreamStore(self._server)
        await store.acknowledge(delivery.key, delivery.group, delivery.entry_id)
        self._reading.holdings.forget((delivery.key, delivery.group, delivery.entry_id))

    async def extend(self, delivery: Delivery) -> None:
        if not delivery.group:
            return
        self._reading.holdings.touch((delivery.key, delivery.group, delivery.entry_id))
        store = MemoryStreamStore(self._server)
        await store.renew(delivery.key, delivery.group, delivery.consumer, delivery.entry_id)

    async def bury(self, delivery: Delivery, reason: str) -> None:
        await self._bury(burial_of(delivery, delivery.event.show, reason))

    async def _bury(self, burial: Burial) -> None:
        entry = burial.entry
        if not burial.group:
            mark = mark_key("buried", f"{entry.key}:{entry.entry_id}")
            if self._server.value(mark) is not None:
                return
            self._server.set_value(mark, b"1", _MARK_SECONDS)
        self._reading.counters["dead"] += 1
        self._server.append(DEAD_LETTERS, dead_fields(burial), MAXIMUM_DEAD_LETTERS)
        if burial.group:
            store = MemoryStreamStore(self._server)
            await store.acknowledge(entry.key, burial.group, entry.entry_id)
            self._reading.holdings.forget((entry.key, burial.group, entry.entry_id))

    # Small state -------------------------------------------------------------------------------

    async def set_latch(self, show: str, name: str, value: Mapping[str, Any]) -> None:
        self._server.set_value(latch_key(show, name), json.dumps(value).encode())

    async def latch(self, show: str, name: str) -> dict[str, Any] | None:
        return self._document(latch_key(show, name))

    async def set_note(self, name: str, value: Mapping[str, Any], ttl_seconds: float) -> None:
        self._server.set_value(note_key(name), json.dumps(value).encode(), ttl_seconds)

    async def note(self, name: str) -> dict[str, Any] | None:
        return self._document(note_key(name))

    def _document(self, key: str) -> dict[str, Any] | None:
        raw = self._server.value(key)
        return None if raw is None else dict(json.loads(raw))

    async def acquire_lease(
        self, show: str, name: str, holder: str, ttl_seconds: float
    ) -> str | None:
        key = lease_key(show, name)
        present = self._server.value(key)
        if present is not None and present != holder.encode():
            return present.decode()
        self._server.set_value(key, holder.encode(), ttl_seconds)
        return None

    async def release_lease(self, show: str, name: str, holder: str) -> None:
        if self._server.value(lease_key(show, name)) == holder.encode():
            self._server.delete_value(lease_key(show, name))

    # Looking -----------------------------------------------------------------------------------

    async def depth(self, topic: Topic, show: str, group: str) -> StreamDepth:
        stream = self._server.stream(topic.key(show))
        state = stream.groups.get(group)
        if state is None:
            return StreamDepth(topic.name, len(stream.ids), len(stream.ids), 0)
        lag = len(stream.after(state.last, len(stream.ids)))
        return StreamDepth(topic.name, len(stream.ids), lag, len(state.pending))

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        newest = self._server.newest(DEAD_LETTERS, limit) if limit > 0 else []
        return [dead_letter_of(StoredEntry(DEAD_LETTERS, *stored)) for stored in newest]

    async def replay_dead_letter(self, entry_id: str) -> bool:
        dead = StoredEntry(DEAD_LETTERS, entry_id, self._server.entry(DEAD_LETTERS, entry_id))
        original = original_of(dead)
        if original is None:
            return False
        self._server.remove(DEAD_LETTERS, entry_id)
        self._server.append(original.key, original.fields, original.maximum_entries)
        return True

    async def discard_dead_letter(self, entry_id: str) -> bool:
        return self._server.remove(DEAD_LETTERS, entry_id)

    async def recent(self, topic: Topic, show: str, limit: int = 100) -> list[Delivery]:
        if topic.stream_class is StreamClass.LIVE or limit < 1:
            return []
        key = topic.key(show)
        entries = [StoredEntry(key, *stored) for stored in self._server.newest(key, limit)]
        return [delivery_of(e, event_of(e.fields or {}), topic) for e in reversed(entries)]
