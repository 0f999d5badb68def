"""Writes that the disk would not take when they came: done later, in order."""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger("kitsu.orchestrator.memory")

Work = Callable[[sqlite3.Connection], Any]

#: So many wait, at most; of more, the oldest are lost, and that is said.
MOST_WAITING = 2_000

#: SQLite's primary result codes for a file that is whole but cannot be written now, and the step
#: that mends it. (https://www.sqlite.org/rescode.html)
_NOT_NOW = {
    sqlite3.SQLITE_BUSY: "another program keeps it locked: close that program",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked: close that program",
    sqlite3.SQLITE_READONLY: "it is read-only: make the data folder yours",
    sqlite3.SQLITE_IOERR: "the disk reports errors: look after the disk",
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened: look after the data folder",
}


def cannot_now(error: sqlite3.Error) -> str:
    """Why the file cannot be written now and what mends it; empty when that is not the matter."""
    return _NOT_NOW.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")


class LateWrites:
    """Promises: a work that the disk refuses waits, and those that come after it behind it, until
    `catch_up` finds the disk willing. Nobody has to wait.

    Whoever needs an order awaits one `keep` before the next.
    """

    def __init__(self, attempt: Callable[[Work], Awaitable[Any]]) -> None:
        self._attempt = attempt
        self._waiting: deque[Work] = deque()
        self._catching_up = asyncio.Lock()
        self.lost = 0
        self.trouble = ""
        """Why nothing can be written now; empty: all is well."""
        self.when_changed: Callable[[], None] = lambda: None
        """Called when trouble begins and when it is over."""

    def __len__(self) -> int:
        return len(self._waiting)

    async def keep(self, work: Work) -> bool:
        """True when it is done already. Raises what `work` raises, but for a disk that cannot."""
        if not self._waiting:
            try:
                await self._attempt(work)
            except sqlite3.OperationalError as error:
                if not cannot_now(error):
                    raise
                self._begin_trouble(error)
            else:
                return True
        self._put_by(work)
        return False

    async def catch_up(self) -> None:
        """Does what waits, as far as the disk takes it."""
        async with self._catching_up:
            while self._waiting:
                work = self._waiting[0]
                try:
                    await self._attempt(work)
                except sqlite3.Error as error:
                    if cannot_now(error):
                        return
                    log.exception("a late write failed for good")
                if self._waiting and self._waiting[0] is work:
                    self._waiting.popleft()
        if self.trouble:
            log.info("the memory is written again")
            self.trouble = ""
            self.when_changed()

    def _put_by(self, work: Work) -> None:
        self._waiting.append(work)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.lost += 1

    def _begin_trouble(self, error: sqlite3.Error) -> None:
        if not self.trouble:
            self.trouble = cannot_now(error)
            log.error("the memory cannot be written now (%s)", error)
            self.when_changed()
