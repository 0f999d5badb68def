"""An output worker that runs in a test, and a bus beside it to order and to listen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from libs.bus.memory import MemoryBus
from libs.contracts.envelope import Event
from libs.worker.runtime import Runtime
from libs.worker.worker import Worker

AnyWorker = TypeVar("AnyWorker", bound=Worker)


@dataclass
class ModuleStand(Generic[AnyWorker]):
    worker: AnyWorker
    bus: MemoryBus

    async def order(self, order: Event) -> Any:
        """Sends it and waits for its answer."""
        await self.bus.publish(order)
        for _ in range(800):
            for delivery in await self.bus.recent(order.topic, "main", 2_000):
                if delivery.event.cause_id == order.event_id:
                    return delivery.event
            await asyncio.sleep(0.01)
        raise AssertionError(f"no answer to {order.type}")

    async def facts(self, kind: type[Event]) -> list[Any]:
        found = await self.bus.recent(kind.topic, "main", 2_000)
        return [delivery.event for delivery in found if isinstance(delivery.event, kind)]

    async def told_of(self, kind: type[Event], least: int = 1, words: str = "") -> list[Any]:
        """Those that say these words, as soon as there are so many: a fact is told a moment after
        it is one."""
        async with asyncio.timeout(8):
            while True:
                found = [fact for fact in await self.facts(kind) if words in repr(fact)]
                if len(found) >= least:
                    return found
                await asyncio.sleep(0.01)


async def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def begun(worker: Worker) -> AsyncIterator[None]:
    """Its process runs, whether or not it ever gets a bus."""
    runtime = Runtime(worker, worker.bus)
    task = asyncio.create_task(runtime.run())
    try:
        await asyncio.sleep(0.1)
        yield
    finally:
        runtime.request_stop("the test is over")
        await task
