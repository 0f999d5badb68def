"""The protocol of Redis (RESP2) on one asyncio connection; hiredis packs and parses."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import hiredis

from libs.bus.base import BusError

#: With so many replies unread the server is made to wait.
MOST_UNREAD = 256

_MORE = object()


class CommandRefused(BusError):
    """The server answered with an error; its first word is the code ("NOGROUP", "OOM")."""

    @property
    def code(self) -> str:
        return str(self).partition(" ")[0]


class NoRedisServer(OSError):
    """What answers speaks another language."""

    def __init__(self) -> None:
        super().__init__(0, "what answers there is no Redis server")


class WireCut(OSError):
    """The other side closed the connection."""

    def __init__(self) -> None:
        super().__init__(0, "it closed the connection")


class RespWire(asyncio.Protocol):
    """Promises: replies come in the order of the commands, an error reply in its place as a
    `CommandRefused`; what arrived before the connection was lost is still given out.

    One task at a time waits for replies.
    """

    def __init__(self) -> None:
        self._reader = hiredis.Reader(
            protocolError=hiredis.ProtocolError, replyError=CommandRefused, notEnoughData=_MORE
        )
        self._replies: deque[Any] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._lost: OSError | None = None
        self._held_up = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None and self._lost is None

    def send(self, commands: Sequence[Sequence[str | bytes | int]]) -> None:
        """Raises `OSError` when the connection is lost."""
        if self._transport is None or self._lost is not None:
            raise self._lost or WireCut()
        packed = (hiredis.pack_command(tuple(one)) for one in commands)  # type: ignore[arg-type]
        self._transport.write(b"".join(packed))

    async def reply(self) -> Any:
        """The next one. Raises `OSError` when none will come. Safe to cancel: none is lost."""
        while not self._replies:
            if self._lost is not None:
                raise self._lost
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        reply = self._replies.popleft()
        if self._held_up and not self._replies and self._transport is not None:
            self._held_up = False
            self._transport.resume_reading()
        return reply

    def close(self) -> None:
        self._lose(WireCut())
        if self._transport is not None:
            self._transport.close()

    # What the event loop calls -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _MORE:
                self._replies.append(reply)
        except hiredis.ProtocolError:
            self._lose(NoRedisServer())
            if self._transport is not None:
                self._transport.abort()
        if len(self._replies) >= MOST_UNREAD and not self._held_up and self.is_open:
            self._held_up = True
            if self._transport is not None:
                self._transport.pause_reading()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._lose(error if isinstance(error, OSError) else WireCut())

    def _lose(self, error: OSError) -> None:
        self._lost = self._lost or error
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
