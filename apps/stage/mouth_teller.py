"""Tells how the sentences on air move a mouth: their shapes, and how loud they are."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from apps.stage.sentence import Sentence
from apps.stage.utterance import Span, Utterance
from libs.contracts.envelope import Event
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import (
    LEVELS_HZ,
    SILENT_DBFS,
    MouthChunk,
    PlaybackOutcome,
)

#: What is told reaches at least so far beyond what is heard now; what lies further ahead is
#: gathered.
AHEAD_SECONDS = 0.5
#: News of so much sound are told in any case.
GATHERED_SECONDS = 2.0
#: Sound looked at in one go: it takes a fraction of a millisecond.
LOOKED_AT_SECONDS = 5.0
_FULL_SCALE = 32_768.0


@dataclass(slots=True)
class _Told:
    cues: int = 0
    levels: int = 0
    whole: bool = False


class MouthTeller:
    """Watches what is on air, and publishes each piece of news of a sentence's mouth once.

    Promises: a sentence is told of as soon as its place on the utterance's line of time is known,
    always some way ahead of what is heard; each sample is looked at once, after it was handed to
    the output; what has no sound is told as silent.
    """

    def __init__(self, publish: Callable[[Event], None]) -> None:
        self._publish = publish
        self._told: dict[int, _Told] = {}

    def began(self, utterance: Utterance, number: int) -> None:
        self._told = {}

    def moved(self, utterance: Utterance, position: int) -> None:
        for span in utterance.spans():
            told = self._told.setdefault(span.sentence.index, _Told())
            if not told.whole and span.sentence.samples:
                self._tell(utterance, span, told, position)

    def held(self, hold: SpeechHold) -> None:
        """The mouth stands still by the clock of playback."""

    def ended(self, utterance: Utterance, outcome: PlaybackOutcome) -> None:
        self._told = {}

    def _tell(self, utterance: Utterance, span: Span, told: _Told, position: int) -> None:
        sentence = span.sentence
        starts_at = span.start / utterance.rate_hz
        news = sentence.seconds - told.levels / LEVELS_HZ
        soon = starts_at + told.levels / LEVELS_HZ < position / utterance.rate_hz + AHEAD_SECONDS
        if not (sentence.whole or soon or news >= GATHERED_SECONDS):
            return
        levels = _levels(sentence, told.levels)
        cues = tuple(sentence.mouth[told.cues :])
        whole = sentence.whole and told.levels + len(levels) >= _steps(sentence)
        if not (levels or cues or whole):
            return
        event = MouthChunk(
            show=utterance.show,
            turn_id=utterance.turn_id,
            utterance_id=utterance.id,
            epoch=utterance.epoch,
            cause_id=utterance.cause_id,
            index=sentence.index,
            starts_at_seconds=starts_at,
            mouth=cues,
            levels_from=told.levels,
            levels=levels,
            whole=whole,
        )
        told.cues, told.levels, told.whole = told.cues + len(cues), told.levels + len(levels), whole
        self._publish(event)


def _steps(sentence: Sentence) -> int:
    """Levels that can be told: the last one of a whole sentence is shorter than the others."""
    steps = sentence.samples * LEVELS_HZ / sentence.sample_rate_hz
    return int(np.ceil(steps)) if sentence.whole else int(steps)


def _levels(sentence: Sentence, start: int) -> tuple[int, ...]:
    """RMS in dBFS for each 1/60 s from step `start` on, as far as there is sound."""
    rate = sentence.sample_rate_hz
    stop = min(_steps(sentence), start + int(LOOKED_AT_SECONDS * LEVELS_HZ))
    if stop <= start:
        return ()
    edges = np.arange(start, stop + 1) * rate // LEVELS_HZ
    first, last = int(edges[0]), min(int(edges[-1]), sentence.samples)
    pcm = np.frombuffer(sentence.read(rate, first, last - first), "<i2").astype(np.float32)
    begins = edges[:-1] - first
    sums = np.add.reduceat(pcm * pcm, begins)
    lengths = np.diff(np.append(begins, len(pcm)))
    power = sums / (lengths * _FULL_SCALE**2)
    dbfs = 10 * np.log10(np.maximum(power, 1e-12))
    clamped = np.clip(np.rint(dbfs), SILENT_DBFS, 0).astype(int)
    return tuple(clamped.tolist())
