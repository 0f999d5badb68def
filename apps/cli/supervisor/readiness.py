"""Asks a module on its own port how it is."""

import asyncio
import json
from dataclasses import dataclass

#: A module that needs longer for this is not well.
ANSWER_SECONDS = 1.0
_LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True)
class Readiness:
    """`state` is one of `ModuleState`'s words; `detail` one line for people."""

    ready: bool
    state: str
    detail: str = ""
    engine: str = ""


@dataclass(frozen=True)
class Door:
    """Where a module answers."""

    module: str
    host: str
    port: int


async def ask(door: Door) -> Readiness | None:
    """What `GET /ready` says; None when nobody answers, or somebody who is not this module.

    Written on a bare connection: this runs every third second for every module, for months.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            raw = await _get(door)
    except (OSError, TimeoutError):
        return None
    _, _, body = raw.partition(b"\r\n\r\n")
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    if not isinstance(answer, dict) or answer.get("module") != door.module:
        return None
    return Readiness(
        bool(answer.get("ready")),
        str(answer.get("state", "starting")),
        str(answer.get("detail", "")),
        str(answer.get("engine", "")),
    )


async def _get(door: Door) -> bytes:
    reader, writer = await asyncio.open_connection(door.host, door.port)
    try:
        request = f"GET /ready HTTP/1.0\r\nHost: {door.host}:{door.port}\r\n\r\n"
        writer.write(request.encode("ascii"))
        await writer.drain()
        raw = b""
        while len(raw) < _LONGEST_ANSWER and (piece := await reader.read(4096)):
            raw += piece
        return raw
    finally:
        writer.close()
