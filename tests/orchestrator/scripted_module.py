"""A module that plays a script on the memory bus, for the orchestrator: it beats and answers."""

import abc
import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, ClassVar, Self

from libs.bus.base import Delivery, Subscription
from libs.bus.memory import MemoryBus
from libs.contracts.envelope import Event
from libs.contracts.health import ModuleState, WorkerBeat
from libs.contracts.stage import StageCommandDone, StageCommandFailed
from libs.contracts.streams import STAGE
from tests.orchestrator.stand import Stand


class ScriptedModule(abc.ABC):
    """`answer` decides about each order: an event, or None for silence."""

    module: ClassVar[str]

    def __init__(self, stand: Stand) -> None:
        self.orders: list[Event] = []
        self.answer: Callable[[Event], Event | None] = self.done
        self._bus = MemoryBus(stand.server, source=f"{self.module}@here#0")
        self._port = stand.settings.port_of(self.module)
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def beside(cls, stand: Stand) -> AsyncIterator[Self]:
        """One that runs on the bus of this orchestrator."""
        scripted = cls(stand)
        await scripted._bus.open()
        for work in (scripted._read(), scripted._keep_beating()):
            scripted._spawn(work)
        try:
            yield scripted
        finally:
            for task in scripted._tasks:
                task.cancel()
            await asyncio.gather(*scripted._tasks, return_exceptions=True)
            await scripted._bus.close()

    @staticmethod
    def done(order: Event) -> Event:
        return StageCommandDone.caused_by(order, command=order.type, message=f"did {order.type}")

    def refuse(self, code: str, message: str) -> None:
        self.answer = lambda order: StageCommandFailed.caused_by(
            order, command=order.type, code=code, message=message
        )

    async def publish(self, event: Event) -> None:
        await self._bus.publish(event)

    async def beat(self) -> None:
        await self._bus.publish(
            WorkerBeat(
                module=self.module,
                instance=f"{self.module}@here#0",
                pid=1,
                port=self._port,
                state=ModuleState.READY,
            )
        )

    @abc.abstractmethod
    def concerns(self, event: Event) -> bool:
        """Whether this is an order for it."""

    async def send(self, answer: Event) -> None:
        await self._bus.publish(answer)

    async def _keep_beating(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(0.5)

    async def _read(self) -> None:
        subscription = Subscription((STAGE,), "main", self.module, "one", prefetch=64)
        async for delivery in self._bus.subscribe(subscription):
            await self._bus.acknowledge(delivery)
            if self.concerns(delivery.event):
                self.orders.append(delivery.event)
                self._spawn(self._obey(delivery))

    async def _obey(self, delivery: Delivery) -> None:
        answer = self.answer(delivery.event)
        if answer is not None:
            await self.send(answer)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
