"""Her side of a scene as events: what TTS workers and the stage would publish, in their order."""

import functools
from dataclasses import dataclass, field

import numpy as np
import soxr

from libs.contracts.envelope import Event
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import (
    AudioChunk,
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
    SentenceSynthesized,
)
from libs.speech.bands import RATE_HZ, Floats

HER_RATE_HZ = 22_050
GAP_SECONDS = 0.15


@dataclass(frozen=True)
class Told:
    """An event, its sound, and when others hear of it (show's clock)."""

    at: float
    event: Event
    pcm: bytes = b""


@dataclass
class HerPlayback:
    """One utterance played from `began` on without a hold. Sentences are made `ahead_seconds`
    before they are due; the stage's word arrives `bus_seconds` late."""

    identity: str
    began: float
    sentences: list[Floats]
    texts: list[str]
    epoch: int = 1
    bus_seconds: float = 0.01
    clock_error_seconds: float = 0.0
    ahead_seconds: float = 1.0
    told: list[Told] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        lengths = [len(sound) / RATE_HZ for sound in self.sentences]
        return sum(lengths) + GAP_SECONDS * (len(lengths) - 1)

    @functools.cached_property
    def whole(self) -> Floats:
        gap = np.zeros(round(GAP_SECONDS * RATE_HZ), np.float32)
        parts = [part for sound in self.sentences for part in (sound, gap)]
        return np.concatenate(parts[:-1])

    def starts(self) -> list[float]:
        lengths = [len(sound) / RATE_HZ + GAP_SECONDS for sound in self.sentences]
        return [sum(lengths[:index]) for index in range(len(lengths))]

    def events(self) -> list[Told]:
        told = [*self._made(), *self._played()]
        return sorted(told, key=lambda one: one.at)

    def _made(self) -> list[Told]:
        told = []
        for index, (sound, text) in enumerate(zip(self.sentences, self.texts, strict=True)):
            at = self.began - 0.04 + max(0.0, self.starts()[index] - self.ahead_seconds)
            there = soxr.resample(sound, RATE_HZ, HER_RATE_HZ)
            pcm = np.clip(np.rint(there * 32_767), -32_768, 32_767).astype("<i2").tobytes()
            for offset in range(0, len(pcm) // 2, 2_205):
                chunk = AudioChunk(
                    utterance_id=self.identity, epoch=self.epoch, index=index, emitted_at=at,
                    offset_samples=offset, sample_rate_hz=HER_RATE_HZ, text="" if offset else text,
                )  # fmt: skip
                told.append(Told(at, chunk, pcm[offset * 2 : (offset + 2_205) * 2]))
                at += 0.002
            whole = SentenceSynthesized(
                utterance_id=self.identity, epoch=self.epoch, index=index, emitted_at=at, text=text,
                total_samples=len(pcm) // 2, sample_rate_hz=HER_RATE_HZ, engine="espeak",
                synthesis_seconds=0.1,
            )  # fmt: skip
            told.append(Told(at, whole))
        return told

    def _played(self) -> list[Told]:
        names = {"utterance_id": self.identity, "epoch": self.epoch}
        began = self.began + self.clock_error_seconds
        started = PlaybackStarted(
            **names, text=self.texts[0], output="device", started_at=began, emitted_at=began,
            first_chunk_at=began - 0.04,
        )  # fmt: skip
        told = [Told(began + self.bus_seconds, started)]
        position = 0.25
        while position < self.seconds:
            index = max(i for i, start in enumerate(self.starts()) if start <= position)
            progressed = self.progressed(index, position)
            told.append(Told(progressed.emitted_at + self.bus_seconds, progressed))
            position += 0.25
        finished = PlaybackFinished(
            **names, outcome=PlaybackOutcome.COMPLETED, heard_text=" ".join(self.texts),
            full_text=" ".join(self.texts), position_seconds=self.seconds,
            duration_seconds=self.seconds, stopped_at=began + self.seconds,
            emitted_at=began + self.seconds,
        )  # fmt: skip
        return [*told, Told(began + self.seconds + self.bus_seconds, finished)]

    def progressed(
        self, index: int, position: float, hold: SpeechHold = SpeechHold.NONE, at: float = 0.0
    ) -> PlaybackProgressed:
        return PlaybackProgressed(
            utterance_id=self.identity, epoch=self.epoch, index=index, text=self.texts[index],
            position_seconds=position, known_seconds=self.seconds, hold=hold,
            emitted_at=at or self.began + self.clock_error_seconds + position,
        )  # fmt: skip
