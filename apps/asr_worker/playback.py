"""What of hers is audible now, rebuilt from what goes to the stage and what the stage says."""

from dataclasses import dataclass

import numpy as np

from apps.asr_worker.her_line import Floats, HerLine
from apps.asr_worker.inputs.base import RATE_HZ
from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.speaking import (
    AudioChunk,
    PlaybackFinished,
    PlaybackOutcome,
    PlaybackProgressed,
    PlaybackStarted,
    SentenceSynthesized,
)
from libs.speech.playback_clock import Anchor, PlaybackClock

#: Utterances known at a time; of more, the oldest goes.
MAXIMUM_LINES = 8
#: Where nothing plays, a reply begins at the stage about so long after its first sound was sent.
BEGINS_AFTER_SECONDS = 0.03
#: How much quieter she is while lowered (as at the stage).
LOWERED_LEVEL = 0.25
#: What she said this long ago may still be understood now.
SAID_SECONDS = 6.0


@dataclass(frozen=True)
class LastWords:
    """How her last utterance ended."""

    at: float
    completed: bool
    text: str


class Playback:
    """Promises: within a bound of memory, the sound she makes at a moment of the show's clock, as
    the stage tells it; each `PlaybackProgressed` sets it right again. When it joins in the middle
    it says that she is audible and, until it can be known, not what she says (`reference` None).
    """

    def __init__(self, gap_seconds: float = 0.15) -> None:
        self._gap_seconds = gap_seconds
        self._lines: dict[str, HerLine] = {}
        self._clock = PlaybackClock()
        self.last: LastWords | None = None

    def take(self, event: Event, data: bytes = b"") -> None:
        """Any event; what says nothing about her playback is left alone."""
        match event:
            case AudioChunk():
                self._chunk(event, data)
            case SentenceSynthesized():
                self._synthesized(event)
            case PlaybackStarted() | HoldSpeaking():
                self._clock.take(event)
            case PlaybackProgressed():
                self._progressed(event)
            case PlaybackFinished():
                at = event.stopped_at if event.stopped_at is not None else event.emitted_at
                completed = event.outcome is PlaybackOutcome.COMPLETED
                self._end(event.utterance_id, at, completed, event.heard_text)
            case StopSpeaking():
                self._stopped(event)

    # What is asked -----------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """Changes whenever what `reference` said of the last moments may be said otherwise now."""
        return self._clock.revision

    @property
    def utterance_id(self) -> str | None:
        """What she is saying, also while it is held."""
        return self._clock.utterance_id

    @property
    def turn_id(self) -> str | None:
        return self._clock.turn_id if self._clock.begun else None

    @property
    def epoch(self) -> int:
        return self._clock.epoch if self._clock.begun else 0

    def audible(self, at: float) -> bool:
        """Whether an utterance of hers was begun and is not over; held ones count."""
        return self._clock.audible(at, self._has_sound(at))

    def reference(self, at: float, count: int) -> Floats | None:
        """`count` samples at 16 kHz that she makes from `at` on. None: it is not known."""
        self._clock.give_up_expecting(at)
        parts: list[Floats] = []
        while count > 0:
            anchor, until = self._clock.stretch(at)
            length = min(count, max(1, round((until - at) * RATE_HZ))) if until else count
            part = self._part(anchor, at, length)
            if part is None:
                return None
            parts.append(part)
            at, count = at + length / RATE_HZ, count - length
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _part(self, anchor: Anchor | None, at: float, count: int) -> Floats | None:
        if anchor is None:
            return np.zeros(count, np.float32)
        line = self._lines.get(anchor.utterance_id)
        if line is None:
            return None
        if anchor.stands:
            return np.zeros(count, np.float32)
        position = anchor.position_at(at)
        if not line.knows(position):
            return None
        if self._clock.is_newest(anchor):
            line.forget_before(position)
        level = LOWERED_LEVEL if anchor.hold is SpeechHold.LOWERED else 1.0
        return line.read(position, count) * np.float32(level)

    def said(self, at: float) -> list[str]:
        """The sentences she says now or said just before."""
        anchor = self._clock.anchor(at)
        texts: list[str] = []
        if self.last is not None and at - self.last.at < SAID_SECONDS:
            texts.append(self.last.text)
        line = self._lines.get(anchor.utterance_id) if anchor is not None else None
        if anchor is not None and line is not None:
            texts += line.text_near(anchor.position_at(at), SAID_SECONDS)
        return texts

    def _has_sound(self, at: float) -> bool:
        anchor = self._clock.anchor(at)
        line = self._lines.get(anchor.utterance_id) if anchor is not None else None
        if anchor is None or line is None:
            return False
        return anchor.stands or anchor.position_at(at) < line.known_seconds

    # What is told ------------------------------------------------------------------------------

    def _chunk(self, event: AudioChunk, pcm: bytes) -> None:
        line = self._line(event)
        sentence = line and line.sentence(event.index, event.sample_rate_hz)
        if sentence:
            sentence.add(event.offset_samples, pcm)
            sentence.text = sentence.text or event.text
            if self._clock.waits and event.index == 0 and event.offset_samples == 0:
                begins_at = event.emitted_at + BEGINS_AFTER_SECONDS
                self._clock.expect(event.utterance_id or "", begins_at)

    def _synthesized(self, event: SentenceSynthesized) -> None:
        line = self._line(event)
        if line is None:
            return
        known = line.sentences.get(event.index)
        rate = known.rate_hz if known is not None else event.sample_rate_hz or RATE_HZ
        if sentence := line.sentence(event.index, rate):
            sentence.close(event.text, event.total_samples, bool(event.failed))

    def _line(self, event: Event) -> HerLine | None:
        identity = event.utterance_id
        if not identity or self._clock.has_ended(identity):
            return None
        if identity not in self._lines:
            self._lines[identity] = HerLine(identity, event.turn_id, event.epoch, self._gap_seconds)
            while len(self._lines) > MAXIMUM_LINES:
                playing = self.utterance_id
                del self._lines[next(known for known in self._lines if known != playing)]
        return self._lines[identity]

    def _progressed(self, event: PlaybackProgressed) -> None:
        if not self._clock.take(event):
            return
        line = self._line(event)
        if line is not None and 0 <= event.position_seconds <= event.known_seconds + 1.0:
            line.placed(event.index, event.position_seconds)

    def _stopped(self, event: StopSpeaking) -> None:
        playing = self.utterance_id
        if self._clock.cut_by(event):
            for identity, known in list(self._lines.items()):
                older = known.epoch < event.epoch if event.turn_id is None else True
                if older and event.turn_id in (None, known.turn_id) and identity != playing:
                    del self._lines[identity]
            self._end(playing, event.emitted_at, False, "")
        self._clock.take(event)

    def _end(self, identity: str | None, at: float, completed: bool, text: str) -> None:
        if not identity:
            return
        line = self._lines.pop(identity, None)
        playing = self._clock.end(identity)
        if not playing and line is None and not text:
            return
        said = text or " ".join(s.text for s in line.sentences.values()) if line else text
        self.last = LastWords(at, completed, said)
        following = next(iter(self._lines), None) if playing else None
        if following is not None:
            self._clock.expect(following, at + self._gap_seconds)
