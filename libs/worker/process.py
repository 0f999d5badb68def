"""A worker as a process of its own, or several of them in one process."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence

from libs.bus.base import Bus, BusError
from libs.settings import SettingsError, ShowSettings, load
from libs.worker.problems import CannotRun
from libs.worker.runtime import Runtime
from libs.worker.worker import Worker

WorkerParts = tuple[type[Worker], type[ShowSettings]]

#: After this long without an end, a worker whose supervisor is gone ends itself the hard way.
ORPHAN_SECONDS = 10.0


def run(worker_class: type[Worker], settings_class: type[ShowSettings]) -> None:
    """The main function of every worker process. Exits 0 after a clean end, 2 for wrong settings,
    1 for anything else; the message on standard error says what to do."""
    from libs.telemetry import logs

    try:
        settings = load(settings_class)
    except SettingsError as error:
        sys.exit(_complain(f"wrong settings:\n{error}", 2))
    logs.configure(worker_class.module, settings)
    try:
        asyncio.run(_run_one(worker_class, settings))
    except (CannotRun, BusError) as error:
        sys.exit(_complain(str(error), 1))


def run_in_process(parts: Sequence[WorkerParts]) -> None:
    """All workers in this process over the memory bus, where no server can be had."""
    asyncio.run(run_together(parts, asyncio.Event()))


async def run_together(parts: Sequence[WorkerParts], stop: asyncio.Event) -> None:
    """Runs the workers over one memory bus until `stop` is set or a signal asks for the end."""
    from libs.bus.memory import MemoryBus, MemoryServer

    server = MemoryServer()
    runtimes = []
    for worker_class, settings_class in parts:
        settings = load(settings_class)
        instance = f"{worker_class.module}@{settings.hostname}#{settings.kitsu_slot}"
        bus = MemoryBus(server, source=instance)
        runtimes.append(Runtime(worker_class(settings, bus), bus))
    _stop_on_signals(runtimes)
    if parts and load(parts[0][1]).kitsu_supervised:
        _stop_when_orphaned(runtimes)
    watcher = asyncio.create_task(_stop_all_when(stop, runtimes))
    try:
        async with asyncio.TaskGroup() as group:
            for runtime in runtimes:
                group.create_task(runtime.run())
    finally:
        watcher.cancel()


async def _stop_all_when(stop: asyncio.Event, runtimes: Sequence[Runtime]) -> None:
    await stop.wait()
    _stop_all(runtimes, "asked to stop")


async def _run_one(worker_class: type[Worker], settings: ShowSettings) -> None:
    from libs.bus.opening import connect

    instance = f"{worker_class.module}@{settings.hostname}#{settings.kitsu_slot}"
    bus: Bus = connect(settings, instance)
    runtime = Runtime(worker_class(settings, bus), bus)
    _stop_on_signals([runtime])
    if settings.kitsu_supervised:
        _stop_when_orphaned([runtime])
    await runtime.run()


def _stop_on_signals(runtimes: Sequence[Runtime]) -> None:
    """SIGTERM and Ctrl+C everywhere, and Ctrl+Break, which is how Windows asks a process group."""
    loop = asyncio.get_running_loop()

    def heard(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(_stop_all, runtimes, f"signal {number}")

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), heard)


def _stop_all(runtimes: Sequence[Runtime], reason: str) -> None:
    for runtime in runtimes:
        runtime.request_stop(reason)


def _stop_when_orphaned(runtimes: Sequence[Runtime]) -> None:
    """The supervisor holds the other end of standard input: when it closes, the supervisor is gone.

    A plain thread on the raw descriptor: it works on every platform and holds no lock at exit.
    """
    loop = asyncio.get_running_loop()

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 64):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(_stop_all, runtimes, "the supervisor is gone")
        threading.Event().wait(ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=wait, name="supervisor watch", daemon=True).start()


def _complain(message: str, code: int) -> int:
    print(message, file=sys.stderr, flush=True)
    return code
