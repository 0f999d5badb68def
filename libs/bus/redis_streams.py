"""The bus over Redis Streams: Redis >= 6.2 or Valkey, by redis-py and hiredis."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from libs.bus.base import BusError, BusUnavailable, DeadLetter, Delivery, StreamDepth, Subscription
from libs.bus.codec import LIFETIME, event_of, fields_of, frame_of, lifetime_ms
from libs.bus.cursor_reader import CursorReader
from libs.bus.dead_letters import burial_of
from libs.bus.group_reader import GroupReader
from libs.bus.keys import live_channel
from libs.bus.outbox import Outbox, Request
from libs.bus.reading import Burial, Reading, delivery_of
from libs.bus.redis_connection import Command, CommandRefused, RedisAddress, RedisConnection
from libs.bus.redis_dead_letters import RedisDeadLetters, add_command, entry_of
from libs.bus.redis_live import LiveReader
from libs.bus.redis_store import RedisStreamStore
from libs.bus.redis_values import RedisValues
from libs.bus.server_check import check_server
from libs.contracts.envelope import Event
from libs.contracts.streams import StreamClass, Topic
from libs.telemetry import clock

#: How often our idea of the server's clock is refreshed.
CLOCK_EVERY_SECONDS = 60.0
#: How often a quiet connection is tested, so that `connected` tells the truth.
TEST_EVERY_SECONDS = 5.0
#: How long `close` tries to send what is left.
FLUSH_SECONDS = 1.0
#: How long `close` waits for readers to come back from their last read.
_READERS_SECONDS = 0.5


class RedisBus:
    """One worker's connection to a server; keeps the `Bus` contract.

    One connection writes everything, through the outbox; each subscription reads over its own.
    `origin` is told to people beside the product's name ("embedded").
    """

    def __init__(self, url: str, source: str = "module@host#0", origin: str = "") -> None:
        self._address = RedisAddress(url)
        self._source = source
        self._origin = origin or f"at {self._address.place}"
        self._product = "Redis-compatible server"
        self._reading = Reading(self._bury)
        self._writer = RedisConnection(self._address)
        self._outbox = Outbox(self._writer, self._reading.counters)
        self._values = RedisValues(self._outbox)
        self._dead_letters = RedisDeadLetters(self._outbox, self._values, self._reading)
        self._readers: set[RedisStreamStore | LiveReader] = set()
        self._readers_gone = asyncio.Event()
        self._readers_gone.set()
        self._clock_task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"RedisBus({self.description})"

    @property
    def connected(self) -> bool:
        return self._outbox.connected

    @property
    def description(self) -> str:
        return f"{self._product} ({self._origin})"

    @property
    def counters(self) -> Mapping[str, int]:
        return {**self._reading.counters, "outbox": len(self._outbox)}

    async def open(self) -> None:
        if self._clock_task is not None:
            return
        await self._writer.open()
        try:
            self._product = await check_server(self._writer, self._address.place)
            await self._set_clock(samples=3)
        except BaseException:
            await self._writer.close()
            raise
        self._outbox.start()
        self._clock_task = asyncio.create_task(self._keep_clock(), name="bus clock")

    async def close(self) -> None:
        await self.stop_reading()
        task, self._clock_task = self._clock_task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_READERS_SECONDS):
                await self._readers_gone.wait()
        await self._outbox.close(FLUSH_SECONDS)
        for reader in list(self._readers):
            await reader.close()

    # Writing -----------------------------------------------------------------------------------

    async def publish(self, event: Event, data: bytes = b"") -> None:
        if not event.source:
            event = event.model_copy(update={"source": self._source})
        topic = event.topic
        key = topic.key(event.show)
        if topic.stream_class is StreamClass.LIVE:
            self._publish_live(live_channel(key, event.type), frame_of(event, bytes(data)))
            return
        fields = fields_of(event, bytes(data))
        maximum, expires_at = topic.maximum_entries, event.expires_at

        def build() -> list[Command] | None:
            ttl_ms = lifetime_ms(expires_at)
            if ttl_ms is not None:
                if ttl_ms <= 0:
                    self._reading.counters["expired_unsent"] += 1
                    return None
                fields[LIFETIME] = b"%d" % ttl_ms
            return [add_command(key, fields, maximum)]

        self._reading.counters["published"] += 1
        size = sum(map(len, fields.values()))
        try:
            await self._outbox.send(Request(build, durable=True, size=size))
        except CommandRefused as error:
            raise BusError(f"the server refused {event.type} on {key}: {error}") from None

    def _publish_live(self, channel: str, frame: bytes) -> None:
        request = Request(lambda: [("PUBLISH", channel, frame)], size=len(frame))
        sent = self._outbox.post(request)
        self._reading.counters["published" if sent else "live_dropped"] += 1

    async def acknowledge(self, delivery: Delivery) -> None:
        if not delivery.group:
            return
        key, group, entry_id = reference = (delivery.key, delivery.group, delivery.entry_id)
        holdings = self._reading.holdings
        holdings.finish(reference)
        await self._outbox.send(
            Request(
                lambda: [("XACK", key, group, entry_id)],
                durable=True,
                settled=lambda _: holdings.forget(reference),
            )
        )

    async def extend(self, delivery: Delivery) -> None:
        if not delivery.group:
            return
        key, group, entry_id = reference = (delivery.key, delivery.group, delivery.entry_id)
        self._reading.holdings.touch(reference)
        claim: Command = ("XCLAIM", key, group, delivery.consumer, 0, entry_id, "JUSTID")
        with suppress(BusUnavailable):  # nobody else can take it while the server is away
            await self._outbox.send(Request(lambda: [claim]))

    async def bury(self, delivery: Delivery, reason: str) -> None:
        await self._bury(burial_of(delivery, delivery.event.show, reason))

    async def _bury(self, burial: Burial) -> None:
        await self._dead_letters.bury(burial)

    # Reading -----------------------------------------------------------------------------------

    def subscribe(self, subscription: Subscription) -> AsyncGenerator[Delivery, None]:
        connection = RedisConnection(self._address)
        if subscription.live:
            live = LiveReader(connection, subscription, self._reading)
            return self._read(connection, live, live.deliveries())
        store = RedisStreamStore(connection, self._unblock)
        if subscription.grouped:
            deliveries = GroupReader(store, subscription, self._reading).deliveries()
        else:
            deliveries = CursorReader(store, subscription, self._reading).deliveries()
        return self._read(connection, store, deliveries)

    async def _read(
        self,
        connection: RedisConnection,
        reader: RedisStreamStore | LiveReader,
        deliveries: AsyncGenerator[Delivery, None],
    ) -> AsyncGenerator[Delivery, None]:
        self._readers.add(reader)
        self._readers_gone.clear()
        try:
            async with aclosing(deliveries):
                async for delivery in deliveries:
                    yield delivery
        finally:
            self._readers.discard(reader)
            if not self._readers:
                self._readers_gone.set()
            await connection.close()

    async def stop_reading(self) -> None:
        self._reading.stopped.set()
        for reader in list(self._readers):
            await reader.wake()

    def _unblock(self, client_id: int) -> None:
        self._outbox.post(Request(lambda: [("CLIENT", "UNBLOCK", client_id)]))

    # Small state -------------------------------------------------------------------------------

    async def set_latch(self, show: str, name: str, value: Mapping[str, Any]) -> None:
        await self._values.set_latch(show, name, value)

    async def latch(self, show: str, name: str) -> dict[str, Any] | None:
        return await self._values.latch(show, name)

    async def set_note(self, name: str, value: Mapping[str, Any], ttl_seconds: float) -> None:
        await self._values.set_note(name, value, ttl_seconds)

    async def note(self, name: str) -> dict[str, Any] | None:
        return await self._values.note(name)

    async def acquire_lease(
        self, show: str, name: str, holder: str, ttl_seconds: float
    ) -> str | None:
        return await self._values.acquire_lease(show, name, holder, ttl_seconds)

    async def release_lease(self, show: str, name: str, holder: str) -> None:
        await self._values.release_lease(show, name, holder)

    # Looking -----------------------------------------------------------------------------------

    async def depth(self, topic: Topic, show: str, group: str) -> StreamDepth:
        key = topic.key(show)
        commands: list[Command] = [("MULTI",), ("XLEN", key), ("XINFO", "GROUPS", key), ("EXEC",)]
        length, groups = await self._outbox.send(Request(lambda: commands))
        for row in groups if isinstance(groups, list) else ():
            facts = dict(zip(row[::2], row[1::2], strict=True))
            if facts[b"name"] == group.encode():
                lag = facts.get(b"lag")
                if lag is None:  # Redis 6.2, or a stream from which entries were deleted
                    lag = await self._count_after(key, facts[b"last-delivered-id"].decode(), length)
                return StreamDepth(topic.name, length, int(lag), int(facts[b"pending"]))
        return StreamDepth(topic.name, length, length, 0)

    async def _count_after(self, key: str, entry_id: str, most: int) -> int:
        count: Command = ("XRANGE", key, f"({entry_id}", "+", "COUNT", max(1, most))
        return len(await self._outbox.send(Request(lambda: [count])))

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        return await self._dead_letters.newest(limit)

    async def replay_dead_letter(self, entry_id: str) -> bool:
        return await self._dead_letters.replay(entry_id)

    async def discard_dead_letter(self, entry_id: str) -> bool:
        return await self._dead_letters.discard(entry_id)

    async def recent(self, topic: Topic, show: str, limit: int = 100) -> list[Delivery]:
        if topic.stream_class is StreamClass.LIVE or limit < 1:
            return []
        key = topic.key(show)
        read: Command = ("XREVRANGE", key, "+", "-", "COUNT", limit)
        rows = await self._outbox.send(Request(lambda: [read]))
        entries = [entry_of(key, row) for row in reversed(rows)]
        return [delivery_of(e, event_of(e.fields or {}), topic) for e in entries]

    # The server's clock ------------------------------------------------------------------------

    async def _keep_clock(self) -> None:
        refreshed_at = time.monotonic()
        while True:
            await asyncio.sleep(TEST_EVERY_SECONDS)
            sent_at = 0.0

            def build() -> list[Command]:
                nonlocal sent_at
                sent_at = time.time()
                return [("TIME",)]

            try:
                reply = await self._outbox.send(Request(build))
            except BusUnavailable:
                continue
            if time.monotonic() - refreshed_at >= CLOCK_EVERY_SECONDS:
                refreshed_at = time.monotonic()
                clock.set_offset(_offset_seconds(reply, sent_at, time.time()))

    async def _set_clock(self, samples: int) -> None:
        """Of several looks at the server's clock the quickest is the most exact."""
        best: tuple[float, float] | None = None
        for _ in range(samples):
            sent_at = time.time()
            reply = await self._writer.call("TIME")
            got_at = time.time()
            sample = (got_at - sent_at, _offset_seconds(reply, sent_at, got_at))
            best = sample if best is None else min(best, sample)
        if best is not None:
            clock.set_offset(best[1])


def _offset_seconds(reply: Any, sent_at: float, got_at: float) -> float:
    seconds, microseconds = reply
    return int(seconds) + int(microseconds) / 1e6 - (sent_at + got_at) / 2
