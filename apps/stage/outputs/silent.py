"""No sound: keeps time as if there were."""

import time
from collections.abc import Callable

from apps.stage.outputs.base import Playing
from apps.stage.sentence import BYTES_PER_SAMPLE
from apps.stage.utterance import Utterance
from libs.contracts.health import ModuleState
from libs.contracts.interruption import SpeechHold
from libs.worker.worker import Health


class SilentOutput:
    """Plays in real time and is heard by nobody.

    A running dry is kept like on any other output: the position stands still until more comes.
    """

    name = "silent"

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._rate_hz = 0
        self._fed = 0
        self._finished = False
        self._position = 0.0
        self._looked_at = 0.0
        self._audible_at: float | None = None
        self._paused = False

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def start(self, utterance: Utterance, number: int) -> None:
        self.begin(utterance.rate_hz, 0)

    def begin(self, rate_hz: int, position: int, fed: int = 0) -> None:
        """From `position` on, of which `fed` samples in all are there already."""
        self._rate_hz = rate_hz
        self._fed, self._finished = fed, False
        self._position, self._looked_at = float(position), self._now()
        self._audible_at = None
        self._begin_to_count()

    def feed(self, pcm: bytes) -> None:
        self._advance()
        self._fed += len(pcm) // BYTES_PER_SAMPLE
        self._begin_to_count()

    def finish(self) -> None:
        self._finished = True

    def playing(self) -> Playing:
        self._advance()
        ended = self._finished and self._position >= self._fed
        return Playing(int(self._position), self._audible_at, ended)

    def hold(self, hold: SpeechHold) -> None:
        self._advance()
        self._paused = hold is SpeechHold.PAUSED
        self._begin_to_count()

    def stop(self) -> int:
        self._advance()
        position = int(self._position)
        self.begin(0, 0)
        return position

    def health(self) -> Health:
        return Health(ModuleState.READY, "no sound by choice (STAGE_OUTPUT=silent)", self.name)

    def _begin_to_count(self) -> None:
        if self._audible_at is None and not self._paused and self._fed > self._position:
            self._audible_at = self._now()

    def _advance(self) -> None:
        now = self._now()
        passed = 0.0 if self._paused else (now - self._looked_at) * self._rate_hz
        self._position = min(self._position + passed, float(self._fed))
        self._looked_at = now
