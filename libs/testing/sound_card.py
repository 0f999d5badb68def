"""A sound card that is not there: PulseAudio in user space, seen through PortAudio by processes
that get its environment.

Linux only. PortAudio reads the environment when it is imported, so whoever is to hear or play on
this card must be a process of its own.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from libs.audio.wav import Recording

START_SECONDS = 15.0
POLL_SECONDS = 0.02
RATE_HZ = 48_000

#: Names of PulseAudio's sinks, and of the ALSA devices that PortAudio lists.
LOUDSPEAKER, MICROPHONE = "kitsu_out", "kitsu_mic"

#: As ALSA names the channels of a device of more than two, so that the server mixes none of them.
_ALSA_CHANNELS = ("front-left", "front-right", "rear-left", "rear-right", "front-center", "lfe")

_ASOUNDRC = f"""\
pcm.{MICROPHONE} {{ type pulse device {MICROPHONE}.monitor }}
pcm.{LOUDSPEAKER} {{ type pulse device {LOUDSPEAKER} }}
pcm.!default {{ type asym capture.pcm "{MICROPHONE}" playback.pcm "{LOUDSPEAKER}" }}
ctl.!default {{ type pulse }}
"""


class SoundCardFailed(Exception):
    """PulseAudio did not start or refused an order; the message has its last words."""


def missing_programs() -> list[str]:
    """What must be installed first, by the names of Debian's packages."""
    needed = {"pulseaudio": "pulseaudio", "paplay": "pulseaudio-utils", "pactl": "pulseaudio-utils"}
    found = {package for program, package in needed.items() if shutil.which(program) is None}
    libraries = Path("/usr/lib"), Path("/usr/lib64")
    for name, package in (
        ("libportaudio.so*", "libportaudio2"),
        ("libasound_module_pcm_pulse.so", "libasound2-plugins"),
    ):
        if not any(next(folder.rglob(name), None) for folder in libraries if folder.is_dir()):
            found.add(package)
    return sorted(found)


