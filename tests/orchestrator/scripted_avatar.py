"""An avatar_controller that plays a script on the memory bus: it beats, tells, answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from libs.bus.base import Delivery, Subscription
from libs.bus.memory import MemoryBus
from libs.contracts.avatar import (
    AvatarChanged,
    AvatarLink,
    AvatarStatus,
    MapMood,
    MoodShown,
    ShowExpression,
    SignInAvatar,
)
from libs.contracts.envelope import Event
from libs.contracts.health import ModuleState, WorkerBeat
from libs.contracts.speaking import Mood
from libs.contracts.stage import ShowItem, StageCommandDone, StageCommandFailed, TriggerHotkey
from libs.contracts.streams import STAGE
from tests.orchestrator.stand import Stand

ORDERS = (SignInAvatar, ShowExpression, MapMood, TriggerHotkey, ShowItem)

DRAWN = AvatarStatus(id="overlay", title="Drawn character", link=AvatarLink.READY, model="Kitsu")
AKARI: dict[str, Any] = {
    "id": "vtube_studio",
    "title": "VTube Studio",
    "link": AvatarLink.READY,
    "model": "Akari",
    "moods": (
        MoodShown(mood=Mood.HAPPY, expression="Smile.exp3.json"),
        MoodShown(mood=Mood.SAD),
    ),
    "expressions": ("Smile.exp3.json", "Blush", "泣き"),
    "hotkeys": ("Wave Both Hands", "Spin"),
    "items": ("cookie", "heart"),
    "mouth": ("MouthOpen",),
    "can_sign_in": True,
}


class ScriptedAvatars:
    """`answer` decides about each order: an event, or None for silence."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._bus = MemoryBus(stand.server, source="avatar_controller@here#0")
        self.orders: list[Event] = []
        self.answer: Callable[[Event], Event | None] = self.done
        self._tasks: set[asyncio.Task[None]] = set()

    @staticmethod
    def done(order: Event) -> Event:
        return StageCommandDone.caused_by(order, command=order.type, message=f"did {order.type}")

    def refuse(self, code: str, message: str) -> None:
        self.answer = lambda order: StageCommandFailed.caused_by(
            order, command=order.type, code=code, message=message
        )

    async def tell(self, **changes: Any) -> AvatarChanged:
        """VTube Studio is now like AKARI, but for these changes."""
        event = AvatarChanged(avatars=(DRAWN, AvatarStatus(**{**AKARI, **changes})))
        await self._bus.publish(event)
        return event

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
            await self._bus.publish(
                WorkerBeat(
                    module="avatar_controller",
                    instance="avatar_controller@here#0",
                    pid=1,
                    port=self._stand.settings.avatar_controller_port,
                    state=ModuleState.READY,
                )
            )
            await asyncio.sleep(0.5)

    async def _read(self) -> None:
        subscription = Subscription((STAGE,), "main", "avatar_controller", "one", prefetch=64)
        async for delivery in self._bus.subscribe(subscription):
            await self._bus.acknowledge(delivery)
            if isinstance(delivery.event, ORDERS):
                await self._obey(delivery)

    async def _obey(self, delivery: Delivery) -> None:
        self.orders.append(delivery.event)
        answer = self.answer(delivery.event)
        if answer is not None:
            await self._bus.publish(answer)


@contextlib.asynccontextmanager
async def scripted_avatars(stand: Stand) -> AsyncIterator[ScriptedAvatars]:
    avatars = ScriptedAvatars(stand)
    await avatars.open()
    try:
        yield avatars
    finally:
        await avatars.close()
