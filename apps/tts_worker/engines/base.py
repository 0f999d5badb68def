"""What the worker asks of a voice, whichever product is behind it."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from libs.contracts.health import ErrorCategory
from libs.contracts.speaking import Mood, MouthCue, WordCue


class EngineError(Exception):
    """Something a voice cannot do: a code for programs, a sentence with the mending step."""

    code = "engine_failed"
    category = ErrorCategory.ENGINE


class EngineMissing(EngineError):
    """A part of the engine is not on this machine."""

    code = "engine_missing"
    category = ErrorCategory.MISSING


class EngineDied(EngineError):
    """The engine ended or hung while it was speaking."""

    code = "engine_died"


class SentenceRefused(EngineError):
    """The sentence itself is at fault; another engine would do no better."""

    code = "sentence_refused"
    category = ErrorCategory.BAD_INPUT


class SentenceTooLong(SentenceRefused):
    """Its sound was ended at the engine's limit; what came before stands."""

    code = "too_long"


@dataclass(frozen=True)
class Voice:
    """One voice as it may be named in a request."""

    id: str
    language: str
    title: str


@dataclass(frozen=True)
class Capabilities:
    """`languages` are tags such as `pt-br`; empty: any. `sample_rate_hz` 0: whichever is asked.

    `keeps` says whether its sound is worth keeping on disk.
    """

    label: str
    sample_rate_hz: int
    phone_times: bool
    languages: tuple[str, ...] = ()
    voices: tuple[Voice, ...] = ()
    keeps: bool = True


@dataclass(frozen=True)
class SpeechRequest:
    """One sentence to be said. An unknown or empty voice means the engine's own for the language.

    `sample_rate_hz` is set when sound of this sentence has left already and the rest must fit.
    """

    text: str
    voice: str = ""
    language: str = "en"
    mood: Mood = Mood.NEUTRAL
    energy: float = 0.6
    sample_rate_hz: int | None = None


@dataclass(frozen=True)
class SoundPiece:
    """Mono signed 16-bit little-endian PCM, and the cues that start inside it.

    `offset_samples` counts from the sentence's first sample; pieces follow each other without a
    gap. Cue times count from the sentence's first sample too.
    """

    pcm: bytes
    offset_samples: int
    sample_rate_hz: int
    engine: str
    mouth: tuple[MouthCue, ...] = ()
    words: tuple[WordCue, ...] = ()

    @property
    def end_samples(self) -> int:
        return self.offset_samples + len(self.pcm) // 2


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes the sound of one request: equal recipes sound alike."""

    engine: str
    voice: str
    text: str
    details: Mapping[str, str | int | float] = field(default_factory=dict)


class SpeechEngine(Protocol):
    """One voice product.

    Promises: `synthesize` gives the first piece as soon as there is one; closing its iterator
    (`aclose`, or cancelling the task that waits for it) ends the work at once, and the next
    request is whole. Several requests may be open at a time. Text that has nothing to say gives
    no piece.
    """

    @property
    def name(self) -> str:
        """The product, as in settings, health and cache: `espeak`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """Complete after `start`."""
        ...

    async def start(self) -> None:
        """Loads what is needed. Raises `EngineError`; may be called again after that."""
        ...

    async def stop(self) -> None:
        """Frees everything. Safe to call twice, and without `start`."""
        ...

    def knows_voice(self, voice: str) -> bool: ...

    def recipe(self, request: SpeechRequest) -> Recipe: ...

    def synthesize(self, request: SpeechRequest) -> AsyncGenerator[SoundPiece, None]:
        """The sound of one sentence. Raises `EngineError` while it is iterated."""
        ...
