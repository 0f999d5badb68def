"""A real OBS Studio without a screen, for tests and benches. Linux only."""

import asyncio
import contextlib
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from libs.testing.obs_studio import loopback
from libs.testing.obs_studio.configuration import NAME, StudioFailed, StudioFolder
from libs.testing.obs_studio.conversation import Conversation, Gone, Refused
from libs.testing.obs_studio.observer import Observer
from libs.testing.obs_studio.processes import (
    PLAIN_END,
    EndStep,
    OwnProcess,
    start_display,
    start_sound,
)
from libs.testing.obs_studio.screen import Screen
from libs.testing.ports import free_ports

START_SECONDS = 60.0
#: Between two questions whether OBS answers yet.
ASK_SECONDS = 0.03
#: OBS ends with a save on SIGINT only; the rest is for one that hangs.
CLEAN_END: tuple[EndStep, ...] = ((OwnProcess.interrupt, 10.0), *PLAIN_END)
HARD_END: tuple[EndStep, ...] = ((OwnProcess.kill, 10.0),)

#: Nothing listens there: what OBS asks of the internet at its start goes nowhere.
_NO_PROXY = "http://127.0.0.1:9"
#: Over the whole of the one monitor.
_PROGRAMME_ON_THE_SCREEN = {
    "videoMixType": "OBS_WEBSOCKET_VIDEO_MIX_TYPE_PROGRAM",
    "monitorIndex": 0,
}
_KEPT_NAMES = ("PATH", "LANG", "LC_ALL", "TZ")


def missing_programs(pulse: bool = False) -> list[str]:
    """What must be installed first, by the names of Debian's packages."""
    if sys.platform != "linux":
        return ["Linux (OBS without a screen needs Xvfb)"]
    needed = {"obs": "obs-studio", "Xvfb": "xvfb"}
    if pulse:
        needed |= {"pulseaudio": "pulseaudio", "paplay": "pulseaudio-utils"}
    found = [package for program, package in needed.items() if shutil.which(program) is None]
    return found if loopback.compiler() else [*found, "tcc"]


