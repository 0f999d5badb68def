"""One WebSocket to OBS, identified: requests with their own answers, and events.

Protocol: obs-websocket 5 (docs/generated/protocol.md), written anew here so that a test does not
look through the code that it tests.
"""

import asyncio
import base64
import contextlib
import hashlib
import itertools
import json
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

_IDENTIFY, _EVENT, _REQUEST, _ANSWER = 1, 5, 6, 7
_BATCH, _BATCH_ANSWER = 8, 9

#: All but those with many messages a second.
ORDINARY_EVENTS = (1 << 11) - 1
METERS = 1 << 16

ANSWER_SECONDS = 10.0

Data = dict[str, Any]
#: Is told each event: when it came (`time.perf_counter()`), its type and its data.
Hear = Callable[[float, str, Data], None]


class Refused(Exception):
    """OBS said no; `code` is its RequestStatus."""

    def __init__(self, kind: str, code: int, comment: str) -> None:
        super().__init__(f"{kind}: {code} {comment}")
        self.code = code


class Gone(Exception):
    """The connection ended, or there was none."""


class Conversation:
    """Promises: every answer goes to the one who asked; events come in order."""

    def __init__(self, connection: ClientConnection, hear: Hear | None) -> None:
        self._connection = connection
        self._hear = hear
        self._ids = itertools.count(1)
        self._asked: dict[str, asyncio.Future[Data]] = {}
        self._reading = asyncio.create_task(self._read(), name="obs observer")

    @classmethod
    async def open(
        cls, port: int, password: str, subscriptions: int = 0, hear: Hear | None = None
    ) -> Self:
        """Raises `Gone` when nobody is there or the password is refused."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                connection = await connect(
                    f"ws://127.0.0.1:{port}",
                    proxy=None,
                    compression=None,
                    max_size=None,
                    ping_interval=None,  # an OBS that is stopped for a while is no lost one
                    close_timeout=2.0,
                )
                await _identify(connection, password, subscriptions)
        except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
            raise Gone(f"no OBS on port {port}: {error!r}") from None
        return cls(connection, hear)

    async def ask(self, kind: str, data: Mapping[str, Any]) -> Data:
        """The answer's data. Raises `Refused`, `Gone` or `TimeoutError`."""
        request = {"requestType": kind, "requestData": dict(data)}
        answer = await self._answered(_REQUEST, request)
        status = answer["requestStatus"]
        if not status["result"]:
            raise Refused(kind, status["code"], status.get("comment", ""))
        return dict(answer.get("responseData") or {})

    async def ask_batch(self, requests: Sequence[Mapping[str, Any]], halt: bool) -> list[Data]:
        """The answers as they are, refusals too. Raises `Gone` or `TimeoutError`."""
        batch = {"haltOnFailure": halt, "requests": [dict(request) for request in requests]}
        return list((await self._answered(_BATCH, batch))["results"])

    async def _answered(self, op: int, body: Mapping[str, Any]) -> Data:
        own_id = str(next(self._ids))
        asked: asyncio.Future[Data] = asyncio.get_running_loop().create_future()
        self._asked[own_id] = asked
        try:
            message = {"op": op, "d": {**body, "requestId": own_id}}
            await self._connection.send(json.dumps(message))
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asked
        except WebSocketException as error:
            raise Gone(repr(error)) from None
        finally:
            del self._asked[own_id]

    async def close(self) -> None:
        with contextlib.suppress(OSError, WebSocketException):
            await self._connection.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        _acknowledge(self._connection)
        with contextlib.suppress(WebSocketException, OSError):
            async for raw in self._connection:
                now = time.perf_counter()
                _acknowledge(self._connection)
                message = json.loads(raw)
                body = message["d"]
                if message["op"] == _EVENT and self._hear is not None:
                    self._hear(now, body["eventType"], body.get("eventData") or {})
                elif message["op"] in (_ANSWER, _BATCH_ANSWER):
                    asked = self._asked.get(body["requestId"])
                    if asked is not None and not asked.done():
                        asked.set_result(body)
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(Gone("the connection to OBS ended"))


async def _identify(connection: ClientConnection, password: str, subscriptions: int) -> None:
    hello = json.loads(await connection.recv())["d"]
    identify: Data = {"rpcVersion": 1, "eventSubscriptions": subscriptions}
    if "authentication" in hello:
        proof = hello["authentication"]
        secret = _digest(password + proof["salt"])
        identify["authentication"] = _digest(secret + proof["challenge"])
    await connection.send(json.dumps({"op": _IDENTIFY, "d": identify}))
    await connection.recv()  # Identified; a refusal closes the connection instead


def _acknowledge(connection: ClientConnection) -> None:
    """What came so far, at once: OBS waits for it (up to 40 ms) before it sends the next event."""
    if sys.platform == "linux":
        plug = connection.transport.get_extra_info("socket")
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
