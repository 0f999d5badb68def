"""The worker's side of the espeak-ng child process."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any

from apps.tts_worker.engines.base import EngineDied, EngineError, EngineMissing
from apps.tts_worker.engines.espeak_data import REINSTALL
from apps.tts_worker.engines.espeak_wire import (
    END,
    ENDED,
    FAILURE,
    HEADER,
    NUMBER,
    READY,
    SOUND,
    SPEAK,
    STOP,
    SoundMessage,
    WireError,
    json_message,
    message,
    read_header,
    read_json,
    read_sound,
)

MODULE = "apps.tts_worker.engines.espeak_process"
IMPORT_ROOT = Path(__file__).resolve().parents[3]

START_SECONDS = 15.0
#: The child answers within a millisecond; one that says nothing for so long hangs.
SILENT_SECONDS = 10.0
END_SECONDS = 1.0

log = logging.getLogger("kitsu.tts_worker")

#: What a request hears: sound, True at the end of its text, False when ended early, or an error.
Answer = SoundMessage | bool | EngineError


class EspeakChild:
    """One running child process.

    Promises: every open request hears an end, also when the process dies (`EngineDied`); a request
    that was closed hears nothing more and its synthesis ends.
    """

    def __init__(self, process: asyncio.subprocess.Process, about: dict[str, Any]) -> None:
        self.about = about
        self._process = process
        self._requests: dict[int, asyncio.Queue[Answer]] = {}
        self._last_id = 0
        self._alive = True
        self._last_words: deque[str] = deque(maxlen=5)
        self._tasks = [
            asyncio.create_task(self._read_answers(), name="espeak answers"),
            asyncio.create_task(self._read_complaints(), name="espeak complaints"),
        ]

    @classmethod
    async def launch(cls, library: Path, data: Path) -> "EspeakChild":
        """Returns when the voice is ready. Raises `EngineMissing`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            str(library),
            str(data),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": _import_path()},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        try:
            about = await _first_word(process)
        except BaseException:
            await _end(process)
            raise
        return cls(process, about)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._alive

    def open(self, order: dict[str, Any]) -> int:
        """Sends one sentence; `hear` gives its answers until `close`."""
        self._last_id += 1
        request_id = self._last_id
        self._requests[request_id] = asyncio.Queue()
        if self._alive:
            self._send(json_message(SPEAK, {**order, "id": request_id}))
        else:
            self._requests[request_id].put_nowait(self._death())
        return request_id

    async def hear(self, request_id: int) -> SoundMessage | bool:
        """The next answer. Raises `EngineError`; a child that hangs is ended."""
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                answer = await self._requests[request_id].get()
        except TimeoutError:
            self.kill()
            raise EngineDied("the embedded voice hung; it is started again") from None
        if isinstance(answer, EngineError):
            raise answer
        return answer

    def close(self, request_id: int) -> None:
        """Nobody wants the rest. Returns at once."""
        if self._requests.pop(request_id, None) is not None and self._alive:
            self._send(message(STOP, NUMBER.pack(request_id)))

    def kill(self) -> None:
        self._alive = False
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """The process is gone and its pipes are closed when this returns."""
        await _end(self._process)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _send(self, raw: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError, RuntimeError):  # its death is told elsewhere
            self._process.stdin.write(raw)

    async def _read_answers(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                kind, body = await _read_message(self._process.stdout)
                self._take(kind, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except WireError as error:
            self._last_words.append(f"it sent {error}")
            self.kill()
        finally:
            self._alive = False
            for waiting in self._requests.values():
                waiting.put_nowait(self._death())

    def _take(self, kind: bytes, body: bytes) -> None:
        """Hands an answer to its request; late ones of a closed request are dropped."""
        if kind == SOUND:
            sound = read_sound(body)
            self._answer(sound.request_id, sound)
        elif kind == END and len(body) == ENDED.size:
            request_id, whole = ENDED.unpack(body)
            self._answer(request_id, bool(whole))
        elif kind == FAILURE:
            failure = read_json(body)
            self._answer(failure.get("id"), EngineError(f"espeak-ng: {failure.get('message')}"))
        else:
            raise WireError(f"an answer of kind {kind!r}")

    def _answer(self, request_id: object, answer: Answer) -> None:
        waiting = self._requests.get(request_id) if isinstance(request_id, int) else None
        if waiting is not None:
            waiting.put_nowait(answer)

    async def _read_complaints(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            text = line.decode("utf-8", "replace").strip()
            self._last_words.append(text)
            log.debug("espeak: %s", text)

    def _death(self) -> EngineDied:
        words = f" ({self._last_words[-1]})" if self._last_words else ""
        return EngineDied(f"the embedded voice's process ended{words}; it is started again")


def _import_path() -> str:
    """The child finds this package wherever the worker was started."""
    others = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(part for part in (str(IMPORT_ROOT), others) if part)


async def _first_word(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            kind, body = await _read_message(process.stdout)
            content = read_json(body)
    except TimeoutError:
        raise EngineMissing(
            f"the embedded voice did not start in {START_SECONDS:.0f} s: {REINSTALL}"
        ) from None
    except (asyncio.IncompleteReadError, ConnectionError, WireError):
        complaint = (await process.stderr.read()).decode("utf-8", "replace").strip()
        why = complaint.splitlines()[-1] if complaint else "it said nothing"
        raise EngineMissing(f"the embedded voice ended at its start ({why}): {REINSTALL}") from None
    if kind != READY:
        raise EngineMissing(f"the embedded voice: {content.get('message')}: {REINSTALL}")
    return content


async def _read_message(source: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind, length = read_header(await source.readexactly(HEADER.size))
    return kind, await source.readexactly(length)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Closes its standard input, which ends it; kills it when that does not."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
