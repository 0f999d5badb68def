"""What the readers need of a server: the few stream operations both servers can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from libs.bus.base import BusError
from libs.bus.codec import Fields

#: Who has not read for this long is gone, or finds out when it reads again.
GONE_AFTER_SECONDS = 10.0


class GroupLost(BusError):
    """The stream or its group is gone (a server that lost its data)."""


class StoredEntry(NamedTuple):
    """`fields` is None when the entry itself was trimmed away and only its name is left."""

    key: str
    entry_id: str
    fields: Fields | None

    @property
    def stored_at(self) -> float:
        """Seconds since the Unix epoch on the server's clock."""
        return int(self.entry_id.partition("-")[0]) / 1_000


@dataclass(frozen=True)
class Unfinished:
    """An entry that was handed out and not acknowledged."""

    key: str
    entry_id: str
    consumer: str
    deliveries: int


class LeftOver(NamedTuple):
    """What was left lying for a while, oldest first. `quiet`: nobody of the group holds an entry,
    and nobody else read lately, so that nothing will be left soon."""

    entries: list[Unfinished]
    quiet: bool


class StreamStore(Protocol):
    """One reader's connection. Each call may raise `BusUnavailable`; then `open` again.

    `wait_seconds` is how long a read waits for entries; it also ends early after `wake`.
    """

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def wake(self) -> None:
        """Ends a read that is waiting, from another task, without cancelling it."""
        ...

    async def create_group(self, key: str, group: str) -> None:
        """At the start of the stream; makes the stream too; nothing when the group exists."""
        ...

    async def read_new(
        self, keys: Sequence[str], group: str, consumer: str, count: int, wait_seconds: float
    ) -> list[StoredEntry]:
        """Entries nobody of the group was given yet. Raises `GroupLost`."""
        ...

    async def read_own(self, key: str, group: str, consumer: str, after: str) -> StoredEntry | None:
        """Hands this consumer its next unfinished entry once more (counts as a delivery)."""
        ...

    async def read_after(
        self, cursors: Mapping[str, str], count: int, wait_seconds: float
    ) -> list[StoredEntry]: ...

    async def left_over(
        self, keys: Sequence[str], group: str, consumer: str, idle_seconds: float, count: int
    ) -> LeftOver:
        """What was left lying that long, as this consumer sees it. Raises `GroupLost`."""
        ...

    async def unfinished(self, key: str, group: str, entry_id: str) -> Unfinished | None: ...

    async def claim(
        self, key: str, group: str, consumer: str, idle_seconds: float, entry_id: str
    ) -> StoredEntry | None:
        """Takes one entry over if it is still idle that long (counts as a delivery)."""
        ...

    async def renew(self, key: str, group: str, consumer: str, entry_id: str) -> None:
        """The entry counts as freshly handed to this consumer; its deliveries stay."""
        ...

    async def acknowledge(self, key: str, group: str, entry_id: str) -> None: ...
