"""What carries the voice: the one contract of all outputs."""

from dataclasses import dataclass
from typing import Protocol

from apps.stage.utterance import Utterance
from libs.contracts.interruption import SpeechHold
from libs.worker.worker import Health


@dataclass(frozen=True)
class Playing:
    """How far the present utterance was heard, in samples of its own rate.

    `audible_at` (monotonic clock) is when its first sample is or was heard; None: not known yet.
    """

    position: int = 0
    audible_at: float | None = None
    ended: bool = False


class OutputMissing(Exception):
    """This output cannot be used here; the message says what to do."""


class Output(Protocol):
    """Plays one utterance after another.

    All methods are called from the event loop and return at once. Promises: `position` counts
    samples that were really played and never exceeds what was fed; `stop` is in force when it
    returns (at most one more chunk of 20 ms is heard) and tells the last position; after `stop`
    nothing of that utterance sounds. A hold stays in force, also for utterances that come later.
    """

    @property
    def name(self) -> str:
        """How she is heard at this moment: "overlay", "device" or "silent"."""
        ...

    async def open(self) -> None:
        """Raises `OutputMissing` when it cannot work here."""
        ...

    async def close(self) -> None: ...

    def start(self, utterance: Utterance, number: int) -> None:
        """Makes ready for an utterance; `number` names it towards the overlay pages."""
        ...

    def feed(self, pcm: bytes) -> None:
        """The next samples. They begin to play as soon as they come."""
        ...

    def finish(self) -> None:
        """No more samples will come: `Playing.ended` is true once all were played."""
        ...

    def playing(self) -> Playing: ...

    def hold(self, hold: SpeechHold) -> None:
        """Paused: silence as with `stop`, and the position stands still; afterwards the same sound
        goes on with the sample that would have come next. Lowered: quieter, by a short ramp."""
        ...

    def stop(self) -> int:
        """Silence, now. Returns the position in samples; harmless when nothing plays."""
        ...

    def health(self) -> Health: ...
