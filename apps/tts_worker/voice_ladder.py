"""The voices in order of preference: when one fails, the next one takes the sentence over."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

from apps.tts_worker.engines.base import (
    EngineError,
    Recipe,
    SentenceRefused,
    SoundPiece,
    SpeechEngine,
    SpeechRequest,
    Voice,
)
from libs.contracts.health import ModuleState
from libs.contracts.speaking import MouthCue, WordCue
from libs.worker.worker import Health

Cue = TypeVar("Cue", MouthCue, WordCue)

log = logging.getLogger("kitsu.tts_worker")


@dataclass
class Rung:
    """One voice and, when it cannot be used now, why."""

    engine: SpeechEngine
    problem: EngineError | None = None


class VoiceLadder:
    """Speaks with the best voice that works now.

    Promises: a sentence is said as long as one rung works; what was said already is not said
    again; a rung that failed is not asked before `mend` has started it again. The last rung should
    be one that cannot fail.
    """

    def __init__(self, engines: Sequence[SpeechEngine]) -> None:
        if not engines:
            raise ValueError("a ladder needs at least one voice")
        self._rungs = [Rung(engine) for engine in engines]

    async def start(self) -> None:
        for rung in self._rungs:
            await self._start(rung)

    async def mend(self) -> None:
        """Tries the rungs again that failed."""
        for rung in self._rungs:
            if rung.problem is not None:
                await self._start(rung)

    async def stop(self) -> None:
        for rung in self._rungs:
            await rung.engine.stop()

    @property
    def in_use(self) -> SpeechEngine:
        """The best voice that works now; the last one when none does."""
        working = (rung.engine for rung in self._rungs if rung.problem is None)
        return next(working, self._rungs[-1].engine)

    @property
    def broken(self) -> bool:
        return any(rung.problem is not None for rung in self._rungs)

    def knows_voice(self, voice: str) -> bool:
        return any(rung.engine.knows_voice(voice) for rung in self._rungs)

    def voices(self) -> list[tuple[str, Voice]]:
        """Name of the engine and its voices, best engine first."""
        return [
            (rung.engine.name, voice)
            for rung in self._rungs
            if rung.problem is None
            for voice in rung.engine.capabilities.voices
        ]

    def recipe(self, request: SpeechRequest) -> Recipe:
        return self.in_use.recipe(request)

    def health(self) -> Health:
        engine = self.in_use
        problems = "; ".join(
            f"{rung.engine.name}: {rung.problem}" for rung in self._rungs if rung.problem
        )
        if problems:
            detail = f"speaking with {engine.capabilities.label}, because {problems}"
            return Health(ModuleState.DEGRADED, detail, engine.name)
        return Health(ModuleState.READY, engine.capabilities.label, engine.name)

    async def speak(self, request: SpeechRequest) -> AsyncGenerator[SoundPiece, None]:
        """The sentence's sound, whichever rungs make it.

        Raises `SentenceRefused` when the text is at fault, `EngineError` when no rung is left.
        """
        rest = request
        said = _Said()
        for rung in self._rungs:
            if rung.problem is not None or not _fits(rung.engine, rest):
                continue
            try:
                async with aclosing(rung.engine.synthesize(rest)) as pieces:
                    async for piece in pieces:
                        yield said.add(piece)
            except SentenceRefused:
                raise
            except EngineError as error:
                log.warning("%s failed: %s", rung.engine.name, error, extra={"code": error.code})
                rung.problem = error
                rest = said.rest_of(request)
            else:
                return
        raise EngineError("no voice works; restart the module: kitsu restart tts_worker")

    async def _start(self, rung: Rung) -> None:
        try:
            await rung.engine.start()
        except EngineError as error:
            if str(error) != str(rung.problem):
                log.warning("%s cannot start: %s", rung.engine.name, error)
            rung.problem = error
        else:
            rung.problem = None


def _fits(engine: SpeechEngine, request: SpeechRequest) -> bool:
    own = engine.capabilities.sample_rate_hz
    return request.sample_rate_hz is None or own in (0, request.sample_rate_hz)


class _Said:
    """What of a sentence has left, so that another voice can go on behind it."""

    def __init__(self) -> None:
        self._sample_rate_hz: int | None = None
        self._end_samples = 0
        self._base_samples = 0
        self._word_start = 0

    def add(self, piece: SoundPiece) -> SoundPiece:
        """The piece, moved behind what was said before by others."""
        base_seconds = self._base_samples / piece.sample_rate_hz
        self._sample_rate_hz = piece.sample_rate_hz
        self._end_samples = self._base_samples + piece.end_samples
        if piece.words:
            self._word_start = piece.words[-1].start
        if not self._base_samples:
            return piece
        return replace(
            piece,
            offset_samples=self._base_samples + piece.offset_samples,
            mouth=tuple(_later(cue, base_seconds) for cue in piece.mouth),
            words=tuple(_later(cue, base_seconds) for cue in piece.words),
        )

    def rest_of(self, request: SpeechRequest) -> SpeechRequest:
        """From the last word that began; what stands before it becomes blanks, so that word cues
        still point into the sentence's text."""
        self._base_samples = self._end_samples
        start = self._word_start
        text = " " * start + request.text[start:]
        return replace(request, text=text, sample_rate_hz=self._sample_rate_hz)


def _later(cue: Cue, seconds: float) -> Cue:
    return cue.model_copy(update={"at_seconds": round(cue.at_seconds + seconds, 4)})
