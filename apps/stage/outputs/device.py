"""A sound device of this machine, through PortAudio (the `sounddevice` package)."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from apps.stage.outputs.base import OutputMissing, Playing
from apps.stage.outputs.loudness import FADE_SECONDS, LOWERED_LEVEL, LOWERING_SECONDS, Loudness
from apps.stage.outputs.silent import SilentOutput
from apps.stage.sentence import BYTES_PER_SAMPLE
from apps.stage.utterance import Utterance
from libs.audio.sound_devices import OPEN_STREAMS
from libs.contracts.health import ModuleState
from libs.contracts.interruption import SpeechHold
from libs.worker.worker import Health

#: Asked of PortAudio: below 20 ms some cards run dry, above 100 ms a stop is heard late.
LATENCY_SECONDS = 0.05
#: One callback's worth: what may still be heard after a stop.
BLOCK_SECONDS = 0.02
#: Rate of the stream before the first utterance; a voice of another rate opens it anew.
FIRST_RATE_HZ = 24_000

INSTALL_HINT = (
    "the sound library PortAudio is missing: on Debian and Ubuntu `sudo apt install libportaudio2`"
    ", on Fedora `sudo dnf install portaudio`; or set STAGE_OUTPUT=overlay"
)
DEVICE_HINT = (
    "no such sound device ({problem}): see `kitsu devices` and set STAGE_DEVICE, "
    "or set STAGE_OUTPUT=overlay"
)


class SoundQueue:
    """Samples between the event loop and the sound card's thread.

    Promises: `take` always gives as many bytes as asked for, silence where there is no sound;
    after `flush` it gives a fade of 5 ms from what was sounding, then silence. While it is paused
    it gives silence; afterwards the sound goes on where the card had let it out to, with a ramp.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._fading = bytearray()
        self._blocks: deque[tuple[bytes, float]] = deque()
        self._heard = 0
        self._loudness = Loudness(rate_hz)
        self._level = 1.0
        self._paused = False
        self.first_due_at: float | None = None

    def heard(self, now: float) -> int:
        """Samples of the present utterance that the card has let out."""
        with self._lock:
            of_block = self._heard_of_block(now)
            return self._heard + of_block

    def _heard_of_block(self, now: float) -> int:
        """Counts the blocks that are over; how much of the present one was heard."""
        while self._blocks:
            pcm, due_at = self._blocks[0]
            count = len(pcm) // BYTES_PER_SAMPLE
            passed = max(0, int((now - due_at) * self.rate_hz))
            if passed < count:
                return passed
            self._heard += count
            self._blocks.popleft()
        return 0

    def put(self, pcm: bytes) -> None:
        with self._lock:
            self._waiting += pcm

    def flush(self) -> None:
        """Drops what waits, and counts from 0 again."""
        fade = 0 if self._paused else int(FADE_SECONDS * self.rate_hz) * BYTES_PER_SAMPLE
        with self._lock:
            self._fading = bytearray(_faded(self._loudness.of(bytes(self._waiting[:fade]))))
            self._loudness.jump(self._level)
            self._waiting.clear()
            self._blocks.clear()
            self._heard = 0
            self.first_due_at = None

    def hold(self, hold: SpeechHold) -> None:
        """Paused: from now on only silence is taken. Not any more: the sound goes on."""
        with self._lock:
            was_paused, self._paused = self._paused, hold is SpeechHold.PAUSED
            if self._paused:
                return
            self._level = LOWERED_LEVEL if hold is SpeechHold.LOWERED else 1.0
            if was_paused:
                self._loudness.jump(0.0)
            self._loudness.move(self._level, FADE_SECONDS if was_paused else LOWERING_SECONDS)

    def give_back(self, now: float) -> None:
        """What the card had not let out by then, and never will, waits again."""
        with self._lock:
            heard_of_block = self._heard_of_block(now)
            taken = b"".join(pcm for pcm, _ in self._blocks)
            self._waiting[:0] = taken[heard_of_block * BYTES_PER_SAMPLE :]
            self._heard += heard_of_block
            self._blocks.clear()
            self.first_due_at = self.first_due_at if self._heard else None

    def take(self, size: int, due_at: float) -> bytes:
        """`size` bytes for the card, that will be heard at `due_at`. Called by its thread."""
        with self._lock:
            faded = bytes(self._fading[:size])
            del self._fading[:size]
            wanted = 0 if self._paused else size - len(faded)
            part = bytes(self._waiting[:wanted])
            del self._waiting[:wanted]
            if part:
                due_at += len(faded) / BYTES_PER_SAMPLE / self.rate_hz
                self._blocks.append((part, due_at))
                self.first_due_at = due_at if self.first_due_at is None else self.first_due_at
                part = self._loudness.of(part)
        return faded + part + bytes(size - len(faded) - len(part))


def _faded(pcm: bytes) -> bytes:
    """The samples, falling to nothing."""
    samples = memoryview(pcm).cast("h")
    count = len(samples)
    falling = (int(value * (count - n) / count) for n, value in enumerate(samples))
    return b"".join(value.to_bytes(2, "little", signed=True) for value in falling)


