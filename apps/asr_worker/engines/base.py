"""What the worker asks of a recogniser, whichever product is behind it."""

from dataclasses import dataclass
from typing import Protocol

from libs.contracts.health import ErrorCategory


class RecogniserError(Exception):
    """Something a recogniser cannot do: a code for programs, a sentence with the mending step."""

    code = "recogniser_failed"
    category = ErrorCategory.ENGINE


class RecogniserMissing(RecogniserError):
    """A package or model is not on this machine, or a server does not answer."""

    code = "recogniser_missing"
    category = ErrorCategory.MISSING


class RecogniserDied(RecogniserError):
    """It ended or hung while it was listening."""

    code = "recogniser_died"


class SoundRefused(RecogniserError):
    """This piece of sound is at fault; another recogniser would do no better."""

    code = "sound_refused"
    category = ErrorCategory.BAD_INPUT


@dataclass(frozen=True)
class Word:
    """Times are seconds from the first sample; `confidence` is 0..1."""

    text: str
    start_seconds: float
    end_seconds: float
    confidence: float | None = None


@dataclass(frozen=True)
class Transcript:
    """What was understood. The last three are what a Whisper says of its own doubts; None: it does
    not."""

    text: str
    engine: str
    words: tuple[Word, ...] = ()
    language: str | None = None
    confidence: float | None = None
    no_speech_probability: float | None = None
    mean_log_probability: float | None = None
    compression_ratio: float | None = None


@dataclass(frozen=True)
class Hints:
    """`language` empty: it is to be found out. `words` may come up: names, mostly."""

    language: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capabilities:
    """`seconds_per_pass`: measured at the start, for three seconds of sound; None: not measured.
    `languages` are tags such as `pt`; empty: any."""

    label: str
    word_times: bool = False
    hot_words: bool = False
    languages: tuple[str, ...] = ()
    local: bool = True
    seconds_per_pass: float | None = None


class Recogniser(Protocol):
    """One recogniser.

    Promises: one pass at a time, the next one waits; cancelling the task that waits for a pass
    frees the recogniser as soon as it can be; it never raises anything but `RecogniserError`.
    """

    @property
    def name(self) -> str:
        """The product, as in settings and health: `faster_whisper`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """Complete after `start`."""
        ...

    async def start(self) -> None:
        """Loads, probes and measures. Raises `RecogniserError`; may be called again after that."""
        ...

    async def stop(self) -> None:
        """Frees everything. Safe to call twice, and without `start`."""
        ...

    async def transcribe(self, pcm: bytes, hints: Hints, final: bool) -> Transcript:
        """What was said in `pcm` (16 kHz mono). Not `final`: quick is better than exact."""
        ...
