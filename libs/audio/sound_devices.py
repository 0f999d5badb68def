"""The sound devices of this machine, through PortAudio (the `sounddevice` package)."""

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from libs.telemetry.redaction import visible

Direction = Literal["input", "output"]

#: Of the ways to one device on Windows, the first of these is taken: they mix and convert.
_HOST_APIS = ("Windows WASAPI", "Windows DirectSound", "MME")
LONGEST_NAME = 80
#: PortAudio reads the devices of a machine in less, or hangs.
LONGEST_READING_SECONDS = 1.0

INSTALL_STEPS = {
    "linux": "sudo apt install libportaudio2 (Fedora: sudo dnf install portaudio)",
    "darwin": "brew install portaudio",
}


class SoundTrouble(Exception):
    """A device that cannot be used; the message says why, with the step that mends it."""


class PortAudioMissing(SoundTrouble):
    def __init__(self) -> None:
        step = INSTALL_STEPS.get(sys.platform, "python3 scripts/kitsu.py doctor")
        super().__init__(f"the sound library PortAudio is missing: {step}")


class NoSuchDevice(SoundTrouble):
    """Nothing fits what was asked for, or too much does."""


class DeviceRefused(SoundTrouble):
    """It is there, and cannot be opened."""


@dataclass(frozen=True)
class SoundDevice:
    index: int
    name: str
    host_api: str
    inputs: int
    outputs: int
    sample_rate_hz: int
    default: tuple[Direction, ...] = ()

    def channels(self, direction: Direction) -> int:
        return self.inputs if direction == "input" else self.outputs


def portaudio() -> Any:
    """The `sounddevice` package. Raises `PortAudioMissing`; may block for a while."""
    try:
        import sounddevice
    except (ImportError, OSError):
        raise PortAudioMissing from None
    return sounddevice


def sound_devices() -> list[SoundDevice]:
    """As PortAudio saw them when its list was read last. Raises `SoundTrouble`."""
    sounds = portaudio()
    try:
        apis = [str(api["name"]) for api in sounds.query_hostapis()]
        listed, chosen = sounds.query_devices(), list(sounds.default.device)
    except (OSError, ValueError, sounds.PortAudioError) as error:
        raise DeviceRefused(f"the sound devices cannot be listed ({reason(error)})") from None
    directions: tuple[Direction, Direction] = ("input", "output")
    return [
        SoundDevice(
            index=index,
            name=_clean(str(device["name"])),
            host_api=apis[device["hostapi"]],
            inputs=int(device["max_input_channels"]),
            outputs=int(device["max_output_channels"]),
            sample_rate_hz=int(device["default_samplerate"]),
            default=tuple(d for d, at in zip(directions, chosen, strict=False) if at == index),
        )
        for index, device in enumerate(listed)
    ]


def choose(devices: Sequence[SoundDevice], wanted: str, direction: Direction) -> SoundDevice:
    """The device of this number, name, or part of a name; empty: the system's default.

    Raises `NoSuchDevice`, also where a part of a name fits several different devices.
    """
    usable = [device for device in devices if device.channels(direction)]
    what = "microphone" if direction == "input" else "loudspeaker"
    if not usable:
        raise NoSuchDevice(f"this machine has no {what}: connect one")
    if not wanted:
        return next((d for d in usable if direction in d.default), usable[0])
    if wanted.isdecimal():
        fitting = [device for device in usable if device.index == int(wanted)]
    else:
        fitting = _named(usable, " ".join(wanted.split()).casefold())
    if not fitting:
        raise NoSuchDevice(f"no {what} fits '{_clean(wanted)}': see kitsu devices")
    names = sorted({device.name for device in fitting})
    if len(names) > 1:
        listed = ", ".join(f"'{name}'" for name in names)[: 2 * LONGEST_NAME]
        raise NoSuchDevice(f"'{_clean(wanted)}' fits {listed}: say more of the name")
    return min(fitting, key=_preference)


def _named(devices: Sequence[SoundDevice], wanted: str) -> list[SoundDevice]:
    same = [device for device in devices if device.name.casefold() == wanted]
    return same or [device for device in devices if wanted in device.name.casefold()]


def _preference(device: SoundDevice) -> tuple[int, int]:
    known = device.host_api in _HOST_APIS
    return (_HOST_APIS.index(device.host_api) if known else len(_HOST_APIS), device.index)


def reason(error: Exception) -> str:
    """What PortAudio said, on one line."""
    return _clean(str(error.args[0] if error.args else error))


def _clean(text: str) -> str:
    """On one line and safe to show: drivers tell names that a device's maker chose."""
    return visible(" ".join(text.split()))[:LONGEST_NAME]


class OpenStreams:
    """Counts this process's streams, for PortAudio reads its list of devices only when it is
    started anew, and that ends every stream."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._counting = threading.Lock()
        self._count = 0

    def opened(self) -> None:
        """Before a stream is opened: waits while the list is being read, but not for ever."""
        waited = self._reading.acquire(timeout=LONGEST_READING_SECONDS)
        with self._counting:
            self._count += 1
        if waited:
            self._reading.release()

    def closed(self) -> None:
        with self._counting:
            self._count -= 1

    def read_devices_again(self) -> bool:
        """Whether it could be done; blocks for up to a second. Raises `SoundTrouble`."""
        sounds = portaudio()
        with self._reading:
            if self._count:
                return False
            try:
                sounds._terminate()
                sounds._initialize()
            except sounds.PortAudioError as error:
                raise DeviceRefused(f"the sound system does not start ({reason(error)})") from None
            return True


#: Of this process.
OPEN_STREAMS = OpenStreams()
