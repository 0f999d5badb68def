"""The memory's file locked by another program, or its disk full: the show goes on, and says so."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.orchestrator.memory import late_writes, records
from apps.orchestrator.memory.late_writes import LateWrites
from apps.orchestrator.panel.protocol import IncidentMessage
from libs.contracts.conversation import InputSkipped, TurnCommitted
from libs.contracts.timing import TurnTimed
from libs.worker.runtime import running
from tests.orchestrator.stand import Stand
from tests.worker.test_runtime import until

LOCKER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
#: Larger than what is free in the pages that are there already.
LONG = "a long story, " * 29 + "the end"
NO_LIMIT = 2**30


@pytest.fixture
async def show(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    monkeypatch.setattr("apps.orchestrator.memory.database.LOCK_WAIT_MS", 300)
    monkeypatch.setattr("apps.orchestrator.housekeeping.HOUSEKEEPING_SECONDS", 0.2)
    async with running(stand.worker, stand.worker.bus):
        yield stand


@contextlib.contextmanager
def locked(show: Stand) -> Iterator[None]:
    """Another process has the file locked for writing."""
    path = show.settings.kitsu_data_dir / "memory" / "kitsu.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"locked"
        try:
            yield
        finally:
            other.kill()


@contextlib.asynccontextmanager
async def full(show: Stand) -> AsyncIterator[None]:
    """The file cannot grow."""

    def limit(pages: int) -> Any:
        return lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    used = await show.worker.database.look(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await show.worker.database.look(limit(used))
    try:
        yield
    finally:
        await show.worker.database.look(limit(NO_LIMIT))


async def talks(show: Stand, text: str) -> TurnCommitted:
    await show.post("/ingest/chat", {"author": "ann", "text": text})
    turn = await show.committed(text)
    await show.play(turn, f"You said: {text[:40]}")
    timed = await show.next(TurnTimed, lambda event: event.turn_id == turn.turn_id)
    assert timed.outcome == "completed"
    return turn


async def said(show: Stand) -> list[str]:
    lines = await show.worker.database.look(lambda db: records.history(db, 1_000))
    return [line.text for line in lines if line.speaker == "viewer"]


async def written_again(show: Stand) -> list[str]:
    """Kinds of the incidents, once all that waited is written."""
    await until(lambda: not show.worker.database.late.trouble)
    await until(lambda: not show.worker.database.late)
    return [incident["kind"] for incident in (await show.get("/incidents"))["incidents"]]


async def test_turns_go_on_while_another_program_has_the_file_locked(show: Stand) -> None:
    await talks(show, "before")
    with locked(show):
        for text in ("my cat is called Miso", "second", "third"):
            await talks(show, text)
        assert "another program" in show.worker.database.late.trouble
        assert (await show.get("/memory"))["messages"] == 2
        status = show.worker.health()
        assert (status.state, "locked" in status.detail) == ("degraded", True)
    kinds = await written_again(show)
    assert kinds[:2] == ["memory_written_again", "memory_not_written"]
    assert await said(show) == ["before", "my cat is called Miso", "second", "third"]
    turns = (await show.get("/telemetry/turns"))["turns"]
    assert {turn["outcome"] for turn in turns} == {"completed"}
    assert [fact["text"] for fact in (await show.get("/memory"))["facts"]] == [
        "my cat is called Miso"
    ]


async def test_turns_go_on_while_the_disk_is_full(show: Stand) -> None:
    await talks(show, "before")
    lines = [f"{number} {LONG}" for number in range(12)]
    panel = show.worker.screens.open()
    async with full(show):
        for text in lines:
            await talks(show, text)
        assert "disk is full" in show.worker.database.late.trouble
        shown = [message for message in await panel.batch() if isinstance(message, IncidentMessage)]
        assert ["disk is full" in message.incident.message for message in shown] == [True]
    assert (await written_again(show))[:2] == ["memory_written_again", "memory_not_written"]
    assert await said(show) == ["before", *lines]


async def test_what_people_order_meanwhile_is_refused_or_done_later(show: Stand) -> None:
    await talks(show, "my cat is called Miso")
    (viewer,) = (await show.get("/memory/viewers"))["viewers"]
    with locked(show):
        await show.post("/ingest/chat", {"author": "bob", "text": "open"})
        await show.committed("open")
        await until(lambda: show.worker.database.late.trouble)
        refused = await show.request("POST", "/memory/facts", {"text": "friday"})
        assert (refused.status_code, refused.json()["code"]) == (503, "not_written")
        pending = await show.request("DELETE", f"/memory/viewers/{viewer['viewer_id']}")
        assert pending.json()["pending"] is True
        await show.post("/panic")
        await show.post("/ingest/chat", {"text": "in panic"})
        await show.next(InputSkipped, lambda event: event.text == "in panic")
        await show.post("/panic/release")
    await written_again(show)
    known = [one["name"] for one in (await show.get("/memory/viewers"))["viewers"]]
    assert "ann" not in known
    assert (await show.get("/memory"))["facts"] == []


async def test_a_backup_that_does_not_fit_leaves_no_piece_behind(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = show.settings.kitsu_data_dir / "memory" / "backups"
    connect = sqlite3.connect

    def onto_a_full_disk(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 2")
        return connection

    monkeypatch.setattr(sqlite3, "connect", onto_a_full_disk)
    answer = await show.request("POST", "/memory/backup")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_written")
    assert list(folder.iterdir()) == []


# The waiting writes themselves --------------------------------------------------------------------


class Disk:
    """Does what it is given, unless it is told not to."""

    def __init__(self) -> None:
        self.error: sqlite3.Error | None = None
        self.done: list[Any] = []

    async def attempt(self, work: Any) -> Any:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.done.append(work(None))


def error_of(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    return error


async def test_what_waits_is_done_in_order_and_the_trouble_is_told_once() -> None:
    disk = Disk()
    late = LateWrites(disk.attempt)
    changes: list[str] = []
    late.when_changed = lambda: changes.append(late.trouble)
    assert await late.keep(lambda db: 0)
    disk.error = error_of(sqlite3.SQLITE_FULL)
    for number in range(1, 4):
        assert not await late.keep(lambda db, n=number: n)  # type: ignore[misc]
    await late.catch_up()
    assert (disk.done, len(changes)) == ([0], 1)
    disk.error = None
    assert not await late.keep(lambda db: 4), "it must not overtake"
    await late.catch_up()
    assert disk.done == [0, 1, 2, 3, 4]
    assert changes[-1] == ""


async def test_of_too_many_the_oldest_are_lost_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_writes, "MOST_WAITING", 3)
    disk = Disk()
    late = LateWrites(disk.attempt)
    disk.error = error_of(sqlite3.SQLITE_FULL)
    for number in range(5):
        await late.keep(lambda db, n=number: n)  # type: ignore[misc]
    disk.error = None
    await late.catch_up()
    assert (disk.done, late.lost) == ([2, 3, 4], 2)


async def test_what_is_no_matter_of_the_disk_is_raised_and_stops_nothing_later() -> None:
    disk = Disk()
    late = LateWrites(disk.attempt)
    disk.error = error_of(sqlite3.SQLITE_ERROR)
    with pytest.raises(sqlite3.OperationalError):
        await late.keep(lambda db: 1)
    disk.error = error_of(sqlite3.SQLITE_BUSY)
    await late.keep(_broken)
    await late.keep(lambda db: 2)
    disk.error = None
    await late.catch_up()
    assert disk.done == [2]


def _broken(db: sqlite3.Connection) -> None:
    raise sqlite3.IntegrityError("this one can never be done")


async def test_the_files_of_a_show_that_ended_are_whole(tmp_path: Path) -> None:
    """What waited when the show was ended in good order is on disk."""
    stand = Stand(tmp_path)
    await stand.bus.open()
    async with running(stand.worker, stand.worker.bus):
        stand.worker.database.late._waiting.append(
            lambda db: records.set_setting(db, "epoch", 4711)
        )
    await stand.bus.close()
    kept = sqlite3.connect(tmp_path / "memory" / "kitsu.sqlite")
    assert kept.execute("SELECT value FROM setting WHERE name = 'epoch'").fetchone() == ("4711",)
    kept.close()
