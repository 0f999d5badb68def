"""The sound devices of this machine, tried out."""

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np

from apps.cli.settings import CliSettings
from libs.audio.card_thread import CardThread, SoundSystemHangs
from libs.audio.loudness import level_dbfs, peak
from libs.audio.sound_devices import (
    OPEN_STREAMS,
    DeviceRefused,
    Direction,
    NoSuchDevice,
    SoundDevice,
    SoundTrouble,
    choose,
    portaudio,
    reason,
    sound_devices,
)

Result = TypeVar("Result")

#: So much of a microphone's sound is listened to, after at most so long a wait for it.
MEASURE_SECONDS = 0.5
COLD_SECONDS = 2.5
#: All microphones together; what does not fit is not measured.
ALL_SECONDS = 15.0
#: A call that takes longer hangs.
PATIENCE_SECONDS = 6.0
TONE_HZ, TONE_SECONDS, TONE_AMPLITUDE = 440.0, 0.8, 0.1
FADE_SECONDS = 0.05
SILENCE_DB = -120.0

NOT_A_DEVICE = {
    "none": "nothing is heard (ASR_INPUT_DEVICE=none)",
    "panel": "the microphone of the browser that shows the panel (ASR_INPUT_DEVICE=panel)",
}


@dataclass(frozen=True)
class Heard:
    """What a microphone gave; `problem` says why there are no levels."""

    level_dbfs: float | None = None
    peak_dbfs: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class Chosen:
    """What a setting means here. `other`: something that is no device of this machine."""

    setting: str
    index: int | None = None
    name: str = ""
    other: str = ""
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class SoundDesk:
    """Asks PortAudio in a thread of its own, so that a driver that hangs holds nobody up."""

    def __init__(self) -> None:
        self._cards = CardThread()

    def devices(self) -> list[SoundDevice]:
        """Raises `SoundTrouble`."""
        return self._cards.call_and_wait(sound_devices, PATIENCE_SECONDS)

    def levels(
        self, devices: Sequence[SoundDevice], tell: Callable[[float, str], None]
    ) -> dict[int, Heard]:
        """Of the microphones, by their numbers. `tell` hears how far it is, in percent."""
        inputs = [device for device in devices if device.inputs]
        heard: dict[int, Heard] = {}
        until = time.monotonic() + ALL_SECONDS
        for number, device in enumerate(inputs):
            tell(100 * number / len(inputs), f"listening to {device.name}")
            if time.monotonic() > until:
                heard[device.index] = Heard(problem="not measured: the others took too long")
                continue
            heard[device.index] = self._level(device)
        if inputs:
            tell(100, "done")
        return heard

    def play_tone(self, device: SoundDevice) -> None:
        """A short soft tone. Raises `SoundTrouble`."""
        self._cards.call_and_wait(lambda: _quietly(_play_tone, device), PATIENCE_SECONDS)

    def _level(self, device: SoundDevice) -> Heard:
        try:
            return self._cards.call_and_wait(lambda: _quietly(_listen, device), PATIENCE_SECONDS)
        except SoundSystemHangs:
            return Heard(problem="does not answer: unplug it, or restart the sound system")
        except SoundTrouble as trouble:
            return Heard(problem=str(trouble))


def chosen_microphone(devices: Sequence[SoundDevice], settings: CliSettings) -> Chosen:
    wanted = settings.asr_input_device.strip()
    kind = wanted.casefold()
    if settings.asr_fake_audio:
        return Chosen(wanted, other="a made-up speaker (ASR_FAKE_AUDIO=1)")
    if kind in NOT_A_DEVICE:
        return Chosen(wanted, other=NOT_A_DEVICE[kind])
    if kind.startswith("file:"):
        return Chosen(wanted, other=f"a sound file ({wanted[5:]})")
    try:
        device = choose(devices, re.sub(r"#\d{1,2}$", "", wanted).strip(), "input")
    except NoSuchDevice as trouble:
        return Chosen(wanted, problem=str(trouble))
    return Chosen(wanted, device.index, device.name)


