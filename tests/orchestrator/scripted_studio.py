"""An obs_controller that plays a script on the memory bus: it beats, tells how OBS is, answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from libs.bus.base import Delivery, Subscription
from libs.bus.memory import MemoryBus
from libs.contracts.envelope import Event
from libs.contracts.health import ModuleState, WorkerBeat
from libs.contracts.stage import StageCommandDone, StageCommandFailed
from libs.contracts.streams import STAGE
from libs.contracts.studio import (
    ScreenshotTaken,
    StudioChanged,
    StudioInput,
    StudioLink,
    TakeScreenshot,
)
from tests.orchestrator.stand import Stand

ANSWERS = (StageCommandDone, StageCommandFailed, ScreenshotTaken, StudioChanged)
PICTURE = b"\xff\xd8\xff picture"

READY: dict[str, Any] = {
    "link": StudioLink.READY,
    "obs_version": "29.0.2",
    "scene": "Live",
    "scenes": ("Live", "Chatting", "BRB"),
    "inputs": (
        StudioInput(name="Mic/Aux", kind="pulse_input_capture", volume_db=-3.0, role="mic"),
        StudioInput(name="Kitsu overlay", kind="browser_source", role="voice"),
    ),
    "transition": "Fade",
    "transitions": ("Cut", "Fade"),
    "actions": ("wave",),
}


class ScriptedStudio:
    """`answer` decides about each order: an event, or None for silence."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._bus = MemoryBus(stand.server, source="obs_controller@here#0")
        self.orders: list[Event] = []
        self.answer: Callable[[Event], Event | None] = self.done
        self.delay_seconds = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    @staticmethod
    def done(order: Event) -> Event:
        if isinstance(order, TakeScreenshot):
            return ScreenshotTaken.caused_by(order, scene="Live", format=order.format)
        result: dict[str, Any] = {"scene": getattr(order, "scene", None)}
        return StageCommandDone.caused_by(
            order, command=order.type, message=f"did {order.type}", result=result
        )

    def refuse(self, code: str, message: str = "No scene 'Gmae'; did you mean 'Game'?") -> None:
        self.answer = lambda order: StageCommandFailed.caused_by(
            order, command=order.type, code=code, message=message
        )

    async def beat(self) -> None:
        await self._bus.publish(
            WorkerBeat(
                module="obs_controller",
                instance="obs_controller@here#0",
                pid=1,
                port=self._stand.settings.obs_controller_port,
                state=ModuleState.READY,
            )
        )

    async def tell(self, **changes: Any) -> StudioChanged:
        """OBS is now like READY, but for these changes."""
        event = StudioChanged(**{**READY, **changes})
        await self._bus.publish(event)
        return event

    async def keep(self, **changes: Any) -> None:
        """The same as the latch that a restarted orchestrator reads."""
        event = StudioChanged(**{**READY, **changes})
        await self._bus.set_latch("main", "studio", event.model_dump(mode="json"))

    async def publish(self, event: Event) -> None:
        await self._bus.publish(event)

    async def open(self) -> None:
        await self._bus.open()
        for work in (self._read(), self._keep_beating()):
            self._tasks.add(asyncio.create_task(work))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.close()

    async def _keep_beating(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(0.5)

    async def _read(self) -> None:
        subscription = Subscription((STAGE,), "main", "obs_controller", "one", prefetch=64)
        async for delivery in self._bus.subscribe(subscription):
            await self._bus.acknowledge(delivery)
            if not isinstance(delivery.event, ANSWERS):
                self.orders.append(delivery.event)
                task = asyncio.create_task(self._obey(delivery))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _obey(self, delivery: Delivery) -> None:
        answer = self.answer(delivery.event)
        if answer is None:
            return
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds * (hash(delivery.event.event_id) % 7) / 7)
        data = PICTURE if isinstance(answer, ScreenshotTaken) else b""
        await self._bus.publish(answer, data)


@contextlib.asynccontextmanager
async def scripted_studio(stand: Stand) -> AsyncIterator[ScriptedStudio]:
    studio = ScriptedStudio(stand)
    await studio.open()
    try:
        yield studio
    finally:
        await studio.close()
