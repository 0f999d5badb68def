"""Recorded chats that are played into the running show, one at a time, beside its real chat."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from apps.twitch_ingest.engines.base import PlatformEvent
from apps.twitch_ingest.engines.replay import ReplayError, ReplayPlatform

Hear = Callable[[ReplayPlatform, PlatformEvent], Awaitable[None]]
Spawn = Callable[[str, Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class AlreadyPlaying(Exception):
    """One recording at a time."""


class ReplayDesk:
    """Promises: one replay at a time; what went wrong, and how far it is, can be asked for until
    the next one begins."""

    def __init__(self, hear: Hear, spawn: Spawn) -> None:
        self._hear = hear
        self._spawn = spawn
        self._platform: ReplayPlatform | None = None
        self._task: asyncio.Task[None] | None = None
        self._file = ""
        self._speed = 1.0
        self._error = ""

    @property
    def playing(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def percent(self) -> int:
        """Of the one that plays; 0 when none does."""
        return int(self._platform.progress.percent) if self._platform and self.playing else 0

    def document(self) -> dict[str, Any]:
        """`{"playing", "file", "speed", "percent", "lines", "told", "bad", "bad_lines", "finished",
        "error"}`: lines of the file read, events told of, lines that could not be understood and
        the numbers of the first of them."""
        platform = self._platform
        if platform is None:
            return {"playing": False}
        progress = platform.progress
        return {
            "playing": self.playing,
            "file": self._file,
            "speed": self._speed,
            "percent": round(progress.percent, 1),
            "lines": progress.lines,
            "told": progress.told,
            "bad": progress.bad,
            "bad_lines": platform.bad_lines,
            "finished": progress.finished,
            "error": self._error,
        }

    def told(self) -> dict[str, Any] | None:
        """What `GET /link` says of the log that is or was played; None: none was."""
        if self._platform is None:
            return None
        told = replay_told(self._platform, self._platform.path.name)
        return {**told, "done": not self.playing}

    def start(self, file: str, speed: float) -> None:
        """Raises `AlreadyPlaying`, and `ReplayError` when there is no such file."""
        if self.playing:
            raise AlreadyPlaying
        try:
            path = Path(file).expanduser()
            there = path.is_file()
        except (OSError, ValueError, RuntimeError):  # no path, or of nobody's home
            there = False
        if not there:
            raise ReplayError("There is no such file")
        self._platform = ReplayPlatform(path, speed)
        self._file, self._speed, self._error = str(path), speed, ""
        self._task = self._spawn("replay", self._play(self._platform))

    async def stop(self) -> bool:
        """True when one was playing."""
        if self._task is None or self._task.done():
            return False
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return True

    async def _play(self, platform: ReplayPlatform) -> None:
        async def tell(told: PlatformEvent) -> None:
            await self._hear(platform, told)

        try:
            await platform.play(tell)
        except ReplayError as problem:
            self._error = str(problem)


def replay_told(platform: ReplayPlatform, file: str) -> dict[str, Any]:
    """`skipped`: lines that could not be read. `done`: no more of it is played; whether all of it
    was says `percent`."""
    progress = platform.progress
    return {
        "file": file,
        "lines": progress.lines,
        "skipped": progress.bad,
        "percent": round(progress.percent, 1),
        "done": progress.finished,
    }
