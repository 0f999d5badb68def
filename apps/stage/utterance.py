"""One spoken reply as the stage knows it: its sentences on one line of time, and how it ended."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from apps.stage.sentence import BYTES_PER_SAMPLE, SAMPLE_RATES_HZ, Sentence
from libs.contracts.envelope import Event
from libs.contracts.speaking import AudioChunk, Mood, PlaybackOutcome, SentenceSynthesized

#: A reply has a handful of sentences; more than this is not taken.
MAXIMUM_SENTENCES = 200
#: Rate of an utterance whose first sentence has no sound and names none.
DEFAULT_RATE_HZ = 24_000


@dataclass(frozen=True)
class Span:
    """Where a sentence lies on the utterance's line of time, in samples, as far as it is known."""

    sentence: Sentence
    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length


@dataclass(frozen=True)
class Ending:
    """How an utterance ended: the stage's last word on it."""

    outcome: PlaybackOutcome
    reason: str
    position_samples: int
    heard_text: str


@dataclass
class Stages:
    """What the first sentence took before it came here, for the turn's timing."""

    policy_seconds: float = 0.0
    first_token_seconds: float | None = None
    gate_seconds: float = 0.0
    synthesis_seconds: float = 0.0


@dataclass
class Utterance:
    """All that is known of one utterance.

    Promises: its sound is the sentences in order with `gap_seconds` of silence between them, at
    one sample rate (the first sentence's; others are brought to it); what `sound` once gave at a
    position never changes; exactly one ending.
    """

    id: str
    show: str
    turn_id: str | None
    epoch: int
    cause_id: str
    good_until: float
    """By the stage's monotonic clock: when it has not begun by then, it is not said."""
    first_chunk_at: float
    """When its first chunk came (show's clock)."""
    gap_seconds: float = 0.15
    rate_hz: int = 0
    mood: Mood = Mood.NEUTRAL
    stages: Stages = field(default_factory=Stages)
    expected: int | None = None
    """How many sentences there will be; None while the policy worker is still at it."""
    text_told: str = ""
    """The whole reply as the policy worker gave it, once it is done."""
    started: bool = False
    ending: Ending | None = None
    sentences: dict[int, Sentence] = field(default_factory=dict)

    def add(self, event: AudioChunk, pcm: bytes) -> bool:
        """Takes a chunk. False when it cannot belong here."""
        sentence = self._sentence(event.index, event.sample_rate_hz)
        if sentence is None or sentence.sample_rate_hz != event.sample_rate_hz:
            return False
        if not sentence.add(event.offset_samples, pcm, event.mouth, event.words):
            return False
        sentence.text = sentence.text or event.text
        if event.index == 0 and event.offset_samples == 0:
            self.mood = event.mood
            self.stages = Stages(
                event.policy_seconds,
                event.first_token_seconds,
                event.gate_seconds,
                event.synthesis_seconds,
            )
        return True

    def close_sentence(self, event: SentenceSynthesized) -> bool:
        sentence = self._sentence(event.index, event.sample_rate_hz or DEFAULT_RATE_HZ)
        if sentence is None:
            return False
        sentence.close(event.text, event.total_samples, bool(event.failed))
        return True

    # The line of time --------------------------------------------------------------------------

    def spans(self) -> Iterator[Span]:
        """Sentences whose place is known: each one that follows only whole ones."""
        start, index = 0, 0
        while (sentence := self.sentences.get(index)) is not None:
            yield Span(sentence, start, sentence.length_at(self.rate_hz))
            if not sentence.whole:
                return
            start += sentence.length_at(self.rate_hz) + self._gap_after(sentence)
            index += 1

    @property
    def known_samples(self) -> int:
        """Length of what can be played now without a break."""
        end = 0
        for span in self.spans():
            end = span.end + self._gap_after(span.sentence)
        return end

    @property
    def known_seconds(self) -> float:
        return self.known_samples / self.rate_hz if self.rate_hz else 0.0

    @property
    def ready(self) -> bool:
        """Whether there is something to begin with."""
        return self.known_samples > 0

    @property
    def whole(self) -> bool:
        """Whether nothing more will come."""
        if self.expected is None:
            return False
        wanted = [self.sentences.get(index) for index in range(self.expected)]
        return all(sentence is not None and sentence.whole for sentence in wanted)

    @property
    def captions_only(self) -> bool:
        return bool(self.sentences) and all(s.captions_only for s in self.sentences.values())

    def sound(self, start: int, count: int) -> bytes:
        """Up to `count` samples of PCM from `start` on; shorter where no more is known."""
        parts: list[bytes] = []
        position, stop = start, start + count
        for span in self.spans():
            gap_end = span.end + self._gap_after(span.sentence)
            if position >= gap_end:
                continue
            if span.start <= position < span.end:
                wanted = min(stop, span.end) - position
                parts.append(span.sentence.read(self.rate_hz, position - span.start, wanted))
                position += wanted
            silent = min(stop, gap_end) - position
            if silent > 0 and position >= span.end:
                parts.append(bytes(silent * BYTES_PER_SAMPLE))
                position += silent
            if position >= stop:
                break
        return b"".join(parts)

    # What was heard ----------------------------------------------------------------------------

    def sentence_at(self, position: int) -> Sentence | None:
        """The sentence being said there; in a gap, the one before it."""
        found = None
        for span in self.spans():
            if span.start > position and found is not None:
                break
            found = span.sentence
        return found

    def begun_at(self, position: int) -> int:
        """Number of the last sentence of which something was heard by then."""
        indexes = (span.sentence.index for span in self.spans() if span.start < position)
        return max(indexes, default=0)

    def heard_of_each(self, position: int) -> list[str]:
        """Of each sentence that had begun, the words that had when `position` samples had been
        played.

        A sentence without sound counts as its caption was shown: it reached the audience.
        """
        pace = next((s.pace for s in self.sentences.values() if s.pace is not None), None)
        return [
            span.sentence.heard((position - span.start) / self.rate_hz, pace).strip()
            for span in self.spans()
            if span.start < position
        ]

    def heard_text(self, position: int) -> str:
        return " ".join(part for part in self.heard_of_each(position) if part)

    @property
    def said_text(self) -> str:
        """All sentences that came, in order."""
        texts = (self.sentences[index].text.strip() for index in sorted(self.sentences))
        return " ".join(text for text in texts if text)

    @property
    def full_text(self) -> str:
        return self.text_told or self.said_text

    @property
    def first_text(self) -> str:
        return self.sentences[0].text if 0 in self.sentences else ""

    def end(self, outcome: PlaybackOutcome, reason: str, position: int) -> bool:
        """Sets the one ending; False when there is one already."""
        if self.ending is not None:
            return False
        completed = outcome is PlaybackOutcome.COMPLETED
        heard = self.said_text if completed else self.heard_text(position)
        self.ending = Ending(outcome, reason, position, heard)
        return True

    def _sentence(self, index: int, rate_hz: int) -> Sentence | None:
        if index not in range(MAXIMUM_SENTENCES) or rate_hz not in SAMPLE_RATES_HZ:
            return None
        if index not in self.sentences:
            self.sentences[index] = Sentence(index, rate_hz)
        if index == 0 or not self.rate_hz:
            self.rate_hz = self.rate_hz if self.started and self.rate_hz else rate_hz
        return self.sentences[index]

    def _gap_after(self, sentence: Sentence) -> int:
        """Silence behind a whole sentence, once it is known that another one follows."""
        following = self.sentences.get(sentence.index + 1)
        another = self.expected is not None and sentence.index + 1 < self.expected
        if not sentence.whole or not (another or (following is not None and following.samples)):
            return 0
        return round(self.gap_seconds * self.rate_hz)


def opened_by(event: Event, good_until: float, now: float, gap_seconds: float) -> Utterance:
    """A new utterance for the first event that tells of it."""
    return Utterance(
        id=event.utterance_id or "",
        show=event.show,
        turn_id=event.turn_id,
        epoch=event.epoch,
        cause_id=event.event_id,
        good_until=good_until,
        first_chunk_at=now,
        gap_seconds=gap_seconds,
    )
