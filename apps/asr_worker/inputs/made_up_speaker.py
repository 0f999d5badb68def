"""A speaker who is not there: phrases with pauses, for tests and soak."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from apps.asr_worker.inputs.base import RATE_HZ, Block, Source
from apps.asr_worker.inputs.paced_sound import PacedSound
from libs.audio.wav import Recording, decode_wav
from libs.telemetry import clock

#: Made by scripts/made_up_speaker.py; each file is named by its words.
FOLDER = Path(__file__).with_name("phrases")
FIRST_PAUSE_SECONDS = 3.0
#: Long enough for an answer of a few sentences.
PAUSE_SECONDS = 12.0
#: A room is never quite silent.
NOISE_DBFS = -62.0
NOISE_SECONDS = 4


class MadeUpSpeaker:
    """See `SoundInput`. Says the phrases in turn, for ever; which one and when follows from the
    position alone."""

    source: Source = "file"
    device = "a made-up speaker (ASR_FAKE_AUDIO=1)"
    problem = ""

    def __init__(
        self,
        phrases: list[Recording],
        pause_seconds: float = PAUSE_SECONDS,
        now: Callable[[], float] = clock.now,
    ) -> None:
        self._now = now
        pause = bytes(round(pause_seconds * RATE_HZ) * 2)
        spoken = b"".join(phrase.pcm + pause for phrase in phrases)
        self._round = np.frombuffer(spoken, "<i2").astype(np.int32)
        self._first = round(min(FIRST_PAUSE_SECONDS, pause_seconds) * RATE_HZ)
        spread = 32768 * 10 ** (NOISE_DBFS / 20)
        noise = np.random.default_rng(1).normal(0, spread, NOISE_SECONDS * RATE_HZ)
        self._noise = np.rint(noise).astype(np.int32)
        self._sound: PacedSound | None = None

    @property
    def present(self) -> bool:
        return self._sound is not None

    @property
    def lost_samples(self) -> int:
        return self._sound.lost_samples if self._sound is not None else 0

    async def open(self) -> None:
        if self._sound is None:
            self._sound = PacedSound(self.sound, self._now)

    async def close(self) -> None:
        self._sound = None

    async def take(self) -> list[Block]:
        await self.open()
        assert self._sound is not None
        return await self._sound.take()

    def sound(self, position: int, samples: int) -> bytes:
        at = np.arange(position, position + samples)
        noise = self._noise[at % len(self._noise)]
        speech = np.where(at < self._first, 0, self._round[(at - self._first) % len(self._round)])
        return bytes(np.clip(noise + speech, -32768, 32767).astype("<i2").tobytes())


def phrase_files() -> list[Path]:
    return sorted(FOLDER.glob("*.wav"))


def made_up_speaker(now: Callable[[], float] = clock.now) -> MadeUpSpeaker:
    """The speaker of `ASR_FAKE_AUDIO=1`."""
    return MadeUpSpeaker([decode_wav(file.read_bytes()) for file in phrase_files()], now=now)
