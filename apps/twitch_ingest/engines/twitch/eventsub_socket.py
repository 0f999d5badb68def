"""One EventSub websocket: from connecting to its end.

Form: dev.twitch.tv, "Getting Events Using WebSockets". Nothing is ever sent on it: Twitch closes a
connection on which a client speaks.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

from apps.twitch_ingest.engines.twitch.errors import LinkLost
from apps.twitch_ingest.engines.twitch.options import Pauses, is_twitch

#: Longer messages end the connection.
LONGEST_MESSAGE_BYTES = 1_000_000
CLOSE_SECONDS = 1.0

Frame = dict[str, Any]

_CLOSED = (
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.ERROR,
)


class EventSubSocket:
    """`frame` gives what Twitch says, in order; it raises `LinkLost` when the connection ended or
    nothing, not even a keepalive, came in time."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, pauses: Pauses) -> None:
        self._socket = socket
        self._pauses = pauses
        self._quiet_seconds = pauses.welcome
        self._heard_at = time.monotonic()
        self.session_id = ""

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, url: str, pauses: Pauses) -> Self:
        """A connection that was welcomed. Raises `LinkLost`."""
        if not is_twitch(url, ("wss", "ws")):
            raise LinkLost("Twitch named an address that is not its own")
        try:
            async with asyncio.timeout(pauses.welcome):
                socket = await http.ws_connect(
                    url,
                    max_msg_size=LONGEST_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise LinkLost(f"Twitch refused the connection ({error.status})") from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise LinkLost(f"no connection to Twitch ({type(error).__name__})") from None
        found = cls(socket, pauses)
        try:
            await found._be_welcomed()
        except BaseException:
            await found.close()
            raise
        return found

    async def close(self) -> None:
        await self._socket.close()

    async def frame(self, wait_seconds: float | None = None) -> Frame | None:
        """The next message; None when none came within `wait_seconds`. One that is not as
        documented comes as an empty message. Raises `LinkLost`."""
        left = self._heard_at + self._quiet_seconds - time.monotonic()
        wait = left if wait_seconds is None else min(left, wait_seconds)
        try:
            message = await self._socket.receive(timeout=max(wait, 0.001))
        except TimeoutError:
            if time.monotonic() - self._heard_at >= self._quiet_seconds:
                raise LinkLost("Twitch fell silent") from None
            return None
        self._heard_at = time.monotonic()
        if message.type in _CLOSED:
            raise LinkLost(self._ending())
        return self._read(message)

    def _ending(self) -> str:
        code = self._socket.close_code
        if code is None or code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE:
            return "the connection was cut"
        return f"Twitch closed the connection ({int(code)})"

    def _read(self, message: aiohttp.WSMessage) -> Frame:
        try:
            frame = json.loads(message.data)
            if frame["metadata"]["message_type"] and type(frame["payload"]) is dict:
                return dict(frame)
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        return {}

    async def _be_welcomed(self) -> None:
        deadline = time.monotonic() + self._pauses.welcome
        while (left := deadline - time.monotonic()) > 0:
            frame = await self.frame(left)
            if frame and frame["metadata"]["message_type"] == "session_welcome":
                self._take_welcome(frame)
                return
        raise LinkLost("Twitch did not welcome us")

    def _take_welcome(self, frame: Frame) -> None:
        try:
            session = frame["payload"]["session"]
            self.session_id = str(session["id"])
            promised = float(session.get("keepalive_timeout_seconds") or 10.0)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise LinkLost("Twitch's welcome is not as documented") from None
        self._quiet_seconds = promised + self._pauses.keepalive_grace


@asynccontextmanager
async def welcomed(
    http: aiohttp.ClientSession, url: str, pauses: Pauses
) -> AsyncIterator[EventSubSocket]:
    socket = await EventSubSocket.open(http, url, pauses)
    try:
        yield socket
    finally:
        await socket.close()
