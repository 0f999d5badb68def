"""Programs that may answer where OBS should be: a silent one, an OBS of long ago, a web server."""

import abc
import asyncio
import contextlib
import json
from typing import Any, ClassVar, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed


class _TcpServer(abc.ABC):
    """`async with` it: listens on loopback at `port`."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.connections = 0
        """Clients that ever connected."""
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        talks = list(self._open.values())
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*talks)
        await self._server.wait_closed()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open[writer] = task
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            self._open.pop(writer)
            writer.close()

    @abc.abstractmethod
    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, from its connecting to its end."""


class SilentServer(_TcpServer):
    """Takes every connection and says nothing."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass


class PlainWebServer(_TcpServer):
    """Knows HTTP and no WebSocket."""

    page: ClassVar[bytes] = b"<h1>It works</h1>"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(self.page)}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + self.page)
        await writer.drain()


class OldObsServer:
    """obs-websocket 4: says nothing until it is asked, and names things otherwise.

    Form: obs-websocket 4.9.1, docs/generated/protocol.md, "GetVersion" and "GetAuthRequired".
    """

    def __init__(self, port: int = 0, version: str = "4.9.1") -> None:
        self.port = port
        self.version = version
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await serve(self._meet, "127.0.0.1", self.port, close_timeout=0.5)
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        for connection in self._server.connections:
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def _meet(self, connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for raw in connection:
                await connection.send(json.dumps(self._answer(raw)))

    def _answer(self, raw: str | bytes) -> dict[str, Any]:
        try:
            asked = json.loads(raw)
            kind, message_id = asked.get("request-type"), asked.get("message-id")
        except (ValueError, AttributeError):
            kind = message_id = None
        if message_id is None:
            return {"status": "error", "error": "missing request parameters"}
        answers: dict[object, dict[str, Any]] = {
            "GetVersion": {
                "version": 1.1,
                "obs-websocket-version": self.version,
                "obs-studio-version": "27.2.4",
                "available-requests": "GetVersion,GetAuthRequired",
                "supported-image-export-formats": "png,jpg",
            },
            "GetAuthRequired": {"authRequired": False},
        }
        if kind not in answers:
            return {"message-id": message_id, "status": "error", "error": "invalid request type"}
        return {"message-id": message_id, "status": "ok", **answers[kind]}
