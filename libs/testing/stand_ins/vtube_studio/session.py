"""One plugin that is connected."""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from libs.testing.stand_ins.vtube_studio.parameters import Plugin
from libs.testing.stand_ins.vtube_studio.wire import Data, message

#: A plugin that reads nothing is cut off when so many messages wait for it.
MAXIMUM_WAITING = 20_000


@dataclass(frozen=True)
class Subscription:
    config: Data
    request_id: str
    """Of the request that subscribed; events carry it."""


@dataclass(eq=False)
class Session:
    """`plugin`: who it is, once it is authenticated; `revoked`: the user has taken that back."""

    connection: ServerConnection
    plugin: Plugin | None = None
    revoked: bool = False
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    tints: set[str] = field(default_factory=set)
    _waiting: asyncio.Queue[str] = field(
        default_factory=lambda: asyncio.Queue(maxsize=MAXIMUM_WAITING)
    )
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, text: str) -> None:
        try:
            self._waiting.put_nowait(text)
        except asyncio.QueueFull:
            self.cut()

    def tell(self, event: str, data: Data) -> None:
        """An event, if it is subscribed."""
        subscription = self.subscriptions.get(event)
        if subscription is not None:
            self.send(message(event, subscription.request_id, data))

    async def write(self) -> None:
        """Sends what waits, until the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.connection.send(await self._waiting.get())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Work that ends with the connection."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cut(self) -> None:
        """Without a word."""
        self.connection.transport.abort()

    async def end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
