"""Calls into the sound system, which may block for long or for ever."""

import asyncio
import atexit
import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from libs.audio.sound_devices import SoundTrouble

Result = TypeVar("Result")


class SoundSystemHangs(SoundTrouble):
    def __init__(self) -> None:
        super().__init__("the sound system does not answer: unplug the device, or restart it")


class CardThread:
    """A thread of its own for them, that never keeps the process from ending.

    Promises: one call at a time, in order; a caller waits no longer than it says, also for a call
    that hangs; while one hangs, others are refused at once, and once it returns they are not.
    """

    def __init__(self, name: str = "sound card") -> None:
        self._name = name
        self._orders: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None
        self._hanging: Future[Any] | None = None

    @property
    def hangs(self) -> bool:
        return self._hanging is not None and not self._hanging.done()

    async def call(self, work: Callable[[], Result], timeout_seconds: float) -> Result:
        """Raises what `work` raises, or `SoundSystemHangs`. A call that is given up goes on:
        `work` must leave things tidy by itself."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def tell(_: Future[Result]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(done.set)

        with _own_standard_error():
            order = self._order(work)
            order.add_done_callback(tell)
            try:
                async with asyncio.timeout(timeout_seconds):
                    await done.wait()
            except TimeoutError:
                self._hanging = order
                raise SoundSystemHangs from None
            except asyncio.CancelledError:
                self._hanging = order
                raise
        return order.result()

    def call_and_wait(self, work: Callable[[], Result], timeout_seconds: float) -> Result:
        """The same for a program without an event loop."""
        with _own_standard_error():
            order = self._order(work)
            try:
                return order.result(timeout_seconds)
            except TimeoutError:
                if order.done():
                    raise
                self._hanging = order
                raise SoundSystemHangs from None

    def end(self) -> None:
        """The thread ends when its last call has."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread = None

    def _order(self, work: Callable[[], Result]) -> "Future[Result]":
        if self.hangs:
            raise SoundSystemHangs
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        order: Future[Result] = Future()
        self._orders.put((work, order))
        return order

    def _run(self) -> None:
        while (waiting := self._orders.get()) is not None:
            work, order = waiting
            try:
                order.set_result(work())
            except Exception as error:  # noqa: BLE001 - carried to the caller
                order.set_exception(error)


@contextlib.contextmanager
def _own_standard_error() -> Iterator[None]:
    """Around a wait for PortAudio, which `sounddevice` starts with standard error closed, and ends
    when the process ends: neither may be left to a call that hangs."""
    try:
        copy = os.dup(2)
    except OSError:
        copy = -1
    try:
        yield
    except SoundSystemHangs:
        if copy >= 0:
            os.dup2(copy, 2)
        sounds = sys.modules.get("sounddevice")
        if sounds is not None and hasattr(sounds, "_exit_handler"):
            atexit.unregister(sounds._exit_handler)
        raise
    finally:
        if copy >= 0:
            os.close(copy)
