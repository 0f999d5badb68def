"""What is known of how the sentences of one utterance move the mouth."""

import math
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from libs.contracts.speaking import LEVELS_HZ, SILENT_DBFS, MouthChunk, Viseme

#: Of more, what is said first is forgotten.
MAXIMUM_SENTENCES = 200
#: Of what is longer or more (broken, or hostile) the rest is not taken.
MAXIMUM_SENTENCE_SECONDS = 180
MAXIMUM_CUES = 6_000
MAXIMUM_CUES_OF_ALL = 20_000
#: Behind the end of what is known it is silent for so long; then it counts as unknown.
KNOWN_SILENCE_SECONDS = 1.0


@dataclass(slots=True)
class SentenceMouth:
    """One sentence: its cues, and its loudness for each 1/60 s."""

    starts_at: float
    cue_times: list[float] = field(default_factory=list)
    shapes: list[tuple[Viseme, float]] = field(default_factory=list)
    levels: "array[int]" = field(default_factory=lambda: array("b"))

    def take(self, chunk: MouthChunk, room_for_cues: int = MAXIMUM_CUES) -> None:
        """What is there already is skipped; what is missing before it counts as silent."""
        most = min(MAXIMUM_CUES, len(self.shapes) + room_for_cues)
        for cue in chunk.mouth:
            last = self.cue_times[-1] if self.cue_times else -1.0
            if last < cue.at_seconds <= MAXIMUM_SENTENCE_SECONDS and len(self.shapes) < most:
                self.cue_times.append(cue.at_seconds)
                self.shapes.append((cue.viseme, cue.weight))
        if chunk.levels_from > MAXIMUM_SENTENCE_SECONDS * LEVELS_HZ:
            return
        known = len(self.levels)
        if chunk.levels and chunk.levels_from > known:
            self.levels.extend([SILENT_DBFS] * (chunk.levels_from - known))
            known = chunk.levels_from
        room = MAXIMUM_SENTENCE_SECONDS * LEVELS_HZ - known
        news = chunk.levels[known - chunk.levels_from :][:room]
        self.levels.extend([min(0, max(SILENT_DBFS, level)) for level in news])

    def level_at(self, seconds: float) -> int | None:
        """Loudness in dBFS; None: not known."""
        index = int(seconds * LEVELS_HZ)
        if 0 <= index < len(self.levels):
            return self.levels[index]
        ended_for = seconds - len(self.levels) / LEVELS_HZ
        return SILENT_DBFS if self.levels and ended_for < KNOWN_SILENCE_SECONDS else None

    def shape_at(self, seconds: float) -> tuple[Viseme, float] | None:
        """The shape and how distinct it is; None: its cues tell nothing of that moment."""
        index = bisect_right(self.cue_times, seconds) - 1
        return self.shapes[index] if index >= 0 else None


class MouthTrack:
    """Promises: a bounded memory, whatever comes, also twice and in any order of sentences."""

    def __init__(self) -> None:
        self._by_index: dict[int, SentenceMouth] = {}
        self._in_order: list[SentenceMouth] = []
        self._starts: list[float] = []

    def take(self, chunk: MouthChunk) -> None:
        if not math.isfinite(chunk.starts_at_seconds):
            return
        sentence = self._by_index.get(chunk.index)
        if sentence is None:
            sentence = self._by_index[chunk.index] = SentenceMouth(chunk.starts_at_seconds)
            while len(self._by_index) > MAXIMUM_SENTENCES:
                del self._by_index[min(self._by_index, key=lambda i: self._by_index[i].starts_at)]
            self._in_order = sorted(self._by_index.values(), key=lambda one: one.starts_at)
            self._starts = [one.starts_at for one in self._in_order]
        cues = sum(len(one.shapes) for one in self._by_index.values())
        sentence.take(chunk, MAXIMUM_CUES_OF_ALL - cues)

    def at(self, position: float) -> tuple[SentenceMouth, float] | None:
        """The sentence that is said (or was said last) there, and the time since its start."""
        index = bisect_right(self._starts, position) - 1
        if index < 0:
            return None
        sentence = self._in_order[index]
        return sentence, position - sentence.starts_at