@dataclass
class LiveSound:
    """Mono 16-bit sound as it arrives. `arrivals`: how many samples were there, and since when
    (monotonic time)."""

    rate_hz: int = RATE_HZ
    pcm: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, float]] = field(default_factory=list)

    def heard_at(self, sample: int) -> float:
        """When that many samples had arrived, at the latest (monotonic time)."""
        for count, at in self.arrivals:
            if count >= sample:
                return at - (count - sample) / self.rate_hz
        raise ValueError(f"no {sample} samples were heard")

    def read(self, source: IO[bytes]) -> None:
        """All of it, in a thread of its own."""
        while piece := os.read(source.fileno(), 65_536):
            self.pcm += piece
            self.arrivals.append((len(self.pcm) // 2, time.monotonic()))


@dataclass
class SoundCard:
    """A microphone and a loudspeaker. `environment` is that of the processes that use them."""

    folder: Path
    environment: dict[str, str]
    server: "subprocess.Popen[bytes]"
    _playing: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def play(self, wav: Path, into: str = MICROPHONE) -> "subprocess.Popen[bytes]":
        """Somebody speaks: the file is played into the microphone from now on, in real time.
        `wait()` of what is returned lasts as long as the sound."""
        with wave.open(str(wav), "rb") as reader:
            names = _channel_map(reader.getnchannels())
        player = self._start("paplay", f"--device={into}", f"--channel-map={names}", str(wav))
        self._playing.append(player)
        return player

    @contextlib.contextmanager
    def record(self, source: str = f"{LOUDSPEAKER}.monitor") -> Iterator[Path]:
        """Everything the loudspeaker plays while this lasts, as a growing file of raw mono 16-bit
        sound at `RATE_HZ`; `recorded` reads it. Ready when it begins."""
        path = self.folder / f"recorded_{time.monotonic_ns()}.raw"
        form = ["--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=10"]
        recorder = self._start("parec", f"--device={source}", *form, str(path))
        try:
            self._until(lambda: path.exists() and path.stat().st_size > 0, "parec")
            yield path
        finally:
            _end(recorder)

    @contextlib.contextmanager
    def record_live(self, source: str = f"{LOUDSPEAKER}.monitor") -> Iterator[LiveSound]:
        """The same with the time at which each piece came. Ready when it begins."""
        form = ["--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=5"]
        sound = LiveSound()
        with (self.folder / "parec.log").open("ab") as log:
            recorder = subprocess.Popen(
                [*_ends_with_us(), "parec", f"--device={source}", *form],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment,
            )
        assert recorder.stdout is not None
        reader = threading.Thread(target=sound.read, args=(recorder.stdout,), daemon=True)
        reader.start()
        try:
            self._until(lambda: sound.arrivals, "parec")
            yield sound
        finally:
            _end(recorder)
            reader.join(5)
            recorder.stdout.close()

    @staticmethod
    def recorded(path: Path) -> Recording:
        pcm = path.read_bytes()
        return Recording(pcm[: len(pcm) // 2 * 2], RATE_HZ)

    def unplug(self) -> None:
        """Pulls the microphone out: who hears it gets an error, who opens it finds nothing."""
        others = set(self._listening())
        mine = set(self._listening(MICROPHONE))
        self._pactl("unload-module", self._module())
        # The server moves listeners to another source, as a desktop does; a card that has only
        # one microphone ends them.
        for moved in set(self._listening()) & (mine | (set(self._listening()) - others)):
            self._order(f"kill-source-output {moved}")

    def plug(self, rate_hz: int = RATE_HZ, channels: int = 2) -> None:
        """A microphone of this rate and number of channels is connected; the first one by
        `virtual_sound_card` itself."""
        form = [f"rate={rate_hz}", f"channels={channels}", f"channel_map={_channel_map(channels)}"]
        self._pactl("load-module", "module-null-sink", f"sink_name={MICROPHONE}", *form)
        self._pactl("set-default-source", f"{MICROPHONE}.monitor")
        self._pactl("set-default-sink", LOUDSPEAKER)

    def feed_back(self, latency_ms: int = 50) -> None:
        """From now on the microphone hears the loudspeaker, as in a room without headphones."""
        source, sink = f"source={LOUDSPEAKER}.monitor", f"sink={MICROPHONE}"
        self._pactl("load-module", "module-loopback", source, sink, f"latency_msec={latency_ms}")

    def hang(self) -> None:
        """The sound system does not answer any more (SIGSTOP)."""
        self.server.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.server.send_signal(signal.SIGCONT)

    def listeners(self) -> int:
        """How many streams hear the microphone now."""
        return len(self._listening(MICROPHONE))

    def close(self) -> None:
        self.go_on()
        for process in (*self._playing, self.server):
            _end(process)

    # Parts ------------------------------------------------------------------------------------

    def _start(self, *command: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [*_ends_with_us(), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
            )

    def _pactl(self, *order: str) -> str:
        done = subprocess.run(
            ["pactl", *order], env=self.environment, capture_output=True, text=True, timeout=20
        )
        if done.returncode:
            raise SoundCardFailed(f"pactl {' '.join(order)}: {done.stderr.strip()}")
        return done.stdout

    def _module(self) -> str:
        lines = self._pactl("list", "short", "modules").splitlines()
        return next(line.split()[0] for line in lines if f"sink_name={MICROPHONE}" in line)

    def _listening(self, sink: str = "") -> list[str]:
        """Numbers of the streams that record, of one sink's monitor or of all."""
        sources = {
            fields[0]: fields[1]
            for line in self._pactl("list", "short", "sources").splitlines()
            if len(fields := line.split()) > 1
        }
        return [
            fields[0]
            for line in self._pactl("list", "short", "source-outputs").splitlines()
            if len(fields := line.split()) > 1
            if not sink or sources.get(fields[1]) == f"{sink}.monitor"
        ]

    def _order(self, text: str) -> None:
        """What pactl cannot do."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(str(self.folder / "cli"))
            link.sendall(f"{text}\n".encode())
            link.shutdown(socket.SHUT_WR)
            while link.recv(4096):
                pass

    def _until(self, true: "object", what: str) -> None:
        assert callable(true)
        deadline = time.monotonic() + START_SECONDS
        while not true():
            if time.monotonic() > deadline:
                log = self.folder / f"{what}.log"
                raise SoundCardFailed(f"{what}: {log.read_text('utf-8', 'replace')[-1_500:]}")
            time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def virtual_sound_card(
    folder: Path, rate_hz: int = RATE_HZ, channels: int = 2, microphone: bool = True
) -> Iterator[SoundCard]:
    """The card, until it is left. `folder` becomes the home of those who use it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".asoundrc").write_text(_ASOUNDRC, "utf-8")
    # A short path: a socket's has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="kitsu-card-") as name:
        short = Path(name)
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PULSE_")},
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(short),
            "XDG_CONFIG_HOME": str(folder / ".config"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={short}/no-bus",
            "PULSE_SERVER": f"unix:{short}/native",
            "PULSE_COOKIE": str(short / "cookie"),
        }
        with (short / "pulseaudio.log").open("wb") as log:
            server = subprocess.Popen(
                [*_ends_with_us(), *_server_command(short)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )
        card = SoundCard(short, environment, server)
        try:
            card._until((short / "cli").is_socket, "pulseaudio")
            if microphone:
                card.plug(rate_hz, channels)
            yield card
        finally:
            card.close()


def _server_command(folder: Path) -> list[str]:
    modules = (
        f"module-null-sink sink_name={LOUDSPEAKER} rate={RATE_HZ}",
        f"module-native-protocol-unix auth-anonymous=1 socket={folder}/native",
        f"module-cli-protocol-unix socket={folder}/cli",
    )
    quiet = ("-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1")
    orders = [word for module in modules for word in ("-L", module)]
    return ["pulseaudio", *quiet, "--log-target=stderr", *orders]


def _channel_map(channels: int) -> str:
    more = (f"aux{number}" for number in range(channels - len(_ALSA_CHANNELS)))
    return "mono" if channels == 1 else ",".join((*_ALSA_CHANNELS[:channels], *more))


def _ends_with_us() -> list[str]:
    """The words before a command that make the kernel end it when we are gone."""
    program = shutil.which("setpriv")
    return [program, "--pdeathsig", "KILL"] if program else []


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
