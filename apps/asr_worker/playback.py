"""What of hers is audible now, rebuilt from what goes to the stage and what the stage says."""

from collections import deque
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

#: Utterances known at a time; of more, the oldest goes.
MAXIMUM_LINES = 8
#: Moments of which it is remembered where she was.
MAXIMUM_ANCHORS = 64
#: The stage says "a few times a second" where it is: after so long without a word it is gone.
LOST_AFTER_SECONDS = 3.0
#: Although there would be sound to play, or she was paused.
GONE_AFTER_SECONDS = 30.0
#: Where nothing plays, a reply begins at the stage about so long after its first sound was sent;
#: one that has not begun after the second number is held there.
BEGINS_AFTER_SECONDS, BEGINS_WITHIN_SECONDS = 0.03, 1.0
#: How much quieter she is while lowered (as at the stage).
LOWERED_LEVEL = 0.25
#: What she said this long ago may still be understood now.
SAID_SECONDS = 6.0


@dataclass(frozen=True)
class _Anchor:
    """From `at` (show's clock) on, she was at `position` of that utterance, moving or not."""

    at: float
    line: str
    position: float
    hold: SpeechHold = SpeechHold.NONE
    expected: bool = False
    """The stage did not say so: it is about to."""

    def position_at(self, moment: float) -> float:
        """Before `at` it is negative where she had not begun."""
        return self.position + (0.0 if self.hold is SpeechHold.PAUSED else moment - self.at)


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
        self._anchors: deque[_Anchor] = deque(maxlen=MAXIMUM_ANCHORS)
        self._ended_ids: deque[str] = deque(maxlen=64)
        self._heard_of_at = float("-inf")
        self._holds: dict[str, tuple[SpeechHold, float]] = {}
        self._hold_ids: deque[str] = deque(maxlen=64)
        self._begun_ids: deque[str] = deque(maxlen=64)
        self.last: LastWords | None = None
        self.revision = 0
        """Changes whenever what `reference` said of the last moments may be said otherwise now."""

    def take(self, event: Event, data: bytes = b"") -> None:
        """Any event; what says nothing about her playback is left alone."""
        match event:
            case AudioChunk():
                self._chunk(event, data)
            case SentenceSynthesized():
                self._synthesized(event)
            case PlaybackStarted():
                self._begin(event.utterance_id, event.started_at)
            case PlaybackProgressed():
                self._progressed(event)
            case PlaybackFinished():
                at = event.stopped_at if event.stopped_at is not None else event.emitted_at
                completed = event.outcome is PlaybackOutcome.COMPLETED
                self._end(event.utterance_id, at, completed, event.heard_text)
            case StopSpeaking():
                self._stopped(event)
            case HoldSpeaking():
                self._held(event)

    # What is asked -----------------------------------------------------------------------------

    @property
    def utterance_id(self) -> str | None:
        """What she is saying, also while it is held."""
        return self._anchors[-1].line if self._begun else None

    @property
    def _begun(self) -> bool:
        return bool(self._anchors) and not self._anchors[-1].expected

    @property
    def turn_id(self) -> str | None:
        line = self._lines.get(self.utterance_id or "")
        return line.turn_id if line is not None else None

    @property
    def epoch(self) -> int:
        line = self._lines.get(self.utterance_id or "")
        return line.epoch if line is not None else 0

    def audible(self, at: float) -> bool:
        """Whether an utterance of hers was begun and is not over; held ones count."""
        if not self._begun:
            return False
        silent_for = at - self._heard_of_at
        if silent_for > GONE_AFTER_SECONDS or (
            silent_for > LOST_AFTER_SECONDS and not self._has_sound(at)
        ):
            self._anchors.clear()
            return False
        return True

    def reference(self, at: float, count: int) -> Floats | None:
        """`count` samples at 16 kHz that she makes from `at` on. None: it is not known."""
        if self._anchors and self._anchors[-1].expected:
            self._give_up_expecting(at)
        parts: list[Floats] = []
        while count > 0:
            anchor, until = self._stretch(at)
            length = min(count, max(1, round((until - at) * RATE_HZ))) if until else count
            part = self._part(anchor, at, length)
            if part is None:
                return None
            parts.append(part)
            at, count = at + length / RATE_HZ, count - length
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _part(self, anchor: _Anchor | None, at: float, count: int) -> Floats | None:
        if anchor is None:
            return np.zeros(count, np.float32)
        line = self._lines.get(anchor.line)
        if line is None:
            return None
        if anchor.hold is SpeechHold.PAUSED:
            return np.zeros(count, np.float32)
        position = anchor.position_at(at)
        if not line.knows(position):
            return None
        if anchor is self._anchors[-1]:
            line.forget_before(position)
        level = LOWERED_LEVEL if anchor.hold is SpeechHold.LOWERED else 1.0
        return line.read(position, count) * np.float32(level)

    def _stretch(self, at: float) -> tuple[_Anchor | None, float | None]:
        """What held at that moment, and until when."""
        until = None
        for anchor in reversed(self._anchors):
            if anchor.at <= at:
                return anchor, until
            until = anchor.at
        return (self._anchors[0], None) if len(self._anchors) == 1 else (self._anchor(at), until)

    def said(self, at: float) -> list[str]:
        """The sentences she says now or said just before."""
        anchor = self._anchor(at)
        texts: list[str] = []
        if self.last is not None and at - self.last.at < SAID_SECONDS:
            texts.append(self.last.text)
        line = self._lines.get(anchor.line) if anchor is not None else None
        if anchor is not None and line is not None:
            texts += line.text_near(anchor.position_at(at), SAID_SECONDS)
        return texts

    def _anchor(self, at: float) -> _Anchor | None:
        found = next((anchor for anchor in reversed(self._anchors) if anchor.at <= at), None)
        return found or (self._anchors[0] if self._anchors else None)

    def _has_sound(self, at: float) -> bool:
        anchor = self._anchor(at)
        line = self._lines.get(anchor.line) if anchor is not None else None
        if anchor is None or line is None:
            return False
        return anchor.hold is SpeechHold.PAUSED or anchor.position_at(at) < line.known_seconds

    # What is told ------------------------------------------------------------------------------

    def _chunk(self, event: AudioChunk, pcm: bytes) -> None:
        line = self._line(event)
        sentence = line and line.sentence(event.index, event.sample_rate_hz)
        if sentence:
            sentence.add(event.offset_samples, pcm)
            sentence.text = sentence.text or event.text
            if not self._anchors and event.index == 0 and event.offset_samples == 0:
                self._expect(event.utterance_id or "", event.emitted_at + BEGINS_AFTER_SECONDS)

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
        if not identity or identity in self._ended_ids:
            return None
        if identity not in self._lines:
            self._lines[identity] = HerLine(identity, event.turn_id, event.epoch, self._gap_seconds)
            while len(self._lines) > MAXIMUM_LINES:
                playing = self.utterance_id
                del self._lines[next(known for known in self._lines if known != playing)]
        return self._lines[identity]

    def _expect(self, identity: str, at: float) -> None:
        if identity not in self._begun_ids:
            self._anchors.append(_Anchor(at, identity, 0.0, expected=True))
            self.revision += 1

    def _give_up_expecting(self, at: float) -> None:
        if at - self._anchors[-1].at > BEGINS_WITHIN_SECONDS:
            self._anchors.clear()

    def _begin(self, identity: str | None, at: float) -> None:
        if not identity or identity in self._ended_ids or identity == self.utterance_id:
            return
        self._anchors.clear()
        self._heard_of_at = max(self._heard_of_at, at)
        self._begun_ids.append(identity)
        self._anchors.append(_Anchor(at, identity, 0.0))
        self.revision += 1

    def _progressed(self, event: PlaybackProgressed) -> None:
        identity, at = event.utterance_id, event.emitted_at
        if not identity or identity in self._ended_ids or at < self._heard_of_at - 1.0:
            return
        if identity != self.utterance_id:
            self._anchors.clear()
            self._begun_ids.append(identity)
        self._heard_of_at = max(self._heard_of_at, at)
        line = self._line(event)
        if line is not None and 0 <= event.position_seconds <= event.known_seconds + 1.0:
            line.placed(event.index, event.position_seconds)
        self._anchors.append(_Anchor(at, identity, max(0.0, event.position_seconds), event.hold))
        self.revision += 1

    def _held(self, event: HoldSpeaking) -> None:
        """Ordered just now: the stage will say the same in a moment. An order may come twice (from
        who gave it, and over the bus), and of several holders the strictest counts."""
        if event.event_id in self._hold_ids:
            return
        self._hold_ids.append(event.event_id)
        at = event.emitted_at
        self._holds[event.by] = (event.hold, at + event.at_most_seconds)
        self._holds = {by: held for by, held in self._holds.items() if held[1] > at}
        holds = {held for held, _ in self._holds.values()}
        paused = SpeechHold.PAUSED in holds
        if not self._begun or paused is (self._anchors[-1].hold is SpeechHold.PAUSED):
            return
        before = self._anchors[-1]
        now = SpeechHold.PAUSED if paused else SpeechHold.NONE
        self._anchors.append(_Anchor(at, before.line, before.position_at(at), now))
        self.revision += 1

    def _stopped(self, event: StopSpeaking) -> None:
        line = self._lines.get(self.utterance_id or "")
        cut = event.turn_id is None or (line is not None and line.turn_id == event.turn_id)
        if not cut or (
            line is not None and event.turn_id is None and line.epoch >= event.epoch > 0
        ):
            return
        for identity, known in list(self._lines.items()):
            older = known.epoch < event.epoch if event.turn_id is None else True
            if older and event.turn_id in (None, known.turn_id) and known is not line:
                del self._lines[identity]
        self._end(self.utterance_id, event.emitted_at, False, "")

    def _end(self, identity: str | None, at: float, completed: bool, text: str) -> None:
        if not identity:
            return
        line = self._lines.pop(identity, None)
        playing = identity == self.utterance_id
        if identity not in self._ended_ids:
            self._ended_ids.append(identity)
        if not playing and line is None and not text:
            return
        said = text or " ".join(s.text for s in line.sentences.values()) if line else text
        self.last = LastWords(at, completed, said)
        if playing:
            self._anchors.clear()
            self.revision += 1
            following = next(iter(self._lines), None)
            if following is not None:
                self._expect(following, at + self._gap_seconds)
