"""A listener on `WS /stream`: what the panel would show, as events one can wait for."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import websockets

from libs.testing.running_show import RunningShow
from libs.worker.access import Scope

Message = dict[str, Any]


class PanelStream:
    """Promises: `wait_for` sees every message since the stream was opened, in order."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.messages: list[Message] = []
        self._news = asyncio.Condition()

    async def read(self) -> None:
        async for frame in self._socket:
            async with self._news:
                self.messages += json.loads(frame)
                self._news.notify_all()

    async def wait_for(
        self, matches: Callable[[Message], object], since: int = 0, seconds: float = 20.0
    ) -> Message:
        """The first message from index `since` on that matches. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds), self._news:
            checked = since
            while True:
                for message in self.messages[checked:]:
                    if matches(message):
                        return message
                checked = len(self.messages)
                await self._news.wait()

    async def command(self, command: str, **fields: Any) -> Message:
        """Sends a command and returns its acknowledgement."""
        command_id, since = f"t{next(self._ids)}", len(self.messages)
        await self._socket.send(json.dumps({"id": command_id, "command": command, **fields}))
        return await self.wait_for(
            lambda m: m["type"] == "ack" and m["id"] == command_id, since=since
        )


@contextlib.asynccontextmanager
async def panel_stream(show: RunningShow) -> AsyncIterator[PanelStream]:
    headers = {"Authorization": f"Bearer {show.access.token(Scope.OPERATOR)}"}
    url = show.url.replace("http", "ws") + "/stream"
    async with websockets.connect(url, additional_headers=headers, max_size=None) as socket:
        stream = PanelStream(socket)
        reader = asyncio.create_task(stream.read())
        try:
            yield stream
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
