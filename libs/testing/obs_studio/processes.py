"""Processes that a test started, and what OBS needs around it: a display and a sound server.

Linux only, as Xvfb is.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import psutil

from libs.testing.obs_studio.configuration import StudioFailed
from libs.testing.obs_studio.screen import Screen

POLL_SECONDS = 0.02
START_SECONDS = 15.0

Environment = Mapping[str, str]


class OwnProcess:
    """One process that we started. Signals reach it and no other, also after it has ended; it ends
    with us, even if we are killed. Started from the thread that lives as long as it should."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Environment,
        keep_open: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*_ends_with_us(), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=dict(environment),
                pass_fds=tuple(keep_open),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the number of the signal that ended it."""
        return self._process.poll()

    def interrupt(self) -> None:
        if self.running:
            self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def suspend(self) -> None:
        if self.running:
            psutil.Process(self.pid).suspend()

    def resume(self) -> None:
        if self.running:
            psutil.Process(self.pid).resume()

    async def end(self, *steps: "EndStep") -> None:
        """Each step in turn, with the seconds it is given, until one has ended it."""
        for step, seconds in steps:
            step(self)
            if await self.ended_within(seconds):
                return
        raise StudioFailed(f"{self.name} (process {self.pid}) cannot be ended")

    async def ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:  # noqa: ASYNC110 - an end has no event
            await asyncio.sleep(POLL_SECONDS)
        return not self.running

    def last_words(self) -> str:
        return self.log_path.read_text("utf-8", "replace")[-1_500:]


EndStep = tuple[Callable[[OwnProcess], None], float]

#: How a process that saves nothing is ended.
PLAIN_END: tuple[EndStep, ...] = ((OwnProcess.terminate, 5.0), (OwnProcess.kill, 5.0))


class Spawn(Protocol):
    """Starts a process and takes care that it is ended one day."""

    def __call__(
        self, name: str, command: Sequence[str], keep_open: Sequence[int] = ()
    ) -> OwnProcess: ...


def _ends_with_us() -> list[str]:
    """The words before a command that make the kernel end it when we are gone."""
    program = shutil.which("setpriv")
    return [program, "--pdeathsig", "KILL"] if program else []


async def start_display(spawn: Spawn, folder: Path, size: tuple[int, int]) -> tuple[str, Screen]:
    """An X server whose screen is a file in this folder, and its DISPLAY: a number that it found
    free itself."""
    reading, writing = os.pipe()
    try:
        os.set_blocking(reading, False)
        width, height = size
        screen = ["-screen", "0", f"{width}x{height}x24", "-fbdir", str(folder), "-nocursor"]
        command = ["Xvfb", "-displayfd", str(writing), *screen, "-nolisten", "tcp"]
        process = spawn("xvfb", command, keep_open=(writing,))
        said, deadline = b"", time.monotonic() + START_SECONDS
        while not said.endswith(b"\n"):
            await _wait_a_moment(process, deadline)
            with contextlib.suppress(BlockingIOError):
                said += os.read(reading, 64)
    finally:
        os.close(reading)
        os.close(writing)
    return f":{int(said)}", Screen(folder / "Xvfb_screen0")


async def start_sound(spawn: Spawn, socket: Path) -> None:
    """A private PulseAudio with one device: a sink that nobody hears, whose monitor is the mic."""
    command = [
        "pulseaudio",
        *("-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disallow-exit"),
        *("--log-target=stderr", "-L", "module-null-sink sink_name=nobody"),
        *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}"),
    ]
    process = spawn("pulse", command)
    deadline = time.monotonic() + START_SECONDS
    while not socket.is_socket():  # noqa: ASYNC240 - a look, no reading
        await _wait_a_moment(process, deadline)


async def _wait_a_moment(process: OwnProcess, deadline: float) -> None:
    """Raises `StudioFailed` when the process has ended or the time is up."""
    if not process.running or time.monotonic() > deadline:
        raise StudioFailed(f"{process.name} did not start:\n{process.last_words()}")
    await asyncio.sleep(POLL_SECONDS)
