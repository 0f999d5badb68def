"""One utterance of hers as others hear it: its sentences on one line of time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import soxr
from numpy.typing import NDArray

from apps.asr_worker.inputs.base import RATE_HZ

Floats = NDArray[np.float32]

#: As at the stage (`apps/stage/sentence.py`): what is longer is not taken.
MAXIMUM_SENTENCE_SECONDS = 180.0
MAXIMUM_SENTENCES = 200
MAXIMUM_WAITING_CHUNKS = 64
RATES_HZ = range(8_000, 96_001)
#: A sentence without (all its) sound stays silent as long as its words take.
SECONDS_PER_WORD, SHORTEST_SILENCE_SECONDS = 0.35, 1.2
#: Sound that was said this long ago is forgotten.
KEPT_SECONDS = 4.0


class HerSentence:
    """The sound of one sentence at `RATE_HZ`, from chunks in any order, also twice."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.text = ""
        self.seconds = 0.0
        self.whole = False
        self._taken_samples = 0
        self._waiting: dict[int, bytes] = {}
        self._resampler = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32", quality="LQ")
        self._sound: list[Floats] = []
        self._forgotten = 0

    @property
    def silent(self) -> bool:
        return not self._taken_samples

    def torn_at(self, seconds: float) -> bool:
        """Whether a piece before others never came, and this is said behind it."""
        return bool(self._waiting) and seconds >= self._taken_samples / self.rate_hz

    def add(self, offset: int, pcm: bytes) -> None:
        if self.whole or offset < 0 or len(pcm) % 2:
            return
        if (offset + len(pcm) // 2) > MAXIMUM_SENTENCE_SECONDS * self.rate_hz:
            return
        if offset > self._taken_samples:
            if len(self._waiting) < MAXIMUM_WAITING_CHUNKS:
                self._waiting[offset] = pcm
            return
        self._append(offset, pcm)
        while (
            found := next((o for o in self._waiting if o <= self._taken_samples), None)
        ) is not None:
            self._append(found, self._waiting.pop(found))

    def close(self, text: str, total_samples: int, failed: bool) -> None:
        if self.whole:
            return
        self.text = self.text or text
        if not self.silent:
            self._sound.append(self._resampler.resample_chunk(np.empty(0, np.float32), last=True))
        missing = len(self.text.split())
        if failed or total_samples <= 0:
            missing = max(0, missing - int(self.seconds / SECONDS_PER_WORD))
            least = SHORTEST_SILENCE_SECONDS if missing else 0.0
            self.seconds += max(missing * SECONDS_PER_WORD, least)
        else:
            self.seconds = min(total_samples / self.rate_hz, MAXIMUM_SENTENCE_SECONDS)
        self.whole = True

    def read(self, start: int, count: int) -> Floats:
        """`count` samples from `start` on, both at `RATE_HZ`; silence where there is none."""
        out = np.zeros(count, np.float32)
        at = self._forgotten
        for piece in self._sound:
            first, last = max(start, at), min(start + count, at + len(piece))
            if last > first:
                out[first - start : last - start] = piece[first - at : last - at]
            at += len(piece)
            if at >= start + count:
                break
        return out

    def forget(self, before: int) -> None:
        """What lies before this sample is not asked for again."""
        while self._sound and self._forgotten + len(self._sound[0]) < before:
            self._forgotten += len(self._sound.pop(0))

    def _append(self, offset: int, pcm: bytes) -> None:
        news = pcm[(self._taken_samples - offset) * 2 :]
        if not news:
            return
        samples = np.frombuffer(news, "<i2").astype(np.float32) / 32_768
        self._sound.append(self._resampler.resample_chunk(samples))
        self._taken_samples += len(samples)
        self.seconds = self._taken_samples / self.rate_hz


@dataclass
class HerLine:
    """Promises: what is known is where the stage has it, as far as chunks tell; a sentence the
    stage says it is in (`placed`) lies there although those before it were never heard of."""

    id: str
    turn_id: str | None = None
    epoch: int = 0
    gap_seconds: float = 0.15
    sentences: dict[int, HerSentence] = field(default_factory=dict)
    _starts: dict[int, float] = field(default_factory=dict)
    _told_index: int = 0

    def sentence(self, index: int, rate_hz: int) -> HerSentence | None:
        if index not in range(MAXIMUM_SENTENCES) or rate_hz not in RATES_HZ:
            return None
        if index not in self.sentences:
            self.sentences[index] = HerSentence(rate_hz)
        found = self.sentences[index]
        return found if found.rate_hz == rate_hz else None

    def spans(self) -> Iterator[tuple[int, HerSentence, float]]:
        """Number, sentence and start in seconds, for all whose place is known."""
        start: float | None = 0.0
        for index in range(max(self.sentences, default=-1) + 1):
            start = self._starts.get(index, start)
            sentence = self.sentences.get(index)
            if sentence is None:
                start = None
            elif start is not None:
                yield index, sentence, start
                start = start + sentence.seconds + self.gap_seconds if sentence.whole else None

    @property
    def known_seconds(self) -> float:
        """The end of what is known of it."""
        return max((start + sentence.seconds for _, sentence, start in self.spans()), default=0.0)

    def placed(self, index: int, position_seconds: float) -> None:
        """The stage says sentence `index` is said at this position."""
        if index not in range(MAXIMUM_SENTENCES):
            return
        self._told_index = max(self._told_index, index)
        if index not in {number for number, _, _ in self.spans()}:
            self._starts[index] = position_seconds

    def knows(self, position_seconds: float) -> bool:
        """Whether it is known what is said there: also that it is nothing, for want of sound."""
        before = [span for span in self.spans() if span[2] <= position_seconds]
        if not before:
            return position_seconds < 0 and 0 in self.sentences
        number, sentence, start = before[-1]
        if sentence.torn_at(position_seconds - start):
            return False
        return self._told_index <= number or self._told_index in self.sentences

    def read(self, position_seconds: float, count: int) -> Floats:
        """`count` samples at `RATE_HZ` from that position on; silence where nothing is known."""
        out = np.zeros(count, np.float32)
        at = round(position_seconds * RATE_HZ)
        for _, sentence, start in self.spans():
            first = round(start * RATE_HZ)
            low = max(at, first)
            if low < at + count and low - first < sentence.seconds * RATE_HZ + 1:
                out[low - at :] += sentence.read(low - first, at + count - low)
        return out

    def text_near(self, position_seconds: float, within_seconds: float) -> list[str]:
        """Sentences that are or were said around that position."""
        low, high = position_seconds - within_seconds, position_seconds + 1.0
        return [s.text for _, s, start in self.spans() if start < high and start + s.seconds > low]

    def forget_before(self, position_seconds: float) -> None:
        for _, sentence, start in self.spans():
            sentence.forget(round((position_seconds - KEPT_SECONDS - start) * RATE_HZ))
