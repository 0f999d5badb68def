"""A recorded chat log as a platform: for demonstrations, rehearsals and for tuning rules."""

import asyncio
import io
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from apps.twitch_ingest.engines.base import (
    Alert,
    Banned,
    Capabilities,
    Cleared,
    Deleted,
    Gap,
    Message,
    PlatformEvent,
    PlatformHealth,
    Redeemed,
    SendRefused,
    Tell,
)
from libs.contracts.chat import AlertKind
from libs.contracts.chat_log import ChatLogLine
from libs.contracts.health import ModuleState
from libs.contracts.identity import new_id
from libs.contracts.people import Author, Role
from libs.safety import clean_chat
from libs.telemetry import clock

#: A line of a log is some hundred bytes; a longer one is skipped without being kept.
LONGEST_LINE_BYTES = 16_384
#: Lines that are read and understood at a time, beside the event loop.
BATCH_LINES = 200
#: So many wrong lines are told by number; all are counted.
TOLD_BAD_LINES = 20

_CAPABILITIES = Capabilities(can_send=False, has_roles=True, has_deletions=True)


class ReplayError(ValueError):
    """The log cannot be played; the message says why."""


@dataclass
class Progress:
    """How far a replay is. Bytes, because a log is not read before it is played."""

    size: int = 0
    read: int = 0
    lines: int = 0
    told: int = 0
    bad: int = 0
    finished: bool = False

    @property
    def percent(self) -> float:
        return 100.0 if self.finished else min(100.0, 100 * self.read / max(1, self.size))


@dataclass(frozen=True)
class _Numbered:
    number: int
    line: ChatLogLine | None
    """None: it cannot be understood."""
    read: int
    """Bytes from the beginning of the file to its end."""


class ReplayPlatform:
    """Plays one log once: what it tells is as fresh as if it were written now.

    Promises: the file is never in memory as a whole; a line that cannot be understood is skipped
    and told by its number; two replays of one log are two different chats, and their viewers are
    not those of the channel (what they are remembered by, or asked to forget, is their own).
    Commands count, with the roles that the log gives: a rehearsed panic is a panic.
    """

    name = "replay"

    def __init__(self, path: Path, speed: float = 1.0) -> None:
        """`speed`: how many times as fast as it was written; 0: as fast as it is taken."""
        self.path = path
        self._speed = speed
        self._run = new_id()[-12:]
        self._trouble = ""
        self.progress = Progress()
        self.bad_lines: list[int] = []

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    @property
    def is_moderator(self) -> bool:
        return False

    async def run(self, tell: Tell) -> None:
        try:
            await self.play(tell)
        except ReplayError as problem:
            self._trouble = str(problem)
        await asyncio.Event().wait()

    async def play(self, tell: Tell) -> None:
        """Returns at its end. Raises `ReplayError` when there is nothing to play."""
        reader, opened = _LogReader(self.path), False
        try:
            self.progress.size = await asyncio.to_thread(reader.open)
            opened = True
            began = asyncio.get_running_loop().time()
            while batch := await asyncio.to_thread(reader.batch):
                for numbered in batch:
                    await self._play_line(numbered, began, tell)
                await asyncio.sleep(0)
        except OSError as problem:
            what = "broke off" if opened else "cannot be read"
            why = problem.strerror or type(problem).__name__
            raise ReplayError(f"{self.path.name} {what}: {why}") from None
        finally:
            reader.close()
        self.progress.finished = True

    async def send(self, text: str, reply_to: str = "") -> None:
        raise SendRefused("cannot_send", "Nobody reads what is written to a recorded chat.")

    def health(self) -> PlatformHealth:
        progress = self.progress
        if self._trouble:
            return PlatformHealth(ModuleState.DEGRADED, self._trouble, self.name)
        done = f"{progress.percent:.0f} %, {progress.told} told"
        bad = f", {progress.bad} lines could not be read" if progress.bad else ""
        where = "is over" if progress.finished else "plays"
        return PlatformHealth(
            ModuleState.READY, f"{self.path.name} {where}: {done}{bad}", self.name
        )

    async def _play_line(self, numbered: _Numbered, began: float, tell: Tell) -> None:
        progress = self.progress
        progress.lines, progress.read = numbered.number, numbered.read
        if numbered.line is None:
            self._skip(numbered.number)
            return
        if self._speed > 0:
            due = began + numbered.line.at / self._speed
            rest = due - asyncio.get_running_loop().time()
            if rest > 0:
                await asyncio.sleep(rest)
        told = self._as_told(numbered.line)
        if told is None:
            self._skip(numbered.number)
            return
        await tell(told)
        progress.told += 1

    def _skip(self, number: int) -> None:
        self.progress.bad += 1
        if len(self.bad_lines) < TOLD_BAD_LINES:
            self.bad_lines.append(number)

    # From the log to what a platform tells ------------------------------------------------------

    def _as_told(self, line: ChatLogLine) -> PlatformEvent | None:
        """None where what it needs is missing, or a name is nothing but invisible."""
        making = _MAKERS.get(line.kind, ReplayPlatform._alert)
        return making(self, line)

    def _message(self, line: ChatLogLine) -> PlatformEvent | None:
        author, text = self._author(line), clean_chat(line.text)
        if author is None or not text:
            return None
        return Message(
            message_id=self._id(line.id),
            author=author,
            text=text,
            written_at=clock.now(),
            reply_to=clean_chat(line.reply_to, maximum=128),
            first_time=line.first_time,
        )

    def _deletion(self, line: ChatLogLine) -> PlatformEvent | None:
        return Deleted(self._id(line.target)) if line.target else None

    def _ban(self, line: ChatLogLine) -> PlatformEvent | None:
        return Banned(_viewer(line.target)) if line.target else None

    def _clearing(self, line: ChatLogLine) -> PlatformEvent | None:
        return Cleared()

    def _gap(self, line: ChatLogLine) -> PlatformEvent | None:
        now = clock.now()
        return Gap(now - line.count, now, "as recorded")

    def _redemption(self, line: ChatLogLine) -> PlatformEvent | None:
        author, reward = self._author(line), clean_chat(line.reward, maximum=100)
        if author is None or not reward:
            return None
        return Redeemed(self._id(line.id), reward, author, clean_chat(line.text), line.cost)

    def _alert(self, line: ChatLogLine) -> PlatformEvent | None:
        author = self._author(line)
        if author is None:
            return None
        kind = AlertKind(line.kind)
        return Alert(self._id(line.id), kind, author, line.count, clean_chat(line.text))

    def _author(self, line: ChatLogLine) -> Author | None:
        name = clean_chat(line.name, maximum=100)
        if not name:
            return None
        role = Role.VIEWER if line.role is Role.OPERATOR else line.role
        return Author(viewer_id=_viewer(line.viewer_id or name), name=name, role=role)

    def _id(self, of_log: str) -> str:
        """Its own in each run: a log that is played again is not a repetition."""
        return f"{self._run}-{of_log}" if of_log else new_id()


