"""The bus: what a worker may ask of it, whichever server is behind it.

Two implementations keep this contract and pass one behaviour suite (`tests/bus`): `redis_streams`
(Redis or Valkey) and `memory` (one process).
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from libs.contracts.envelope import Event
from libs.contracts.streams import StreamClass, Topic


class BusError(Exception):
    """Something the bus cannot do."""


class BusUnavailable(BusError):
    """The server cannot be reached now."""


class ServerUnsuitable(BusError):
    """The server would lose events (eviction on, read-only, no streams, too old)."""


#: A message that was handed out this often without an acknowledgement goes to the dead letters.
MAXIMUM_DELIVERIES = 3


@dataclass(frozen=True)
class Subscription:
    """What one reader wants to receive.

    All topics of a subscription have one way of delivery:

    * work and facts: `group` and `consumer` are required; entries are acknowledged one by one.
      The consumer name is stable over restarts (`module@host#slot`): what it left unfinished is
      handed to it first.
    * control and audio: no group; every subscriber reads all entries from `look_back_seconds` ago.
    * live: no group; what is published from now on; of it `only` these types, where they are named.

    Raises `ValueError` when the combination makes no sense.
    """

    topics: tuple[Topic, ...]
    show: str
    group: str = ""
    consumer: str = ""
    prefetch: int = 1
    """Entries taken at a time: 1 for slow or crash-prone work, more for bookkeeping."""
    look_back_seconds: float = 0.0
    only: frozenset[str] = frozenset()
    """Wire tags: others are not even decoded. Live topics carry a lot that is for screens."""

    def __post_init__(self) -> None:
        if not self.topics:
            raise ValueError("a subscription needs at least one topic")
        grouped = {t.stream_class in (StreamClass.WORK, StreamClass.FACTS) for t in self.topics}
        live = {t.stream_class is StreamClass.LIVE for t in self.topics}
        if len(grouped) > 1 or len(live) > 1:
            names = ", ".join(t.name for t in self.topics)
            raise ValueError(f"topics with different ways of delivery in one subscription: {names}")
        if self.grouped and not (self.group and self.consumer):
            raise ValueError("work and facts need a group and a consumer name")
        if not self.grouped and self.group:
            raise ValueError("control, audio and live topics are read without a group")
        if self.prefetch < 1:
            raise ValueError("prefetch must be at least 1")

    @property
    def grouped(self) -> bool:
        return self.topics[0].stream_class in (StreamClass.WORK, StreamClass.FACTS)

    @property
    def live(self) -> bool:
        return self.topics[0].stream_class is StreamClass.LIVE


@dataclass(frozen=True)
class Delivery:
    """One entry handed to a reader."""

    event: Event
    topic: Topic
    data: bytes = b""
    """Raw bytes that travelled beside the event (PCM)."""
    entry_id: str = ""
    key: str = ""
    group: str = ""
    consumer: str = ""
    deliveries: int = 1
    """How often this entry was handed out, this time included."""
    age_seconds: float = 0.0
    """By the server's clock, from the moment it was stored to the moment it was read."""
    ttl_seconds: float | None = None
    """How long it was good for when it was stored; None: for ever."""

    @property
    def expired(self) -> bool:
        return self.ttl_seconds is not None and self.age_seconds > self.ttl_seconds


@dataclass(frozen=True)
class StreamDepth:
    """Entries stored, not yet handed to the group, and handed out but not acknowledged."""

    topic: str
    length: int
    lag: int
    pending: int


@dataclass(frozen=True)
class DeadLetter:
    """An entry that could not be dealt with, kept for a person to look at."""

    entry_id: str
    topic: str
    show: str
    tag: str
    reason: str
    deliveries: int
    group: str
    died_at: float
    event_json: str
    data: bytes = field(default=b"", repr=False)


class Bus(Protocol):
    """One worker's connection to the bus.

    `publish` never loses a durable event because the server is away: it goes to an outbox that is
    sent, in order, when the server is back, unless the event expired meanwhile (then it is counted
    and dropped). Live events are dropped at once when the server is away.
    """

    @property
    def connected(self) -> bool: ...

    @property
    def description(self) -> str:
        """What is behind the bus, for people, without secrets: "Valkey 9.1.2 (embedded)"."""
        ...

    @property
    def counters(self) -> Mapping[str, int]:
        """Published, delivered, expired in the outbox, reconnects, reclaimed, dead, unknown."""
        ...

    async def open(self) -> None:
        """Connects and checks the server. Raises `BusUnavailable` or `ServerUnsuitable`."""
        ...

    async def close(self) -> None:
        """Sends what is still in the outbox (up to a second), then closes. Safe to call twice."""
        ...

    async def publish(self, event: Event, data: bytes = b"") -> None:
        """Stores the event on its topic's stream (or sends it, for live topics).

        Stamps `source` when it is empty. Events of one topic published by one worker keep their
        order, also through the outbox.
        """
        ...

    def subscribe(self, subscription: Subscription) -> AsyncGenerator[Delivery, None]:
        """Deliveries until `close` or `stop_reading`; survives loss and return of the server.

        Entries whose type or version is unknown, or that are malformed, are moved to the dead
        letters and counted (on audio and live topics: only counted); the reader is not given them.
        An entry that was handed out more than `MAXIMUM_DELIVERIES` times goes to the dead letters
        too.
        """
        ...

    async def stop_reading(self) -> None:
        """Ends every `subscribe` of this connection at its next return; publishing goes on."""
        ...

    async def acknowledge(self, delivery: Delivery) -> None:
        """The work is done (or refused for good). A no-op for ungrouped deliveries."""
        ...

    async def extend(self, delivery: Delivery) -> None:
        """Still at work: nobody may take this entry over for another second."""
        ...

    async def bury(self, delivery: Delivery, reason: str) -> None:
        """Moves the entry to the dead letters and acknowledges it, in one transaction."""
        ...

    async def set_latch(self, show: str, name: str, value: Mapping[str, Any]) -> None:
        """Keeps a small JSON state (panic, epoch, switches) that new workers read at start.

        While the server is away the newest value is kept and written when it is back.
        """
        ...

    async def latch(self, show: str, name: str) -> dict[str, Any] | None:
        """The state last set under this name; None when there is none or the server is away."""
        ...

    async def set_note(self, name: str, value: Mapping[str, Any], ttl_seconds: float) -> None:
        """A small JSON value that forgets itself: progress of work that another may take over."""
        ...

    async def note(self, name: str) -> dict[str, Any] | None: ...

    async def acquire_lease(
        self, show: str, name: str, holder: str, ttl_seconds: float
    ) -> str | None:
        """Takes or renews the lease. None: it is ours; otherwise the present holder."""
        ...

    async def release_lease(self, show: str, name: str, holder: str) -> None: ...

    async def depth(self, topic: Topic, show: str, group: str) -> StreamDepth: ...

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """Newest first."""
        ...

    async def replay_dead_letter(self, entry_id: str) -> bool:
        """Puts the entry back on its stream, with the same event id and a new delivery budget."""
        ...

    async def discard_dead_letter(self, entry_id: str) -> bool: ...

    async def recent(self, topic: Topic, show: str, limit: int = 100) -> list[Delivery]:
        """The newest stored entries of a stream, oldest first, without consuming them."""
        ...
