"""The dead letters on a Redis-compatible server."""

import logging
from typing import Any

from libs.bus.base import DeadLetter
from libs.bus.codec import Fields
from libs.bus.dead_letters import MAXIMUM_DEAD_LETTERS, dead_fields, dead_letter_of, original_of
from libs.bus.keys import DEAD_LETTERS, mark_key
from libs.bus.outbox import Outbox, Request
from libs.bus.reading import Burial, Reading
from libs.bus.redis_connection import Command, CommandRefused
from libs.bus.redis_values import RedisValues
from libs.bus.stream_store import StoredEntry

#: How long a burial of a control entry is remembered, so that only one reader does it.
_BURIED_SECONDS = 3_600.0
#: How long a replay keeps others from replaying the same letter.
_REPLAY_SECONDS = 10.0

_log = logging.getLogger("kitsu.bus")


class RedisDeadLetters:
    """Promises: an entry is acknowledged and in the dead letters, or neither."""

    def __init__(self, outbox: Outbox, values: RedisValues, reading: Reading) -> None:
        self._outbox = outbox
        self._values = values
        self._reading = reading

    async def bury(self, burial: Burial) -> None:
        """Never fails: what the server refuses to bury stays unfinished and is tried again."""
        try:
            await self._bury(burial)
        except CommandRefused as error:
            self._reading.counters["refused"] += 1
            _log.error("the server refused a dead letter: %s", error)

    async def _bury(self, burial: Burial) -> None:
        key, entry_id, _ = burial.entry
        add = add_command(DEAD_LETTERS, dead_fields(burial), MAXIMUM_DEAD_LETTERS)
        if not burial.group:
            if await self._values.mark(mark_key("buried", f"{key}:{entry_id}"), _BURIED_SECONDS):
                self._reading.counters["dead"] += 1
                await self._outbox.send(Request(lambda: [add], durable=True, size=_size(add)))
            return
        self._reading.counters["dead"] += 1
        reference = (key, burial.group, entry_id)
        self._reading.holdings.finish(reference)
        commands: list[Command] = [
            ("MULTI",),
            add,
            ("XACK", key, burial.group, entry_id),
            ("EXEC",),
        ]
        await self._outbox.send(
            Request(
                lambda: commands,
                durable=True,
                size=_size(add),
                settled=lambda _: self._reading.holdings.forget(reference),
            )
        )

    async def newest(self, limit: int) -> list[DeadLetter]:
        if limit < 1:
            return []
        read: Command = ("XREVRANGE", DEAD_LETTERS, "+", "-", "COUNT", limit)
        rows = await self._outbox.send(Request(lambda: [read]))
        return [dead_letter_of(entry_of(DEAD_LETTERS, row)) for row in rows]

    async def replay(self, entry_id: str) -> bool:
        try:
            rows = await self._call("XRANGE", DEAD_LETTERS, entry_id, entry_id)
        except CommandRefused:
            return False  # not an entry id
        original = original_of(entry_of(DEAD_LETTERS, rows[0])) if rows else None
        if original is None:
            return False
        if not await self._values.mark(mark_key("replay", entry_id), _REPLAY_SECONDS):
            return False
        commands: list[Command] = [
            ("MULTI",),
            add_command(original.key, original.fields, original.maximum_entries),
            ("XDEL", DEAD_LETTERS, entry_id),
            ("EXEC",),
        ]
        await self._outbox.send(Request(lambda: commands))
        return True

    async def discard(self, entry_id: str) -> bool:
        try:
            return bool(await self._call("XDEL", DEAD_LETTERS, entry_id))
        except CommandRefused:
            return False

    async def _call(self, *command: str | int) -> Any:
        return await self._outbox.send(Request(lambda: [command]))


def add_command(key: str, fields: Fields, maximum: int) -> Command:
    """XADD with approximate trimming."""
    command: list[str | bytes | int] = ["XADD", key, "MAXLEN", "~", maximum, "*"]
    for name, value in fields.items():
        command += (name, value)
    return command


def entry_of(key: str, row: Any) -> StoredEntry:
    entry_id, flat = row
    return StoredEntry(key, entry_id.decode(), dict(zip(flat[::2], flat[1::2], strict=True)))


def _size(command: Command) -> int:
    return sum(len(part) for part in command if isinstance(part, bytes))
