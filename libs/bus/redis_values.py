"""Small state beside the streams on a Redis-compatible server: latches, notes, leases, marks."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from libs.bus.base import BusUnavailable
from libs.bus.keys import latch_key, lease_key, note_key
from libs.bus.outbox import Outbox, Request
from libs.bus.redis_connection import Command

#: Takes the lease when it is free or ours; answers the present holder otherwise.
_ACQUIRE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisValues:
    """Writes go through the outbox; of each latch and note only the newest waits for the server."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def set_latch(self, show: str, name: str, value: Mapping[str, Any]) -> None:
        key = latch_key(show, name)
        command: Command = ("SET", key, json.dumps(value))
        await self._outbox.send(Request(lambda: [command], durable=True, slot=key))

    async def latch(self, show: str, name: str) -> dict[str, Any] | None:
        return await self._document(latch_key(show, name))

    async def set_note(self, name: str, value: Mapping[str, Any], ttl_seconds: float) -> None:
        key, text = note_key(name), json.dumps(value)
        ends_at = time.monotonic() + ttl_seconds

        def build() -> list[Command] | None:
            left_ms = int((ends_at - time.monotonic()) * 1_000)
            return [("SET", key, text, "PX", left_ms)] if left_ms > 0 else None

        await self._outbox.send(Request(build, durable=True, slot=key))

    async def note(self, name: str) -> dict[str, Any] | None:
        return await self._document(note_key(name))

    async def _document(self, key: str) -> dict[str, Any] | None:
        try:
            raw = await self._outbox.send(Request(lambda: [("GET", key)]))
        except BusUnavailable:
            return None
        if raw is None:
            return None
        try:
            document = json.loads(raw)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None

    async def acquire_lease(
        self, show: str, name: str, holder: str, ttl_seconds: float
    ) -> str | None:
        ttl_ms = max(1, round(ttl_seconds * 1_000))
        acquire: Command = ("EVAL", _ACQUIRE, 1, lease_key(show, name), holder, ttl_ms)
        present = await self._outbox.send(Request(lambda: [acquire]))
        return None if present is None else bytes(present).decode("utf-8", "replace")

    async def release_lease(self, show: str, name: str, holder: str) -> None:
        release: Command = ("EVAL", _RELEASE, 1, lease_key(show, name), holder)
        with suppress(BusUnavailable):  # it ends by itself
            await self._outbox.send(Request(lambda: [release]))

    async def mark(self, key: str, seconds: float) -> bool:
        """True for the first who sets this mark; True too when the server cannot be asked."""
        command: Command = ("SET", key, "1", "NX", "PX", round(seconds * 1_000))
        try:
            return await self._outbox.send(Request(lambda: [command])) is not None
        except BusUnavailable:
            return True
