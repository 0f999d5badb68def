"""What a Redis server keeps, as plain objects: for one process, and gone with it."""

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from libs.bus.codec import Fields

EntryId = tuple[int, int]

#: Trimming takes off this many entries at a time, as the real servers do with `MAXLEN ~`.
_TRIM_STEP = 100
#: Messages that wait for a slow live listener; the oldest go first.
_LIVE_BACKLOG = 1_000


@dataclass
class Pending:
    consumer: str
    handed_at: float
    deliveries: int


@dataclass
class Group:
    last: EntryId = (0, 0)
    pending: dict[EntryId, Pending] = field(default_factory=dict)
    read_at: dict[str, float] = field(default_factory=dict)
    """When each consumer asked last for new entries."""


@dataclass
class Stream:
    ids: list[EntryId] = field(default_factory=list)
    entries: dict[EntryId, Fields] = field(default_factory=dict)
    last: EntryId = (0, 0)
    groups: dict[str, Group] = field(default_factory=dict)

    def after(self, entry_id: EntryId, count: int) -> list[EntryId]:
        start = bisect_right(self.ids, entry_id)
        return self.ids[start : start + count]

    def trim(self, maximum: int) -> None:
        if len(self.ids) < maximum + _TRIM_STEP:
            return
        gone = len(self.ids) - maximum
        for entry_id in self.ids[:gone]:
            del self.entries[entry_id]
        del self.ids[:gone]


class LiveListener:
    """One listener on pub/sub channels; loses the oldest messages when it is slow."""

    def __init__(self, channels: Iterable[str]) -> None:
        self.channels = frozenset(channels)
        self.messages: deque[tuple[str, bytes]] = deque(maxlen=_LIVE_BACKLOG)
        self.arrived = asyncio.Event()


class MemoryServer:
    """The shared store behind every `MemoryBus` of a process.

    Promises the semantics that the readers need of Redis Streams: entries in order, groups with
    pending lists and delivery counts, approximate trimming, values that expire, pub/sub. All calls
    are immediate; they belong to one event loop.
    """

    def __init__(self) -> None:
        self._streams: dict[str, Stream] = {}
        self._values: dict[str, tuple[bytes, float | None]] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._listeners: set[LiveListener] = set()

    # Streams -----------------------------------------------------------------------------------

    def stream(self, key: str) -> Stream:
        return self._streams.setdefault(key, Stream())

    def append(self, key: str, fields: Fields, maximum: int) -> str:
        stream = self.stream(key)
        milliseconds = time.time_ns() // 1_000_000
        last_ms, last_number = stream.last
        stream.last = (milliseconds, 0) if milliseconds > last_ms else (last_ms, last_number + 1)
        stream.ids.append(stream.last)
        stream.entries[stream.last] = fields
        if maximum:
            stream.trim(maximum)
        for event in self._waiting.get(key, ()):
            event.set()
        return text_of(stream.last)

    def remove(self, key: str, entry_id: str) -> bool:
        stream, parsed = self.stream(key), id_of(entry_id)
        if stream.entries.pop(parsed, None) is None:
            return False
        stream.ids.remove(parsed)
        return True

    def newest(self, key: str, count: int) -> list[tuple[str, Fields]]:
        """Newest first."""
        stream = self.stream(key)
        return [(text_of(i), stream.entries[i]) for i in reversed(stream.ids[-count:])]

    def entry(self, key: str, entry_id: str) -> Fields | None:
        return self.stream(key).entries.get(id_of(entry_id))

    def delete(self, key: str) -> None:
        """The whole stream with its groups."""
        self._streams.pop(key, None)

    def watch(self, keys: Sequence[str], event: asyncio.Event) -> None:
        for key in keys:
            self._waiting.setdefault(key, set()).add(event)

    def unwatch(self, keys: Sequence[str], event: asyncio.Event) -> None:
        for key in keys:
            self._waiting.get(key, set()).discard(event)

    # Values ------------------------------------------------------------------------------------

    def set_value(self, key: str, value: bytes, ttl_seconds: float | None = None) -> None:
        ends_at = None if ttl_seconds is None else _now() + ttl_seconds
        self._values[key] = (value, ends_at)
        self._forget_expired()

    def value(self, key: str) -> bytes | None:
        self._forget_expired()
        found = self._values.get(key)
        return found[0] if found else None

    def delete_value(self, key: str) -> None:
        self._values.pop(key, None)

    def _forget_expired(self) -> None:
        now = _now()
        over = [key for key, (_, end) in self._values.items() if end is not None and end <= now]
        for key in over:
            del self._values[key]

    # Pub/sub -----------------------------------------------------------------------------------

    def listen(self, listener: LiveListener) -> None:
        self._listeners.add(listener)

    def stop_listening(self, listener: LiveListener) -> None:
        self._listeners.discard(listener)

    def send(self, channel: str, message: bytes) -> None:
        for listener in self._listeners:
            if channel in listener.channels:
                listener.messages.append((channel, message))
                listener.arrived.set()


def id_of(text: str) -> EntryId:
    """The entry id in `milliseconds-number`; (0, 0), which is no entry's, for anything else."""
    milliseconds, _, number = text.partition("-")
    if not milliseconds.isdecimal() or not (number or "0").isdecimal():
        return (0, 0)
    return int(milliseconds), int(number or 0)


def text_of(entry_id: EntryId) -> str:
    return f"{entry_id[0]}-{entry_id[1]}"


def _now() -> float:
    return asyncio.get_running_loop().time()
