"""Sends one sentence's sound to the stage, chunk by chunk, no further ahead than it may be."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice

from apps.tts_worker.engines.base import SoundPiece
from apps.tts_worker.pacing import Pacing
from libs.audio.framing import Frame, Framer
from libs.contracts.envelope import Event
from libs.contracts.speaking import (
    AudioChunk,
    MouthCue,
    SentenceSynthesized,
    SpeakSentence,
    WordCue,
)

#: Sample rate named when there is no sound at all.
SILENT_SAMPLE_RATE_HZ = 22_050
#: So many chunks leave in one go where a voice gave them in one piece: each costs the stage a
#: wake-up otherwise. About a second of sound that an interruption comes too late for.
SENT_TOGETHER = 10

Publish = Callable[[Event, bytes], Awaitable[None]]


class SentenceStale(Exception):
    """The show went on without this sentence."""


class SentenceSender:
    """One sentence on its way out.

    Promises: chunks leave in order and without a gap, each with the cues that start inside it;
    after `stale` answers True nothing leaves (`SentenceStale`). Time in which the sentence was
    held back on purpose does not count against its deadline.
    """

    def __init__(
        self,
        sentence: SpeakSentence,
        publish: Publish,
        pacing: Pacing,
        stale: Callable[[SpeakSentence], bool],
    ) -> None:
        self.held_seconds = 0.0
        self.engine = ""
        self.sentence = sentence
        self._publish = publish
        self._pacing = pacing
        self._stale = stale
        self._received_at = time.perf_counter()
        self._framer: Framer | None = None
        self._sample_rate_hz = SILENT_SAMPLE_RATE_HZ
        self._sent_samples = 0
        self._mouth: list[MouthCue] = []
        self._words: list[WordCue] = []

    @property
    def utterance_id(self) -> str:
        return self.sentence.utterance_id or self.sentence.event_id

    async def send(self, piece: SoundPiece) -> None:
        if self._framer is None:
            self._sample_rate_hz = piece.sample_rate_hz
            self._framer = Framer(piece.sample_rate_hz)
        self.engine = piece.engine
        self._mouth += piece.mouth
        self._words += piece.words
        await self._send_frames(self._framer.push(piece.pcm))

    async def finish(self, failed: str = "", cached: bool = False) -> None:
        """The rest of the sound, and the word that this was all."""
        if self._framer is not None:
            await self._send_frames(self._framer.flush(), last=True)
        failed = failed or ("" if self._sent_samples else "nothing_to_say")
        if self._stale(self.sentence):
            raise SentenceStale
        await self._publish(
            SentenceSynthesized.caused_by(
                self.sentence,
                index=self.sentence.index,
                total_samples=self._sent_samples,
                sample_rate_hz=self._sample_rate_hz,
                text=self.sentence.text,
                engine=self.engine,
                synthesis_seconds=time.perf_counter() - self._received_at - self.held_seconds,
                cached=cached,
                failed=failed,
                expires_at=self._expires_at(),
            ),
            b"",
        )

    async def _send_frames(self, frames: Iterable[Frame], last: bool = False) -> None:
        for some in _together(frames):
            await self._wait_for_the_listener()
            if self._stale(self.sentence):
                raise SentenceStale
            chunks = [(self._next_chunk(frame, last), frame.pcm) for frame in some]
            if len(chunks) == 1:
                await self._publish(*chunks[0])
            else:
                await asyncio.gather(*(self._publish(*chunk) for chunk in chunks))
            seconds = (some[-1].end_samples - some[0].offset_samples) / self._sample_rate_hz
            self._pacing.sent(self.utterance_id, seconds, time.monotonic())

    async def _wait_for_the_listener(self) -> None:
        wait_seconds = self._pacing.wait_seconds(self.utterance_id, time.monotonic())
        if wait_seconds > 0:
            await asyncio.sleep(wait_seconds)
            self.held_seconds += wait_seconds

    def _next_chunk(self, frame: Frame, last: bool) -> AudioChunk:
        end_seconds = float("inf") if last else frame.end_samples / self._sample_rate_hz
        chunk = self._chunk(frame, end_seconds)
        self._mouth = [cue for cue in self._mouth if cue.at_seconds >= end_seconds]
        self._words = [cue for cue in self._words if cue.at_seconds >= end_seconds]
        self._sent_samples = frame.end_samples
        return chunk

    def _chunk(self, frame: Frame, end_seconds: float) -> AudioChunk:
        sentence = self.sentence
        first = frame.offset_samples == 0
        return AudioChunk.caused_by(
            sentence,
            index=sentence.index,
            offset_samples=frame.offset_samples,
            sample_rate_hz=self._sample_rate_hz,
            text=sentence.text if first else "",
            mood=sentence.mood,
            mouth=tuple(cue for cue in self._mouth if cue.at_seconds < end_seconds),
            words=tuple(cue for cue in self._words if cue.at_seconds < end_seconds),
            policy_seconds=sentence.policy_seconds,
            first_token_seconds=sentence.first_token_seconds,
            gate_seconds=sentence.gate_seconds,
            synthesis_seconds=time.perf_counter() - self._received_at if first else 0.0,
            expires_at=self._expires_at(),
        )

    def _expires_at(self) -> float | None:
        deadline = self.sentence.expires_at
        return None if deadline is None else deadline + self.held_seconds


def _together(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """The first frame of a sentence alone: it is waited for. Of the others, what is there."""
    frames = iter(frames)
    for frame in frames:
        yield [frame, *islice(frames, SENT_TOGETHER - 1 if frame.offset_samples else 0)]
