"""The two servers a bus can stand on, with the back doors that only tests need."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Protocol

import redis.asyncio

from libs.bus.base import Bus, Delivery, Subscription
from libs.bus.codec import Fields
from libs.bus.memory import MemoryBus, MemoryServer
from libs.bus.memory_store import MemoryStreamStore
from libs.bus.redis_connection import RedisAddress, RedisConnection
from libs.bus.redis_store import RedisStreamStore
from libs.bus.redis_streams import RedisBus
from libs.bus.stream_store import StreamStore


class Stand(Protocol):
    """One empty server; `bus` makes workers' connections to it, which the fixture closes."""

    show: str

    async def bus(self, source: str = "tester@host#0") -> Bus: ...

    async def append(self, key: str, fields: Fields) -> None: ...

    async def send(self, channel: str, message: bytes) -> None: ...

    async def lose(self, key: str) -> None:
        """The stream with its groups is gone, as after a restart without data."""
        ...

    async def length(self, key: str) -> int: ...

    async def store(self) -> StreamStore:
        """A reader's own view, under a bus."""
        ...


class MemoryStand:
    def __init__(self, show: str) -> None:
        self.show = show
        self._server = MemoryServer()
        self._buses: list[MemoryBus] = []

    async def bus(self, source: str = "tester@host#0") -> Bus:
        bus = MemoryBus(self._server, source)
        self._buses.append(bus)
        await bus.open()
        return bus

    async def append(self, key: str, fields: Fields) -> None:
        self._server.append(key, fields, 0)

    async def send(self, channel: str, message: bytes) -> None:
        self._server.send(channel, message)

    async def lose(self, key: str) -> None:
        self._server.delete(key)

    async def length(self, key: str) -> int:
        return len(self._server.stream(key).ids)

    async def store(self) -> StreamStore:
        return MemoryStreamStore(self._server)

    async def close(self) -> None:
        for bus in self._buses:
            await bus.close()


class RedisStand:
    def __init__(self, show: str, url: str) -> None:
        self.show = show
        self._url = url
        self._back_door: Any = redis.asyncio.Redis.from_url(url)
        self._buses: list[RedisBus] = []
        self._stores: list[RedisStreamStore] = []

    async def empty(self) -> None:
        await self._back_door.flushall()

    async def bus(self, source: str = "tester@host#0") -> Bus:
        bus = RedisBus(self._url, source)
        self._buses.append(bus)
        await bus.open()
        return bus

    async def append(self, key: str, fields: Fields) -> None:
        await self._back_door.xadd(key, fields)

    async def send(self, channel: str, message: bytes) -> None:
        await self._back_door.publish(channel, message)

    async def lose(self, key: str) -> None:
        await self._back_door.delete(key)

    async def length(self, key: str) -> int:
        return int(await self._back_door.xlen(key))

    async def store(self) -> StreamStore:
        store = RedisStreamStore(RedisConnection(RedisAddress(self._url)), lambda _: None)
        self._stores.append(store)
        await store.open()
        return store

    async def close(self) -> None:
        for store in self._stores:
            await store.close()
        for bus in self._buses:
            await bus.close()
        await self._back_door.aclose()


async def take(
    bus: Bus, subscription: Subscription, count: int, acknowledge: bool = True
) -> list[Delivery]:
    """The next deliveries, then the reader leaves. Waits for them as long as the test may run."""
    taken: list[Delivery] = []
    async with aclosing(reader(bus, subscription)) as deliveries:
        async for delivery in deliveries:
            if acknowledge:
                await bus.acknowledge(delivery)
            taken.append(delivery)
            if len(taken) == count:
                break
    return taken


def reader(bus: Bus, subscription: Subscription) -> Any:
    """The subscription as the generator it is, so that a test can leave it early and cleanly."""
    deliveries: AsyncIterator[Delivery] = bus.subscribe(subscription)
    return deliveries


async def until(condition: Callable[[], bool]) -> None:
    """Bounded by the test's own time limit."""
    while not condition():  # noqa: ASYNC110 - counters are looked at, not signalled
        await asyncio.sleep(0.01)