def chosen_loudspeaker(devices: Sequence[SoundDevice], wanted: str) -> Chosen:
    """As the stage chooses, which leaves that to `sounddevice`: a name must fit one entry only."""
    wanted = wanted.strip()
    try:
        device = choose(devices, wanted, "output")
    except NoSuchDevice as trouble:
        return Chosen(wanted, problem=str(trouble))
    ways = [d.host_api for d in devices if d.outputs and d.name == device.name]
    if wanted and not wanted.isdecimal() and len(ways) > 1:
        several = f"'{device.name}' is there {len(ways)} times ({', '.join(ways)})"
        return Chosen(wanted, problem=f"{several}: write its number, {device.index}")
    return Chosen(wanted, device.index, device.name)


def _quietly(work: Callable[[SoundDevice], Result], device: SoundDevice) -> Result:
    """PortAudio and ALSA write to standard error what we say ourselves, and better."""
    try:
        copy, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:
        return work(device)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        return work(device)
    finally:
        os.dup2(copy, 2)
        os.close(copy)


def _listen(device: SoundDevice) -> Heard:
    """Of its loudest channel."""
    sounds = portaudio()
    rate_hz, channels = device.sample_rate_hz, min(device.inputs, 16)
    channels = 1 if device.inputs > channels else channels
    wanted = round(MEASURE_SECONDS * rate_hz)
    pieces: list[bytes] = []

    def hear(data: Any, frames: int, times: Any, status: Any) -> None:
        pieces.append(bytes(data))

    def count() -> int:
        return sum(map(len, pieces)) // (2 * channels)

    form = {"samplerate": rate_hz, "channels": channels, "dtype": "int16", "callback": hear}
    OPEN_STREAMS.opened()
    stream = None
    try:
        stream = sounds.RawInputStream(device=device.index, **form)
        stream.start()
        until = time.monotonic() + COLD_SECONDS
        while count() < wanted and time.monotonic() < until:
            time.sleep(0.02)
    except (OSError, ValueError, sounds.PortAudioError) as error:
        raise _refused(device, "input", error) from None
    finally:
        if stream is not None:
            stream.close(ignore_errors=True)
        OPEN_STREAMS.closed()
    if not count():
        return Heard(problem="gives no sound at all: unplug it and plug it in again")
    frames = np.frombuffer(b"".join(pieces), "<i2").reshape(-1, channels)[-wanted:]
    sides = [np.ascontiguousarray(frames[:, side]).tobytes() for side in range(channels)]
    loudest = max(sides, key=level_dbfs)
    loud = peak(loudest)
    peak_dbfs = float(20 * np.log10(loud)) if loud else SILENCE_DB
    return Heard(round(level_dbfs(loudest), 1), round(peak_dbfs, 1))


def _play_tone(device: SoundDevice) -> None:
    sounds = portaudio()
    rate_hz, channels = device.sample_rate_hz, min(2, device.outputs)
    at = np.arange(round(TONE_SECONDS * rate_hz)) / rate_hz
    edge = np.minimum(at, at[::-1]).clip(0, FADE_SECONDS) / FADE_SECONDS
    tone = np.rint(32_767 * TONE_AMPLITUDE * edge * np.sin(2 * np.pi * TONE_HZ * at))
    pcm = np.repeat(tone.astype("<i2")[:, None], channels, axis=1).tobytes()
    form = {"samplerate": rate_hz, "channels": channels, "dtype": "int16"}
    OPEN_STREAMS.opened()
    stream = None
    try:
        stream = sounds.RawOutputStream(device=device.index, **form)
        stream.start()
        stream.write(pcm)
        stream.stop()
    except (OSError, ValueError, sounds.PortAudioError) as error:
        raise _refused(device, "output", error) from None
    finally:
        if stream is not None:
            stream.close(ignore_errors=True)
        OPEN_STREAMS.closed()


def _refused(device: SoundDevice, direction: Direction, error: Exception) -> DeviceRefused:
    allow = " and allow the microphone in the system's settings" if direction == "input" else ""
    return DeviceRefused(
        f"'{device.name}' cannot be opened ({reason(error)}): close the program that uses it "
        f"alone{allow}"
    )
