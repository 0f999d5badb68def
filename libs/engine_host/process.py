"""The parent's side of an engine host: one running child process."""

import asyncio
import contextlib
import logging
import os
import subprocess
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.engine_host.wire import (
    BEGUN,
    CANCEL,
    DONE,
    DROPPED,
    FAILED,
    LONGEST_LINE_BYTES,
    TOLD,
    Message,
    WireError,
    encoded,
    read_head,
)
from libs.telemetry.redaction import SECRET_NAME, visible

IMPORT_ROOT = Path(__file__).resolve().parents[2]

END_SECONDS = 1.0
#: So many lines of a host's standard error go to the log, and then no more.
LOGGED_LINES = 200
LONGEST_LOGGED_LINE = 500


class HostFailed(Exception):
    """The host answered that it cannot: its code, and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class HostDied(Exception):
    """The process ended, hung or talked nonsense. `last_told`: what it said of itself before."""

    def __init__(self, message: str, last_told: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.last_told = dict(last_told or {})


@dataclass
class _Open:
    """An order that is not answered yet, and how long the host may say nothing of it."""

    answer: asyncio.Future[Message]
    silence_seconds: float
    clock: asyncio.Timeout | None = None

    def heard(self) -> None:
        if self.clock is not None and not self.clock.expired():
            now = asyncio.get_running_loop().time()
            self.clock.reschedule(now + self.silence_seconds)


class EngineHost:
    """One child process that works off orders one after the other.

    Promises: every order is answered, refused (`HostFailed`) or ends in `HostDied`, also when the
    process dies or hangs; cancelling whoever waits for an answer drops the order; the child ends
    when this process does.
    """

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self.name = name
        self.died = asyncio.Event()
        self._process = process
        self._log = logging.getLogger(f"kitsu.{name}")
        self._open: dict[int, _Open] = {}
        self._last_id = 0
        self._last_told: dict[str, Any] = {}
        self._why = ""
        self._last_words: deque[str] = deque(maxlen=5)
        self._tasks = [
            asyncio.create_task(self._read_answers(), name=f"{name} answers"),
            asyncio.create_task(self._read_complaints(), name=f"{name} complaints"),
        ]

    @classmethod
    async def launch(
        cls, name: str, python: str, module: str, *arguments: str, **environment: str
    ) -> "EngineHost":
        """Starts `python -m module arguments`. Raises `OSError` when that program is not there."""
        process = await asyncio.create_subprocess_exec(
            python,
            "-m",
            module,
            *arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=LONGEST_LINE_BYTES,
            cwd=IMPORT_ROOT,
            env={**_inherited(), "PYTHONPATH": str(IMPORT_ROOT), **environment},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        return cls(process, name)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self.died.is_set()

    async def ask(
        self, order: str, data: dict[str, Any], payload: bytes = b"", timeout_seconds: float = 60.0
    ) -> dict[str, Any]:
        """The answer to one order. The time counts anew when the host begins with it, and whenever
        it tells something of it.

        Raises `HostFailed` or `HostDied`. A host that says nothing in time is ended.
        """
        self._last_id += 1
        number = self._last_id
        waiting = _Open(asyncio.get_running_loop().create_future(), timeout_seconds)
        self._open[number] = waiting
        try:
            if not self.alive:
                raise self._death()
            await self._send(Message(order, {**data, "id": number}, payload))
            return await self._hear(waiting)
        except asyncio.CancelledError:
            self._write(Message(CANCEL, {"id": number}))
            raise
        finally:
            del self._open[number]

    def kill(self, why: str) -> None:
        """Ends it the hard way; what waits for an answer hears of it."""
        self._why = self._why or why
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """The process is gone and its pipes are closed when this returns."""
        assert self._process.stdin is not None
        self._why = self._why or "it was stopped"
        self._process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self.kill("it was stopped")
            await self._process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hear(self, waiting: _Open) -> dict[str, Any]:
        try:
            async with asyncio.timeout(waiting.silence_seconds) as waiting.clock:
                answer = await asyncio.shield(waiting.answer)
        except TimeoutError:
            self.kill(f"it said nothing for {waiting.silence_seconds:.0f} s")
            raise self._death() from None
        if answer.type == FAILED:
            raise HostFailed(str(answer.data.get("code")), visible(str(answer.data.get("message"))))
        return answer.data

    async def _send(self, message: Message) -> None:
        self._write(message)
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # its death is told elsewhere
            await self._process.stdin.drain()

    def _write(self, message: Message) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._process.stdin.write(encoded(message))

    async def _read_answers(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                message, length = read_head(await self._process.stdout.readuntil(b"\n"))
                payload = await self._process.stdout.readexactly(length) if length else b""
                self._take(Message(message.type, message.data, payload))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except (WireError, asyncio.LimitOverrunError) as error:
            self.kill(f"it sent {error}")
        finally:
            with contextlib.suppress(TimeoutError):  # its last words, and its exit code
                async with asyncio.timeout(END_SECONDS):
                    await self._process.wait()
                    await asyncio.wait(self._tasks[1:], timeout=END_SECONDS)
            self.died.set()
            for waiting in self._open.values():
                if not waiting.answer.done():
                    waiting.answer.set_exception(self._death())
                    waiting.answer.exception()  # heard, even when nobody waits any more

    def _take(self, message: Message) -> None:
        """Hands an answer to its order; late ones of a dropped order go nowhere."""
        if message.type == TOLD:
            self._last_told = {k: v for k, v in message.data.items() if k != "id"}
            told = ", ".join(f"{name} {value}" for name, value in self._last_told.items())
            self._log.info("%s", visible(told[:LONGEST_LOGGED_LINE]))
        waiting = self._open.get(message.id)
        if waiting is None:
            return
        waiting.heard()
        if message.type in (DONE, FAILED, DROPPED) and not waiting.answer.done():
            waiting.answer.set_result(message)
        elif message.type not in (BEGUN, TOLD):
            raise WireError(f"a message of type {message.type[:40]!r}")

    async def _read_complaints(self) -> None:
        """Its standard error, to the log: some lines of some length, whatever it writes."""
        assert self._process.stderr is not None
        count, rest = 0, b""
        while piece := await self._process.stderr.read(4_096):
            *lines, rest = (rest + piece).split(b"\n")
            for line in [*lines, rest] if len(rest) > LONGEST_LOGGED_LINE else lines:
                count += self._complained(line, count)
            rest = rest if len(rest) <= LONGEST_LOGGED_LINE else b""
        self._complained(rest, count)

    def _complained(self, line: bytes, count: int) -> bool:
        text = visible(line.decode("utf-8", "replace").strip())[:LONGEST_LOGGED_LINE]
        if text:
            self._last_words.append(text)
        if text and count < LOGGED_LINES:
            self._log.info("%s", text)
        return bool(text)

    def _death(self) -> HostDied:
        code = self._process.returncode
        words = self._why or (self._last_words[-1] if self._last_words else f"exit code {code}")
        return HostDied(words, self._last_told)


def _inherited() -> dict[str, str]:
    """The environment without secrets, and without what belongs to our own Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if not SECRET_NAME.search(name.lower())
        and name not in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    }
