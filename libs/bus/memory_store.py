"""A reader's view of the memory server."""

import asyncio
from collections.abc import Mapping, Sequence

from libs.bus.memory_server import Group, MemoryServer, Pending, id_of, text_of
from libs.bus.stream_store import (
    GONE_AFTER_SECONDS,
    GroupLost,
    LeftOver,
    StoredEntry,
    Unfinished,
)


class MemoryStreamStore:
    """Keeps the `StreamStore` contract over a `MemoryServer`."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server
        self._woken = asyncio.Event()

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def wake(self) -> None:
        self._woken.set()

    async def create_group(self, key: str, group: str) -> None:
        self._server.stream(key).groups.setdefault(group, Group())

    async def read_new(
        self, keys: Sequence[str], group: str, consumer: str, count: int, wait_seconds: float
    ) -> list[StoredEntry]:
        entries = self._take_new(keys, group, consumer, count)
        if not entries:
            await self._wait(keys, wait_seconds)
            entries = self._take_new(keys, group, consumer, count)
        return entries

    def _take_new(
        self, keys: Sequence[str], group: str, consumer: str, count: int
    ) -> list[StoredEntry]:
        taken = []
        for key in keys:
            stream, state = self._server.stream(key), self._group(key, group)
            state.read_at[consumer] = _now()
            for entry_id in stream.after(state.last, count):
                state.last = entry_id
                state.pending[entry_id] = Pending(consumer, _now(), 1)
                taken.append(StoredEntry(key, text_of(entry_id), stream.entries[entry_id]))
        return taken

    async def read_own(self, key: str, group: str, consumer: str, after: str) -> StoredEntry | None:
        for entry_id, pending in sorted(self._group(key, group).pending.items()):
            if entry_id > id_of(after) and pending.consumer == consumer:
                pending.handed_at = _now()
                pending.deliveries += 1
                fields = self._server.stream(key).entries.get(entry_id)
                return StoredEntry(key, text_of(entry_id), fields)
        return None

    async def read_after(
        self, cursors: Mapping[str, str], count: int, wait_seconds: float
    ) -> list[StoredEntry]:
        entries = self._stored_after(cursors, count)
        if not entries:
            await self._wait(list(cursors), wait_seconds)
            entries = self._stored_after(cursors, count)
        return entries

    def _stored_after(self, cursors: Mapping[str, str], count: int) -> list[StoredEntry]:
        found = []
        for key, cursor in cursors.items():
            stream = self._server.stream(key)
            for entry_id in stream.after(id_of(cursor), count):
                found.append(StoredEntry(key, text_of(entry_id), stream.entries[entry_id]))
        return found

    async def left_over(
        self, keys: Sequence[str], group: str, consumer: str, idle_seconds: float, count: int
    ) -> LeftOver:
        limit = _now() - idle_seconds
        entries = [
            Unfinished(key, text_of(entry_id), pending.consumer, pending.deliveries)
            for key in keys
            for entry_id, pending in sorted(self._group(key, group).pending.items())
            if pending.handed_at <= limit
        ]
        groups = [self._group(key, group) for key in keys]
        return LeftOver(entries[:count], all(_is_quiet(state, consumer) for state in groups))

    async def unfinished(self, key: str, group: str, entry_id: str) -> Unfinished | None:
        pending = self._group(key, group).pending.get(id_of(entry_id))
        if pending is None:
            return None
        return Unfinished(key, entry_id, pending.consumer, pending.deliveries)

    async def claim(
        self, key: str, group: str, consumer: str, idle_seconds: float, entry_id: str
    ) -> StoredEntry | None:
        pending = self._group(key, group).pending.get(id_of(entry_id))
        if pending is None or pending.handed_at > _now() - idle_seconds:
            return None
        pending.consumer = consumer
        pending.handed_at = _now()
        pending.deliveries += 1
        return StoredEntry(key, entry_id, self._server.entry(key, entry_id))

    async def renew(self, key: str, group: str, consumer: str, entry_id: str) -> None:
        pending = self._group(key, group).pending.get(id_of(entry_id))
        if pending is not None:
            pending.consumer = consumer
            pending.handed_at = _now()

    async def acknowledge(self, key: str, group: str, entry_id: str) -> None:
        state = self._server.stream(key).groups.get(group)
        if state is not None:
            state.pending.pop(id_of(entry_id), None)

    def _group(self, key: str, group: str) -> Group:
        state = self._server.stream(key).groups.get(group)
        if state is None:
            raise GroupLost(f"group {group} of {key} is gone")
        return state

    async def _wait(self, keys: Sequence[str], seconds: float) -> None:
        self._server.watch(keys, self._woken)
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        finally:
            self._server.unwatch(keys, self._woken)
            self._woken.clear()


def _is_quiet(state: Group, consumer: str) -> bool:
    limit = _now() - GONE_AFTER_SECONDS
    others = (at for name, at in state.read_at.items() if name != consumer)
    return not state.pending and all(at <= limit for at in others)


def _now() -> float:
    return asyncio.get_running_loop().time()
