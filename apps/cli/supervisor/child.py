"""One child process: started, watched, started again, and ended in good order."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.cli.supervisor.backoff import Backoff
from apps.cli.supervisor.health import HealthWatch
from apps.cli.supervisor.readiness import Door
from libs.telemetry.daily_file import path_of, remove_old, today

#: How long a process may take to end by itself before it is killed.
GRACE_SECONDS = 6.0
#: How much of a dead child's last output is looked at.
LAST_OUTPUT_BYTES = 8_192


@dataclass(frozen=True)
class Command:
    """What to run. `doors` are the modules in that process; without any it is ready at once."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    doors: tuple[Door, ...] = ()
    folder: Path | None = None


@dataclass(frozen=True)
class Exit:
    """How a child ended. `wait_seconds` until it is started again."""

    code: int
    lived_seconds: float
    was_ready: bool
    wait_seconds: float
    looping: bool
    last_words: str

    @property
    def how(self) -> str:
        if self.code < 0:
            with contextlib.suppress(ValueError):
                return f"killed by {signal.Signals(-self.code).name}"
        return f"ended with code {self.code}"


class Child:
    """Keeps one process running until it is asked to stop.

    Promises: its standard input is a pipe that only we hold, so that it notices when we are gone;
    what it prints goes to a file, never through us, so that we can be stopped without stopping it;
    a death is followed by a fresh start, at once for the first ones, slowly in a crash loop.
    """

    def __init__(
        self,
        command: Command,
        log_root: Path,
        changed: Callable[["Child"], None],
        died: Callable[["Child", Exit], None],
    ) -> None:
        self.command = command
        self.health = HealthWatch(command.doors, lambda: changed(self))
        self.restarts = 0
        self.waiting_until: float | None = None
        self._log_root = log_root
        self._changed = changed
        self._died = died
        self._backoff = Backoff()
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._replacing = False
        self._hurry = asyncio.Event()

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def pid(self) -> int | None:
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process is not None else None

    @property
    def looping(self) -> bool:
        return self._backoff.looping

    @property
    def stopping(self) -> bool:
        return self._stopping

    async def run(self) -> None:
        """Until `ask_to_stop`."""
        while await self._live():
            pass
        self._changed(self)

    def ask_to_stop(self) -> None:
        """Closes its standard input and sends the platform's request to end."""
        self._stopping = True
        self._hurry.set()
        self._ask_process()

    def replace(self) -> None:
        """Ends the process in order to start a fresh one; ends a wait for the next start."""
        self.health.forget()
        if self.pid is not None:
            self._replacing = True
            self._ask_process()
            asyncio.get_running_loop().call_later(GRACE_SECONDS, _kill, self._process)
        self._hurry.set()

    def kill(self) -> None:
        _kill(self._process)

    async def _live(self) -> bool:
        """One life of the process, and the wait after it; whether there is to be another."""
        started_at = time.monotonic()
        output = self._output_path()
        heard_from = output.stat().st_size if output.exists() else 0
        code = await self._run_once(output)
        was_ready = self.health.ready.is_set()
        self.health.forget()
        if self._stopping:
            return False
        self.restarts += 1
        if self._replacing:
            self._replacing = False
            return True
        wait = self._backoff.died(time.monotonic())
        words = last_words(output, heard_from)
        lived = time.monotonic() - started_at
        self._died(self, Exit(code, lived, was_ready, wait, self.looping, words))
        await self._wait(wait)
        return not self._stopping

    async def _run_once(self, output: Path) -> int:
        try:
            with output.open("ab") as file:
                self._process = await asyncio.create_subprocess_exec(
                    *self.command.argv,
                    stdin=subprocess.PIPE,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env={**self.command.environment},
                    cwd=self.command.folder,
                    **_own_group(),
                )
        except OSError as error:
            _note(output, f"{self.name} could not be started: {error}")
            return 127
        self._changed(self)
        watch = asyncio.create_task(self.health.run(), name=f"health of {self.name}")
        try:
            return await self._process.wait()
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            if self._process.stdin is not None:
                self._process.stdin.close()

    async def _wait(self, seconds: float) -> None:
        self._hurry.clear()
        if self._stopping or not seconds:
            return
        self.waiting_until = time.monotonic() + seconds
        self._changed(self)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)
        self.waiting_until = None

    def _ask_process(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError, OSError):
            if sys.platform == "win32":
                process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                process.terminate()

    def _output_path(self) -> Path:
        """Where what it prints goes: beside its log, which it writes itself."""
        self._log_root.mkdir(parents=True, exist_ok=True)
        remove_old(self._log_root, self.name, today())
        return path_of(self._log_root, self.name, today(), "out")


def _kill(process: asyncio.subprocess.Process | None) -> None:
    with contextlib.suppress(ProcessLookupError):
        if process is not None and process.returncode is None:
            process.kill()


def _own_group() -> dict[str, Any]:
    """Ctrl+C at the terminal is for us; we then ask the children one by one."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _note(output: Path, line: str) -> None:
    with output.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def last_words(output: Path, start: int = 0) -> str:
    """The last lines that a process printed since `start` (bytes), for people."""
    try:
        with output.open("rb") as file:
            file.seek(max(start, file.seek(0, os.SEEK_END) - LAST_OUTPUT_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-6:])
