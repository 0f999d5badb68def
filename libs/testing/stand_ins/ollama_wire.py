"""The little HTTP/1.1 that the Ollama stand-in needs, with a hand on the raw connection."""

import asyncio
import json
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

#: How often it is looked whether the client is still there.
_LOOK_SECONDS = 0.002

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: dict[str, Any]


def go_json(value: Any) -> bytes:
    """JSON as Go writes it: compact UTF-8 with <, > and & escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


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
        method, path, _ = head.split("\r\n", 1)[0].split(" ", 2)
        length = 0
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        raw = await self._reader.readexactly(length) if length else b""
        return Request(method, path, json.loads(raw) if raw else {})

    async def answer(self, status: int, value: Any) -> None:
        body = value.encode() if isinstance(value, str) else go_json(value)
        kind = "text/plain" if isinstance(value, str) else "application/json; charset=utf-8"
        self._writer.write(
            f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await self._writer.drain()

    async def begin_stream(self) -> None:
        self._writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
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
