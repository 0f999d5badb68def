"""A reader's view of a Redis-compatible server; commands common to Redis 6.2 and Valkey 9."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from libs.bus.base import BusUnavailable
from libs.bus.redis_connection import ANSWER_SECONDS, Command, CommandRefused, RedisConnection
from libs.bus.stream_store import (
    GONE_AFTER_SECONDS,
    GroupLost,
    LeftOver,
    StoredEntry,
    Unfinished,
)


class RedisStreamStore:
    """Keeps the `StreamStore` contract over one connection of its own.

    `unblock` ends the blocked read of a client id over another connection.
    """

    def __init__(self, connection: RedisConnection, unblock: Callable[[int], None]) -> None:
        self._connection = connection
        self._unblock = unblock
        self._client_id = 0

    async def open(self) -> None:
        if not self._connection.is_open:
            await self._connection.reopen()
            self._client_id = int(await self._call("CLIENT", "ID"))

    async def close(self) -> None:
        await self._connection.close()

    async def wake(self) -> None:
        if self._client_id:
            self._unblock(self._client_id)

    async def create_group(self, key: str, group: str) -> None:
        try:
            await self._connection.call("XGROUP", "CREATE", key, group, "0", "MKSTREAM")
        except CommandRefused as error:
            if error.code != "BUSYGROUP":
                _fail(error)

    async def read_new(
        self, keys: Sequence[str], group: str, consumer: str, count: int, wait_seconds: float
    ) -> list[StoredEntry]:
        read: list[str | int] = ["XREADGROUP", "GROUP", group, consumer, "COUNT", count]
        read += ["BLOCK", _milliseconds(wait_seconds), "STREAMS", *keys, *[">"] * len(keys)]
        return _entries(await self._call(*read, seconds=wait_seconds + ANSWER_SECONDS))

    async def read_own(self, key: str, group: str, consumer: str, after: str) -> StoredEntry | None:
        read = ("XREADGROUP", "GROUP", group, consumer, "COUNT", 1, "STREAMS", key, after)
        found = _entries(await self._call(*read))
        return found[0] if found else None

    async def read_after(
        self, cursors: Mapping[str, str], count: int, wait_seconds: float
    ) -> list[StoredEntry]:
        read: list[str | int] = ["XREAD", "COUNT", count, "BLOCK", _milliseconds(wait_seconds)]
        read += ["STREAMS", *cursors, *cursors.values()]
        return _entries(await self._call(*read, seconds=wait_seconds + ANSWER_SECONDS))

    async def left_over(
        self, keys: Sequence[str], group: str, consumer: str, idle_seconds: float, count: int
    ) -> LeftOver:
        idle_ms = _milliseconds(idle_seconds)
        looks: list[Command] = [
            ("XPENDING", key, group, "IDLE", idle_ms, "-", "+", count) for key in keys
        ]
        looks += [("XINFO", "CONSUMERS", key, group) for key in keys]
        replies = await self._connection.exchange(looks)
        for reply in replies:
            if isinstance(reply, CommandRefused):
                _fail(reply)
        left = zip(keys, replies[: len(keys)], strict=True)
        entries = [_unfinished(key, row) for key, rows in left for row in rows]
        consumers = (row for rows in replies[len(keys) :] for row in rows)
        return LeftOver(entries[:count], all(_is_quiet(row, consumer) for row in consumers))

    async def unfinished(self, key: str, group: str, entry_id: str) -> Unfinished | None:
        rows = await self._call("XPENDING", key, group, entry_id, entry_id, 1)
        return _unfinished(key, rows[0]) if rows else None

    async def claim(
        self, key: str, group: str, consumer: str, idle_seconds: float, entry_id: str
    ) -> StoredEntry | None:
        idle_ms = _milliseconds(idle_seconds)
        rows = await self._call("XCLAIM", key, group, consumer, idle_ms, entry_id)
        if not rows:
            return None
        # Redis 6.2 answers nil for an entry that was trimmed away and keeps its name as pending.
        return _entry(key, rows[0]) if rows[0] else StoredEntry(key, entry_id, None)

    async def renew(self, key: str, group: str, consumer: str, entry_id: str) -> None:
        await self._call("XCLAIM", key, group, consumer, 0, entry_id, "JUSTID")

    async def acknowledge(self, key: str, group: str, entry_id: str) -> None:
        await self._call("XACK", key, group, entry_id)

    async def _call(self, *command: str | int, seconds: float = ANSWER_SECONDS) -> Any:
        try:
            return await self._connection.call(*command, seconds=seconds)
        except CommandRefused as error:
            _fail(error)


def _fail(error: CommandRefused) -> NoReturn:
    if error.code == "NOGROUP":
        raise GroupLost(str(error)) from None
    raise BusUnavailable(f"the server refused to read: {error}") from None


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1_000))  # BLOCK 0 would wait for ever


def _entries(reply: Any) -> list[StoredEntry]:
    return [_entry(key.decode(), row) for key, rows in reply or () for row in rows]


def _entry(key: str, row: Any) -> StoredEntry:
    entry_id, flat = row
    fields = None if flat is None else dict(zip(flat[::2], flat[1::2], strict=True))
    return StoredEntry(key, entry_id.decode(), fields)


def _is_quiet(row: Any, consumer: str) -> bool:
    """Whether this row of `XINFO CONSUMERS` holds nothing, and is `consumer` or of who is gone.

    Before Redis 7.2 who finds nothing to read counts as gone.
    """
    facts = dict(zip(row[::2], row[1::2], strict=True))
    gone = facts[b"name"] == consumer.encode() or facts[b"idle"] >= GONE_AFTER_SECONDS * 1_000
    return bool(gone and facts[b"pending"] == 0)


def _unfinished(key: str, row: Any) -> Unfinished:
    entry_id, consumer, _, deliveries = row
    return Unfinished(key, entry_id.decode(), consumer.decode("utf-8", "replace"), int(deliveries))
