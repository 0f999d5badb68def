"""Puts the child's messages together: sound at a good level, mouth and word cues at their place."""

from collections.abc import Iterator

from apps.tts_worker.engines.base import SoundPiece
from apps.tts_worker.engines.espeak_wire import PHONE_EVENT, WORD_EVENT, EngineEvent, SoundMessage
from libs.audio.loudness import limited
from libs.contracts.speaking import MouthCue, WordCue
from libs.speech.mouth_shapes import MouthTrack, Phone

APOSTROPHES = "'’"


class PieceMaker:
    """One sentence on its way from messages to pieces.

    Promises: a piece leaves as soon as all cues that start inside it are known. With
    `sent_samples` (a sentence that is made again) nothing before that sample leaves a second time.
    """

    def __init__(
        self, engine: str, sample_rate_hz: int, gain: float, text: str, sent_samples: int = 0
    ) -> None:
        self._engine = engine
        self._rate = sample_rate_hz
        self._gain = gain
        self._text = text
        self._track = MouthTrack()
        self._made_samples = 0
        self._sent_samples = sent_samples
        self._first_seconds = sent_samples / sample_rate_hz
        self._pcm = bytearray()
        self._mouth: list[MouthCue] = []
        self._words: list[WordCue] = []
        self._words_end = 0

    @property
    def sent_samples(self) -> int:
        return self._sent_samples

    @property
    def unknown_symbols(self) -> int:
        return self._track.unknown_symbols

    def add(self, sound: SoundMessage) -> Iterator[SoundPiece]:
        for event in sound.events:
            self._take(event)
        already = max(0, self._sent_samples - self._made_samples) * 2
        self._made_samples += len(sound.pcm) // 2
        self._pcm += limited(sound.pcm[already:], self._gain)
        settled = self._track.settled_seconds * self._rate
        yield from self._release(int(min(self._made_samples, settled)))

    def finish(self) -> Iterator[SoundPiece]:
        """The rest, with the mouth closed at its end."""
        self._keep_mouth(self._track.finish(self._made_samples / self._rate))
        yield from self._release(self._made_samples, last=True)

    def _take(self, event: EngineEvent) -> None:
        at_seconds = event.sample / self._rate
        if event.kind == PHONE_EVENT:
            self._keep_mouth(self._track.add(Phone(event.symbol, at_seconds)))
        elif event.kind == WORD_EVENT and at_seconds >= self._first_seconds:
            self._keep_word(event, at_seconds)

    def _keep_word(self, event: EngineEvent, at_seconds: float) -> None:
        """One cue a written word, however many the engine makes of it (`don` and `'t`, letters)."""
        start = event.text_position - 1
        if start < self._words_end or event.length < 1 or start >= len(self._text):
            return
        self._words_end = _end_of_word(self._text, min(start + event.length, len(self._text)))
        length = self._words_end - start
        self._words.append(WordCue(at_seconds=round(at_seconds, 4), start=start, length=length))

    def _keep_mouth(self, cues: list[MouthCue]) -> None:
        self._mouth += [cue for cue in cues if cue.at_seconds >= self._first_seconds]

    def _release(self, end_samples: int, last: bool = False) -> Iterator[SoundPiece]:
        if end_samples <= self._sent_samples and not (last and (self._mouth or self._words)):
            return
        end_seconds = float("inf") if last else end_samples / self._rate
        length = max(0, end_samples - self._sent_samples) * 2
        yield SoundPiece(
            pcm=bytes(self._pcm[:length]),
            offset_samples=self._sent_samples,
            sample_rate_hz=self._rate,
            engine=self._engine,
            mouth=tuple(cue for cue in self._mouth if cue.at_seconds < end_seconds),
            words=tuple(cue for cue in self._words if cue.at_seconds < end_seconds),
        )
        del self._pcm[:length]
        self._mouth = [cue for cue in self._mouth if cue.at_seconds >= end_seconds]
        self._words = [cue for cue in self._words if cue.at_seconds >= end_seconds]
        self._sent_samples = max(self._sent_samples, end_samples)


def _end_of_word(text: str, end: int) -> int:
    """The end of the written word that goes on behind an apostrophe."""
    while end + 1 < len(text) and text[end] in APOSTROPHES and text[end + 1].isalpha():
        end += 1
        while end < len(text) and text[end].isalpha():
            end += 1
    return end
