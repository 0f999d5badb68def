"""One SQLite file on one thread: WAL, numbered migrations, a damaged file moved aside."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from apps.orchestrator.memory.late_writes import LateWrites, cannot_now
from libs.worker.problems import CannotRun

Result = TypeVar("Result")

MIGRATIONS = Path(__file__).parent / "migrations"

#: How long a write waits for another program that has the file locked.
LOCK_WAIT_MS = 2_000
#: The same while it is known to be locked: the thread is wanted for looking things up.
SHORT_LOCK_WAIT_MS = 50

log = logging.getLogger("kitsu.orchestrator.memory")


class DatabaseTooNew(CannotRun):
    """The file was written by a newer Kitsu; it is left untouched."""


class Database:
    """Runs functions on the connection, each in a transaction, one after the other.

    Promises: a file that SQLite cannot read is renamed, never overwritten or deleted, and
    `moved_aside` then holds its new path; the event loop never waits for a disk.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="memory")
        self._connection: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self.moved_aside: Path | None = None
        self.late = LateWrites(lambda work: self.run(work))

    async def open(self) -> None:
        """Raises `DatabaseTooNew`, or `sqlite3.Error` when the folder cannot be written."""
        await self._in_thread(self._open)

    async def close(self) -> None:
        await self.catch_up()
        if self.late:
            log.error("%s changes could not be written: %s", len(self.late), self.late.trouble)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """`work(connection)` in one transaction: all of it is kept, or nothing."""
        return await self._in_thread(lambda: self._transact(work))

    async def keep(self, work: Callable[[sqlite3.Connection], Result]) -> bool:
        """`run`, now or as soon as the disk takes it, in order. True when it is done already.

        For what must not be lost and nobody waits for: the show goes on with a full disk.
        """
        return await self.late.keep(work)

    async def catch_up(self) -> None:
        """Does what had to wait, if it can be done now."""
        if self.late and self._connection is not None:
            await self._lock_wait(SHORT_LOCK_WAIT_MS)
            try:
                await self.late.catch_up()
            finally:
                await self._lock_wait(LOCK_WAIT_MS)

    async def look(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """`work(connection)` that only reads: it needs no lock, whoever is writing."""

        def looked() -> Result:
            assert self._connection is not None, "the database is not open"
            with self._connection:
                self._connection.execute("BEGIN")
                return work(self._connection)

        return await self._in_thread(looked)

    async def _lock_wait(self, milliseconds: int) -> None:
        def change() -> None:
            assert self._connection is not None, "the database is not open"
            self._connection.execute(f"PRAGMA busy_timeout = {milliseconds}")

        await self._in_thread(change)

    def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """`work(connection)` at once, in the caller's thread, on a connection that cannot write.

        For small lookups that cannot wait for the writer's turn; it sees what is committed.
        """
        if self._reader is None:
            self._reader = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)
            self._reader.row_factory = sqlite3.Row
        return work(self._reader)

    async def backup(self, name: str) -> Path:
        """Copies the whole database to `backups/<name>` beside it, while it is in use."""
        target = self._path.parent / "backups" / name

        def copy() -> Path:
            assert self._connection is not None, "the database is not open"
            target.parent.mkdir(exist_ok=True)
            unfinished = target.with_name(f"{name}.part")
            try:
                with contextlib.closing(sqlite3.connect(unfinished)) as copied:
                    self._connection.backup(copied)
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)
            return target

        return await self._in_thread(copy)

    async def wipe(self) -> None:
        """What was deleted is gone from the log file beside the database too."""

        def checkpoint() -> None:
            assert self._connection is not None, "the database is not open"
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.OperationalError as error:
                if not cannot_now(error):
                    raise

        await self._in_thread(checkpoint)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _transact(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        assert self._connection is not None, "the database is not open"
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            return work(self._connection)

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # locked, full, not writable: the file itself may be whole
            self._move_aside(error)
            self._connection = self._connect()
        self._migrate(self._connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            self._refuse_newer(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA recursive_triggers = ON")  # rows that REPLACE removes, too
            connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_MS}")
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(found)  # noqa: TRY301 - one way out for both
        except BaseException:
            connection.close()
            raise
        return connection

    def _refuse_newer(self, connection: sqlite3.Connection) -> None:
        """Before anything is written: a newer file must stay as it is."""
        found, newest = _schema(connection), int(_migrations()[-1].name[:4])
        if found > newest:
            raise DatabaseTooNew(
                f"{self._path} was written by a newer Kitsu (schema {found}, this one knows "
                f"{newest}): update Kitsu, or set KITSU_DATA_DIR to another folder"
            )

    def _move_aside(self, error: Exception) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = self._path.with_name(f"{self._path.name}.damaged-{stamp}")
        for suffix in ("", "-wal", "-shm"):
            part = self._path.with_name(self._path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        self.moved_aside = aside
        log.error("the memory file is damaged (%s): kept as %s, a new one was begun", error, aside)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        done = _schema(connection)
        for file in _migrations():
            number = int(file.name[:4])
            if number > done:
                sql = file.read_text("utf-8")
                connection.executescript(f"BEGIN; {sql} PRAGMA user_version = {number}; COMMIT;")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _schema(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrations() -> list[Path]:
    """The numbered files, in order."""
    return sorted(MIGRATIONS.glob("[0-9][0-9][0-9][0-9]_*.sql"))