class ObsStudio:
    """One OBS with a folder of its own, on a port of 127.0.0.1; see `collection` for what it shows.

    Promises: a start that fails leaves nothing running; whatever was started is ended by `stop`,
    and by the kernel if this process is killed; no other process is ever signalled. It belongs to
    no event loop: a fixture may start it in one and a test use it in another.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        password: str = "only-for-tests",
        pulse: bool = False,
        size: tuple[int, int] = (640, 360),
        frames_per_second: int = 10,
        shown: bool = True,
    ) -> None:
        """`shown`: the programme can be looked at; at many frames a second that costs a little."""
        port = port or free_ports(1)[0]
        self.folder = StudioFolder(folder, port, password, *size, frames_per_second)
        self.pulse = pulse
        self._shown = shown
        self.crashes = 0
        """How often OBS ended by itself and was started anew (llvmpipe does that, rarely)."""
        self.answered_at = 0.0
        """`time.perf_counter()` when OBS first answered after its last start."""
        self._processes: dict[str, OwnProcess] = {}
        self._environment: dict[str, str] = {}
        self._runtime_folder: Path | None = None
        self._screen: Screen | None = None
        self._should_run = False

    @property
    def port(self) -> int:
        return self.folder.port

    @property
    def password(self) -> str:
        return self.folder.password

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return "obs" in self._processes and self._processes["obs"].running

    @property
    def exit_code(self) -> int | None:
        """Of the OBS that was started last; None while it runs."""
        return self._processes["obs"].exit_code

    @property
    def pids(self) -> dict[str, int]:
        return {name: p.pid for name, p in self._processes.items() if p.running}

    def observer(self) -> Observer:
        return Observer(self.port, self.password, self._screen if self._shown else None)

    # Life -------------------------------------------------------------------------------------

    async def start(self, keep: bool = False) -> None:
        """Ready to answer when it returns; with `keep` as OBS last saved it. Raises `StudioFailed`.

        An OBS that dies while it starts is given one more chance.
        """
        if self.running:
            raise StudioFailed("this OBS is running already")
        self.folder.claim()
        _refuse_taken(self.port)
        self.folder.write(keep)
        try:
            await self._start_surroundings()
            try:
                await self._start_obs()
            except _Died:
                self.crashes += 1
                await self._start_obs()
        except BaseException:
            await self._end_all(HARD_END)
            raise
        self._should_run = True

    async def stop(self) -> None:
        """OBS saves and ends, and with it all that was started around it. Safe to call twice."""
        self._should_run = False
        self.resume()
        try:
            if self.running:
                await self._stop_outputs()
        finally:
            await self._end_all(CLEAN_END)

    async def quit(self) -> None:
        """OBS saves and ends, as when a person closes it; the display stays."""
        self._should_run = False
        await self._stop_outputs()
        await self._processes["obs"].end(*CLEAN_END)

    async def kill(self) -> None:
        """OBS is gone at once and saves nothing; the display stays for a quick `start`."""
        self._should_run = False
        await self._processes["obs"].end(*HARD_END)

    async def restart(self) -> None:
        await self.quit()
        await self.start(keep=True)

    async def ensure_running(self) -> None:
        """Starts an OBS anew that died by itself."""
        if self._should_run and not self.running:
            self.crashes += 1
            await self.start()

    def suspend(self) -> None:
        """OBS hangs from now on: it keeps its sockets and does nothing (SIGSTOP)."""
        self._processes["obs"].suspend()

    def resume(self) -> None:
        if "obs" in self._processes:
            self._processes["obs"].resume()

    @contextlib.asynccontextmanager
    async def mic_sound(self) -> AsyncIterator[None]:
        """A tone at the microphone for as long as this lasts. Needs `pulse`."""
        assert self.pulse, "made without a sound server"
        playing = self._spawn("paplay", ["paplay", str(self.folder.tone)])
        try:
            yield
        finally:
            await playing.end(*PLAIN_END)

    # Parts ------------------------------------------------------------------------------------

    async def _start_surroundings(self) -> None:
        """The display and the sound server, unless they still run."""
        if "xvfb" in self._processes and self._processes["xvfb"].running:
            return
        # A short path: a socket's has at most 107 characters.
        self._runtime_folder = Path(tempfile.mkdtemp(prefix="kitsu-obs-"))
        home, sound = self.folder.home, self._runtime_folder / "sound"
        self._environment = {
            **{name: os.environ[name] for name in _KEPT_NAMES if name in os.environ},
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_RUNTIME_DIR": str(self._runtime_folder),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self._runtime_folder}/no-bus",
            "PULSE_SERVER": f"unix:{sound}",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "LP_NUM_THREADS": "0",  # llvmpipe without threads crashes less
            "QT_QPA_PLATFORM": "xcb",
            "http_proxy": _NO_PROXY,
            "https_proxy": _NO_PROXY,
        }
        size = (self.folder.width, self.folder.height)
        self._environment["DISPLAY"], self._screen = await start_display(
            self._spawn, self._runtime_folder, size
        )
        if self.pulse:
            await start_sound(self._spawn, sound)

    async def _start_obs(self) -> None:
        library = await asyncio.to_thread(loopback.build, self.folder.root)
        arguments = [
            *("--multi", "--disable-missing-files-check", "--disable-shutdown-check"),
            *("--websocket_ipv4_only", "--profile", NAME, "--collection", NAME),
        ]
        obs = self._spawn("obs", ["env", f"LD_PRELOAD={library}", "obs", *arguments])
        deadline = time.monotonic() + START_SECONDS
        while not await self._answers():
            if not obs.running:
                raise _Died(f"OBS ended while it started:\n{obs.last_words()}")
            if time.monotonic() > deadline:
                raise StudioFailed(f"OBS does not answer:\n{obs.last_words()}")
            await asyncio.sleep(ASK_SECONDS)
        self.answered_at = time.perf_counter()

    async def _answers(self) -> bool:
        try:
            conversation = await Conversation.open(self.port, self.password)
        except Gone:
            return False
        try:
            await conversation.ask("GetSceneList", {})
            if self._shown:
                await conversation.ask("OpenVideoMixProjector", _PROGRAMME_ON_THE_SCREEN)
        except (Gone, Refused, TimeoutError):
            return False
        else:
            return True
        finally:
            await conversation.close()

    async def _stop_outputs(self) -> None:
        """While it records, OBS would ask whether to really end, and wait for ever."""
        with contextlib.suppress(Gone, Refused, TimeoutError):
            async with self.observer() as observer:
                for output in ("Stream", "Record", "ReplayBuffer"):
                    await _stop_output(observer, output)

    def _spawn(
        self, name: str, command: Sequence[str], keep_open: Sequence[int] = ()
    ) -> OwnProcess:
        process = OwnProcess(name, command, self.folder.root, self._environment, keep_open)
        self._processes[name] = process
        return process

    async def _end_all(self, obs_end: Sequence[EndStep]) -> None:
        """Last started, first ended."""
        while self._processes:
            name = next(reversed(self._processes))
            await self._processes[name].end(*(obs_end if name == "obs" else PLAIN_END))
            del self._processes[name]
        if self._runtime_folder is not None:
            shutil.rmtree(self._runtime_folder, ignore_errors=True)
            self._runtime_folder = None


class _Died(StudioFailed):
    """OBS ended by itself."""


async def _stop_output(observer: Observer, output: str) -> None:
    async def is_off() -> bool:
        return not (await observer.call(f"Get{output}Status"))["outputActive"]

    with contextlib.suppress(Refused):  # no replay buffer in this profile
        if not await is_off():
            await observer.call(f"Stop{output}")
            await observer.until(is_off)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StudioFailed(f"port {port} cannot be used: {error.strerror}") from None
