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

from libs.worker.problems import CannotRun

Result = TypeVar("Result")

MIGRATIONS = Path(__file__).parent / "migrations"

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

    async def open(self) -> None:
        """Raises `DatabaseTooNew`, or `sqlite3.Error` when the folder cannot be written."""
        await self._in_thread(self._open)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """`work(connection)` in one transaction: all of it is kept, or nothing."""
        return await self._in_thread(lambda: self._transact(work))

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
            with contextlib.closing(sqlite3.connect(target)) as copied:
                self._connection.backup(copied)
            return target

        return await self._in_thread(copy)

    async def wipe(self) -> None:
        """What was deleted is gone from the log file beside the database too."""

        def checkpoint() -> None:
            assert self._connection is not None, "the database is not open"
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

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
            connection.execute("PRAGMA busy_timeout = 2000")
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