def _viewer(of_log: str) -> str:
    """No viewer of the channel, so that a rehearsal changes nothing that is known of them."""
    return f"replay:{of_log}"[:128]


_MAKERS: dict[str, Callable[[ReplayPlatform, ChatLogLine], PlatformEvent | None]] = {
    "message": ReplayPlatform._message,
    "delete": ReplayPlatform._deletion,
    "ban": ReplayPlatform._ban,
    "clear": ReplayPlatform._clearing,
    "redeem": ReplayPlatform._redemption,
    "gap": ReplayPlatform._gap,
}


class _LogReader:
    """Reads a log some lines at a time, in other threads. `close` may come at any moment: what is
    being read is read to its end, and nothing is opened or read after it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._closed = False
        self._file: BinaryIO = io.BytesIO()
        self._number = 0
        self._read = 0

    def open(self) -> int:
        """Its size in bytes. Raises `OSError`."""
        with self._turn:
            if not self._path.is_file():
                raise FileNotFoundError(2, "there is no such file")
            if not self._closed:
                self._file = self._path.open("rb")
            return self._path.stat().st_size

    def close(self) -> None:
        with self._turn:
            self._closed = True
            self._file.close()

    def batch(self) -> list[_Numbered]:
        """The next lines, blank ones left out; empty at the end. Raises `OSError`."""
        with self._turn:
            return [] if self._closed else self._lines()

    def _lines(self) -> list[_Numbered]:
        found: list[_Numbered] = []
        while len(found) < BATCH_LINES:
            raw = self._line()
            if raw is None:
                break
            if raw.strip():
                found.append(_Numbered(self._number, _understood(raw), self._read))
        return found

    def _line(self) -> bytes | None:
        """One line; of one that is too long a part that cannot be understood."""
        raw = self._file.readline(LONGEST_LINE_BYTES)
        if not raw:
            return None
        self._number += 1
        self._read += len(raw)
        whole = raw
        while not raw.endswith(b"\n") and len(raw) == LONGEST_LINE_BYTES:
            raw = self._file.readline(LONGEST_LINE_BYTES)
            self._read += len(raw)
            whole = b"{"
        return whole


def _understood(raw: bytes) -> ChatLogLine | None:
    try:
        document: Any = json.loads(raw)
        return ChatLogLine.model_validate(document)
    except (ValueError, ValidationError, RecursionError):
        return None