class DeviceOutput:
    """One output stream, open all the time: a cold one takes up to a second to sound.

    Without PortAudio or a device, or when the device is lost, the silent clock keeps time and
    health says what to do.
    """

    def __init__(self, device: str, now: Callable[[], float] = time.monotonic) -> None:
        self._device: str | int | None = int(device) if device.isdecimal() else device or None
        self._now = now
        self._silent = SilentOutput(now)
        self._sounds: Any = None
        self._stream: Any = None
        self._queue = SoundQueue(FIRST_RATE_HZ)
        self._fed = 0
        self._finished = False
        self._hold = SpeechHold.NONE
        self._problem = ""

    @property
    def name(self) -> str:
        return "device" if self._stream is not None else self._silent.name

    async def open(self) -> None:
        try:
            import sounddevice
        except OSError:
            self._problem = INSTALL_HINT
            raise OutputMissing(INSTALL_HINT) from None
        self._sounds = sounddevice
        self._open_stream(FIRST_RATE_HZ)

    async def close(self) -> None:
        self._close_stream()

    def start(self, utterance: Utterance, number: int) -> None:
        self._fed, self._finished = 0, False
        if self._sounds is not None and (
            self._stream is None or self._queue.rate_hz != utterance.rate_hz
        ):
            try:
                self._open_stream(utterance.rate_hz)
            except OutputMissing:
                self._stream = None
        self._queue.flush()
        self._silent.start(utterance, number)

    def feed(self, pcm: bytes) -> None:
        self._fed += len(pcm) // BYTES_PER_SAMPLE
        if self._stream is None:
            self._silent.feed(pcm)
        else:
            self._queue.put(pcm)

    def finish(self) -> None:
        self._finished = True
        self._silent.finish()

    def playing(self) -> Playing:
        if self._stream is None:
            return self._silent.playing()
        if not self._stream.active:
            self._lose("the sound device went away")
            return self._silent.playing()
        position = self._queue.heard(self._now())
        return Playing(position, self._queue.first_due_at, self._finished and position >= self._fed)

    def hold(self, hold: SpeechHold) -> None:
        self._silent.hold(hold)
        self._hold = hold
        self._queue.hold(hold)
        if hold is SpeechHold.PAUSED and self._stream is not None:
            self._pause()

    def _pause(self) -> None:
        """What the card has buffered is not heard now: it is said again afterwards."""
        playing = self.playing()
        if self._stream is None or playing.ended or playing.audible_at is None:
            return
        cut_at = self._now()
        self._abort()
        self._queue.give_back(cut_at)

    def stop(self) -> int:
        if self._stream is None:
            return self._silent.stop()
        last = self.playing()
        self._queue.flush()
        if not last.ended and self._stream is not None and self._hold is not SpeechHold.PAUSED:
            self._abort()
        self._silent.stop()
        return last.position

    def _abort(self) -> None:
        """What the card has buffered is not heard either; the stream goes on.

        A flush alone was heard 40 to 80 ms longer, an abort 7 ms (PortAudio on PulseAudio).
        """
        try:
            self._stream.abort()
            self._stream.start()
        except self._sounds.PortAudioError:
            self._lose("the sound device went away")

    def health(self) -> Health:
        if self._stream is not None:
            return Health(ModuleState.READY, "plays on a sound device", "device")
        return Health(ModuleState.DEGRADED, f"nobody hears her: {self._problem}", self._silent.name)

    def _lose(self, problem: str) -> None:
        position = self._queue.heard(self._now())
        rate_hz = self._queue.rate_hz
        self._close_stream()
        self._problem = DEVICE_HINT.format(problem=problem)
        self._silent.begin(rate_hz, position, self._fed)
        if self._finished:
            self._silent.finish()

    def _open_stream(self, rate_hz: int) -> None:
        self._close_stream()
        queue = SoundQueue(rate_hz)
        queue.hold(self._hold)

        def give(out: Any, frames: int, times: Any, status: Any) -> None:
            delay = max(0.0, times.outputBufferDacTime - times.currentTime)
            out[:] = queue.take(frames * BYTES_PER_SAMPLE, self._now() + delay)

        OPEN_STREAMS.opened()
        try:
            stream = self._sounds.RawOutputStream(
                samplerate=rate_hz,
                blocksize=int(rate_hz * BLOCK_SECONDS),
                device=self._device,
                channels=1,
                dtype="int16",
                latency=LATENCY_SECONDS,
                callback=give,
            )
            stream.start()
        except (OSError, ValueError, self._sounds.PortAudioError) as error:
            OPEN_STREAMS.closed()
            self._problem = DEVICE_HINT.format(problem=str(error).strip()[:120])
            raise OutputMissing(self._problem) from None
        self._stream, self._queue, self._problem = stream, queue, ""

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)
            OPEN_STREAMS.closed()
