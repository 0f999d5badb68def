"""The little HTTP/1.1 that a stand-in needs, with a hand on the raw connection."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

#: How often it is looked whether the client is still there.
_LOOK_SECONDS = 0.002

_REASONS = {
    200: "OK",
    206: "Partial Content",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    """By name in small letters."""
    body: dict[str, Any]
    """Of a JSON request."""
    raw: bytes = b""


class Connection:
    """One client's connection. Answers are either whole or a chunked stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def next_request(self) -> Request | None:
        """None when the client has closed."""
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin1")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in _partitioned(lines)}
        length = int(headers.get("content-length", "0"))
        raw = await self._reader.readexactly(length) if length else b""
        is_form = headers.get("content-type", "").startswith("multipart/")
        document = json.loads(raw) if raw and not is_form else {}
        return Request(method, path, headers, document, raw)

    async def answer(
        self, status: int, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer."""
        fields = {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}
        self._writer.write(_head(status, fields) + body)
        await self._writer.drain()

    async def begin_stream(self, content_type: str) -> None:
        fields = {"Content-Type": content_type, "Transfer-Encoding": "chunked"}
        self._writer.write(_head(200, fields))
        await self._writer.drain()

    async def send(self, data: bytes) -> None:
        """One chunk. Raises `ConnectionError` when the client has gone."""
        if self._writer.transport.is_closing() or self._reader.at_eof():
            raise ConnectionResetError("the client has gone")
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    async def end_stream(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def gone(self) -> None:
        """Returns when the client has closed; reads nothing, for that could be a next request."""
        while not self._reader.at_eof() and self._reader.exception() is None:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        linger = struct.pack("ii", 1, 0)
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


def _head(status: int, fields: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin1")


def _partitioned(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines]
