"""A sound file instead of a microphone."""

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path

from apps.asr_worker.inputs.base import RATE_HZ, Block, Source
from apps.asr_worker.inputs.block_maker import BlockMaker
from apps.asr_worker.inputs.paced_sound import PacedSound
from libs.audio.resampling import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from libs.audio.ring import Piece
from libs.settings.base import ROOT
from libs.telemetry import clock

#: Of the file: an hour of 16 kHz mono, five minutes of 192 kHz stereo.
LARGEST_BYTES = 230_000_000
MOST_CHANNELS = 32
#: How often a file that is missing or wrong is looked at again.
LOOK_AGAIN_SECONDS = 2.0
PIECE_FRAMES = 65_536


class NotThatSound(ValueError):
    """A file that is no sound for us; the message says why."""


class SoundFile:
    """See `SoundInput`. A WAV (16-bit PCM) of any rate and number of channels, once, in real time;
    after its end there is silence. A file that is missing or wrong is waited for."""

    source: Source = "file"

    def __init__(self, path: str, now: Callable[[], float] = clock.now) -> None:
        self._path = ROOT / Path(path.strip()).expanduser()
        self._now = now
        self._sound: PacedSound | None = None
        self._problem = ""

    @property
    def device(self) -> str:
        return self._path.name

    @property
    def present(self) -> bool:
        return self._sound is not None

    @property
    def problem(self) -> str:
        return self._problem

    @property
    def lost_samples(self) -> int:
        return self._sound.lost_samples if self._sound is not None else 0

    async def open(self) -> None:
        try:
            pcm = await asyncio.to_thread(sound_of, self._path)
        except NotThatSound as trouble:
            self._problem = str(trouble)
            return
        self._problem = ""

        def sound(position: int, samples: int) -> bytes:
            return pcm[position * 2 : (position + samples) * 2].ljust(samples * 2, b"\0")

        self._sound = PacedSound(sound, self._now)

    async def close(self) -> None:
        self._sound = None

    async def take(self) -> list[Block]:
        while self._sound is None:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await self.open()
        return await self._sound.take()


def sound_of(path: Path) -> bytes:
    """16 kHz mono. Raises `NotThatSound` with the file's name and the step that mends it."""
    mend = "ASR_INPUT_DEVICE=file:PATH takes a WAV with 16-bit PCM"
    try:
        with path.open("rb") as file, wave.open(file) as reader:
            return _read(reader)
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise NotThatSound(f"the sound file '{path}' cannot be read ({why}): {mend}") from None
    except NotThatSound as trouble:
        raise NotThatSound(f"'{path}': {trouble}. {mend}") from None
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        raise NotThatSound(f"'{path}' is no WAV file ({error}): {mend}") from None


def _read(reader: wave.Wave_read) -> bytes:
    rate_hz, channels = reader.getframerate(), reader.getnchannels()
    size_bytes = reader.getnframes() * channels * reader.getsampwidth()
    if size_bytes > LARGEST_BYTES:
        raise NotThatSound(f"{size_bytes // 1_000_000} MB of sound are too many")
    if reader.getsampwidth() != 2:
        raise NotThatSound(f"{8 * reader.getsampwidth()} bits per sample")
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise NotThatSound(f"{rate_hz} Hz")
    if not 1 <= channels <= MOST_CHANNELS:
        raise NotThatSound(f"{channels} channels")
    maker = BlockMaker(rate_hz, channels)
    made, position = [], 0
    while pcm := reader.readframes(PIECE_FRAMES):
        piece = Piece(position, pcm, position / rate_hz, len(pcm) // (2 * channels))
        made += maker.blocks([piece])
        position = piece.end
    made += maker.rest()
    pcm16 = b"".join(block.pcm for block in made)
    if not pcm16:
        raise NotThatSound("it has no sound in it")
    return pcm16[: round(position * RATE_HZ / rate_hz) * 2]
