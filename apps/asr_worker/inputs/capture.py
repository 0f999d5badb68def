"""One open stream of one microphone."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from libs.audio.resampling import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from libs.audio.ring import SoundRing
from libs.audio.sample_clock import SampleClock
from libs.audio.sound_devices import (
    OPEN_STREAMS,
    DeviceRefused,
    SoundDevice,
    choose,
    portaudio,
    reason,
    sound_devices,
)

#: A device that says it has more channels is a sound server, which makes as many as one asks for.
MOST_CHANNELS = 16
#: The first sound of a cold device was seen to take 1.1 s; later, hand-overs come every few ms.
COLD_SECONDS = 6.0
STILL_SECONDS = 2.5


@dataclass(frozen=True)
class Wish:
    """What is asked of a device. `channel`: the only one to be heard, from 0; None: the one with
    the voice."""

    device: str
    rate_hz: int
    frame_ms: int
    ring_seconds: float
    channel: int | None = None


class Capture:
    """A stream that is open from the beginning. Its thread only appends to `ring`.

    Everything but `gone` may block, and belongs into a `CardThread`.
    """

    def __init__(self, wish: Wish, loop: asyncio.AbstractEventLoop, filled: asyncio.Event) -> None:
        """Raises `SoundTrouble`."""
        self._sounds = portaudio()
        self._loop, self._filled = loop, filled
        self.device = choose(sound_devices(), wish.device, "input")
        self.wish = wish
        self.first_at: float | None = None
        self._last_at = 0.0
        self._stream: Any = None
        refused: Exception | None = None
        for rate_hz, channels in formats(self.device, wish):
            try:
                self._open(rate_hz, channels)
            except (OSError, ValueError, self._sounds.PortAudioError) as error:
                refused = refused or error
            else:
                return
        why = reason(refused) if refused is not None else "it has no fitting rate or channel"
        raise DeviceRefused(
            f"the microphone '{self.device.name}' cannot be opened ({why}): close the program that "
            "uses it alone, allow the microphone in the system's settings, or choose another with "
            "ASR_INPUT_DEVICE"
        )

    def gone(self, now: float) -> bool:
        """Whether no more sound will come (monotonic time)."""
        quiet_seconds = STILL_SECONDS if self.first_at is not None else COLD_SECONDS
        return not self._stream.active or now - self._last_at > quiet_seconds

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close(ignore_errors=True)
            finally:
                OPEN_STREAMS.closed()

    def _open(self, rate_hz: int, channels: int) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self.ring = SoundRing(
            round(self.wish.ring_seconds * rate_hz), self._loop, 2 * channels, self._filled
        )
        clock = SampleClock(rate_hz)

        def heard(data: Any, frames: int, times: Any, status: Any) -> None:
            now = time.monotonic()
            position, at = clock.place(frames, now)
            self.ring.append(position, bytes(data), at)
            self._last_at = now
            if self.first_at is None:
                self.first_at = now

        OPEN_STREAMS.opened()
        stream = None
        try:
            stream = self._sounds.RawInputStream(
                samplerate=rate_hz,
                blocksize=rate_hz * self.wish.frame_ms // 1000,
                device=self.device.index,
                channels=channels,
                dtype="int16",
                extra_settings=self._extra_settings(),
                callback=heard,
            )
            self._last_at = time.monotonic()
            stream.start()
            self._stream = stream
        finally:
            if self._stream is None:
                with contextlib.suppress(self._sounds.PortAudioError):
                    if stream is not None:
                        stream.close(ignore_errors=True)
                OPEN_STREAMS.closed()

    def _extra_settings(self) -> Any:
        if self.device.host_api == "Windows WASAPI":
            return self._sounds.WasapiSettings(auto_convert=True)
        return None


def formats(device: SoundDevice, wish: Wish) -> Iterator[tuple[int, int]]:
    """Rates and channels in the order in which they are tried, none twice.

    An interface of a few channels has the voice on one of them, and would give its first when
    asked for mono; so all are asked for.
    """
    least = 1 if wish.channel is None else wish.channel + 1
    few = 2 <= device.inputs <= MOST_CHANNELS
    widths = (device.inputs if few else least, least, 2, device.inputs)
    tried = set()
    for channels in widths:
        for rate_hz in (wish.rate_hz, device.sample_rate_hz, 48_000, 44_100):
            possible = least <= channels <= device.inputs
            if possible and LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
                form = rate_hz, channels
                if form not in tried:
                    tried.add(form)
                    yield form
