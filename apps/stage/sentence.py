"""The sound of one sentence, put together from its chunks, and when each word of it is said."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from libs.contracts.speaking import MouthCue, WordCue
from libs.speech.word_times import pace_of, spoken_parts, with_every_word, words_from_sound

#: Longer sentences than this are not taken: they would be a broken or hostile voice.
MAXIMUM_SENTENCE_SECONDS = 180.0
#: Chunks that wait for an earlier one; a voice sends in order, so that a few are plenty.
MAXIMUM_WAITING_CHUNKS = 64
SAMPLE_RATES_HZ = range(8_000, 96_001)
BYTES_PER_SAMPLE = 2

#: A cue may say by so much less than the first sample of the chunk it came with.
CUE_ROUNDING_SECONDS = 0.0002
#: Reading and speaking pace where a sentence has no sound: about 170 words a minute.
SECONDS_PER_WORD = 0.35
#: A caption without sound stays at least this long.
SHORTEST_CAPTION_SECONDS = 1.2

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class _Chunk:
    offset: int
    pcm: bytes
    mouth: tuple[MouthCue, ...]
    words: tuple[WordCue, ...]


class Sentence:
    """One sentence of an utterance.

    Promises: whatever order its chunks come in, and however often, the sound is the same: chunks
    are placed by their offset, what is there already is skipped, what lies behind a gap waits.
    A sentence that got no sound, or not all of it, is filled up with as much silence as its
    missing words take to say, so that its caption can be read (`captions_only` when none came).
    Words of which the voice told no times get them from the sound.
    """

    def __init__(self, index: int, sample_rate_hz: int) -> None:
        self.index = index
        self.sample_rate_hz = sample_rate_hz
        self.text = ""
        self.mouth: list[MouthCue] = []
        self.words: list[WordCue] = []
        self.captions_only = False
        self.pace: float | None = None
        """How long her words are (1: as usual), once it was told from the sound."""
        self._estimate: tuple[int, list[WordCue]] = (0, [])
        self._sound = bytearray()
        self._waiting: dict[int, _Chunk] = {}
        self._total: int | None = None

    @property
    def samples(self) -> int:
        """Samples there are without a gap from the start on."""
        return len(self._sound) // BYTES_PER_SAMPLE

    @property
    def whole(self) -> bool:
        return self._total is not None and self.samples >= self._total

    def add(
        self,
        offset: int,
        pcm: bytes,
        mouth: tuple[MouthCue, ...] = (),
        words: tuple[WordCue, ...] = (),
    ) -> bool:
        """Places a chunk. False when it cannot belong to this sentence."""
        count = len(pcm) // BYTES_PER_SAMPLE
        limit = MAXIMUM_SENTENCE_SECONDS * self.sample_rate_hz
        if offset < 0 or len(pcm) % BYTES_PER_SAMPLE or offset + count > limit:
            return False
        if self.whole:
            return True
        chunk = _Chunk(offset, pcm, mouth, words)
        if offset > self.samples:
            return self._keep_waiting(chunk)
        self._append(chunk)
        for offset_waiting in sorted(self._waiting):
            if offset_waiting > self.samples:
                break
            self._append(self._waiting.pop(offset_waiting))
        self._settle()
        return True

    def close(self, text: str, total_samples: int, failed: bool) -> None:
        """All its chunks were sent: `total_samples` of them, fewer than the text needs if failed.

        Said again for a sentence that is whole, it changes nothing.
        """
        if self._total is not None:
            return
        self.text = self.text or text
        failed = failed or total_samples <= 0
        if failed:
            self.captions_only = self.samples == 0
            self._fill_with_silence()
        self._total = self.samples if failed else total_samples
        self._settle()

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate_hz

    def length_at(self, rate_hz: int) -> int:
        """How many samples the sound so far has at another rate."""
        return self.samples * rate_hz // self.sample_rate_hz

    def read(self, rate_hz: int, start: int, count: int) -> bytes:
        """Up to `count` samples from `start`, both counted at `rate_hz`; linear interpolation."""
        stop = min(start + count, self.length_at(rate_hz))
        if stop <= start:
            return b""
        if rate_hz == self.sample_rate_hz:
            return bytes(self._sound[start * BYTES_PER_SAMPLE : stop * BYTES_PER_SAMPLE])
        known = np.frombuffer(bytes(self._sound), "<i2")
        places = np.arange(start, stop) * (self.sample_rate_hz / rate_hz)
        first = int(places[0])
        part = known[first : int(places[-1]) + 2]
        between = np.interp(places - first, np.arange(len(part)), part)
        return bytes(np.rint(between).astype("<i2").tobytes())

    def heard(self, seconds: float, pace: float | None = None) -> str:
        """The text as far as it was said: up to the last word that had begun.

        `pace` is her pace in other sentences, for sound that is not whole yet and tells no times.
        """
        if self.whole and seconds >= self.seconds:
            return self.text
        words = with_every_word(self.text, self.words) if self.words else self._estimated(pace)
        ends = (word.start + word.length for word in words if word.at_seconds < seconds)
        return self.text[: max(ends, default=0)]

    def _estimated(self, pace: float | None = None) -> list[WordCue]:
        """The words that have probably begun in the sound there is."""
        if self._estimate[0] != self.samples:
            sound, rate_hz = bytes(self._sound), self.sample_rate_hz
            words = words_from_sound(self.text, sound, rate_hz, whole=False, pace=pace)
            begun = [word for word in words if word.at_seconds < self.seconds]
            self._estimate = (self.samples, begun)
        return self._estimate[1]

    def _append(self, chunk: _Chunk) -> None:
        end = chunk.offset + len(chunk.pcm) // BYTES_PER_SAMPLE
        known = self.samples
        if end <= known and known > 0:
            return
        self._sound += chunk.pcm[(known - chunk.offset) * BYTES_PER_SAMPLE :]
        news_from = known / self.sample_rate_hz - CUE_ROUNDING_SECONDS
        late = [cue for cue in self.mouth if cue.at_seconds >= news_from]
        news = (cue for cue in chunk.mouth if cue.at_seconds >= news_from)
        self.mouth += [cue for cue in news if cue not in late]
        have = {word.start for word in self.words}
        self.words += [word for word in chunk.words if word.start not in have]

    def _settle(self) -> None:
        """Once whole: nothing behind the end, and word times even where the voice gave none."""
        if self._total is None or self.samples < self._total:
            return
        del self._sound[self._total * BYTES_PER_SAMPLE :]
        self._waiting.clear()
        if self.words:
            return
        sound = bytes(self._sound)
        spoken = sum(part.seconds for part in spoken_parts(sound, self.sample_rate_hz))
        self.pace = pace_of(self.text, spoken)
        self.words = words_from_sound(self.text, sound, self.sample_rate_hz)
        if not self.words:
            self.words = list(_evenly_spread(self.text, 0.0, self.seconds))

    def _keep_waiting(self, chunk: _Chunk) -> bool:
        present = self._waiting.get(chunk.offset)
        if present is None and len(self._waiting) >= MAXIMUM_WAITING_CHUNKS:
            return False
        if present is None or len(present.pcm) < len(chunk.pcm):
            self._waiting[chunk.offset] = chunk
        return True

    def _fill_with_silence(self) -> None:
        self._waiting.clear()
        self.words = self.words or list(self._estimated())
        said_to = max((word.start + word.length for word in self.words), default=0)
        missing = len(_WORD.findall(self.text[said_to:]))
        seconds = max(missing * SECONDS_PER_WORD, SHORTEST_CAPTION_SECONDS if missing else 0.0)
        start = self.seconds
        self.words += _evenly_spread(self.text, start, start + seconds, said_to)
        self._sound += bytes(BYTES_PER_SAMPLE * round(seconds * self.sample_rate_hz))


def _evenly_spread(text: str, start: float, stop: float, skip: int = 0) -> Iterable[WordCue]:
    """Word times for sound without any: each word takes its share of the letters."""
    words = list(_WORD.finditer(text, skip))
    letters = sum(len(word.group()) + 1 for word in words)
    at = start
    for word in words:
        yield WordCue(at_seconds=at, start=word.start(), length=len(word.group()))
        at += (stop - start) * (len(word.group()) + 1) / letters
