"""The recognisers in order of preference: when one fails, the next one listens."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from apps.asr_worker.engines.base import (
    Hints,
    Recogniser,
    RecogniserError,
    SoundRefused,
    Transcript,
)
from libs.contracts.health import ModuleState
from libs.worker.worker import Health

#: What status, panel and doctor say when nothing understands speech.
NO_RECOGNISER = "no recogniser: typed and chat input only"

#: A pass over three seconds that takes longer leaves no time for words while one still speaks.
PARTIAL_SECONDS = 0.5
#: And this is slower than one speaks.
SLOW_SECONDS = 3.0

SMALLER = "kitsu ears models"

Partials = Literal["auto", "on", "off"]

#: One that cannot be started is tried again after this, and after longer and longer pauses: a
#: process with a large package in it costs a second of a core.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 300.0

log = logging.getLogger("kitsu.asr_worker")


@dataclass
class Rung:
    """One recogniser and, when it cannot be used now, why."""

    recogniser: Recogniser
    problem: RecogniserError | None = None
    started: bool = False
    pause_seconds: float = 0.0
    next_try_at: float = 0.0

    @property
    def works(self) -> bool:
        return self.started and self.problem is None

    def knows(self, language: str) -> bool:
        languages = self.recogniser.capabilities.languages
        return not language or not languages or language.partition("-")[0] in languages

    def failed(self, error: RecogniserError, now: float) -> None:
        self.problem = error
        self.next_try_at = now + self.pause_seconds
        longer = max(FIRST_PAUSE_SECONDS, 2 * self.pause_seconds)
        self.pause_seconds = min(longer, LONGEST_PAUSE_SECONDS)


class RecogniserLadder:
    """Understands with the best recogniser that works now.

    Promises: a sound is understood as long as one rung works; a rung that failed is not asked
    before `mend` has started it again; a rung that does not know the language is asked only when
    none does. Without a rung `mend` looks again what there is, so that what is installed later is
    found without a restart.
    """

    def __init__(
        self,
        find: Callable[[], Sequence[Recogniser]],
        step: Callable[[], str] = lambda: "",
        partials: Partials = "auto",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`find` gives the recognisers, best first; `step` the one that gets a first one."""
        self._find = find
        self._step = step
        self._partials = partials
        self._now = now
        self._rungs: list[Rung] = []
        self._mending = asyncio.Lock()
        self._starting: asyncio.Task[None] | None = None
        self._stopped = False

    async def start(self) -> None:
        self._stopped = False
        await self.mend()

    async def mend(self) -> None:
        """Starts the rungs that do not work and are due, one after the other, best first. To be
        called every few seconds while `broken`."""
        async with self._mending:
            if not self._rungs:
                self._rungs = [Rung(recogniser) for recogniser in self._find()]
            for rung in self._rungs:
                if self._stopped:
                    return
                if not rung.works and self._now() >= rung.next_try_at:
                    await self._start(rung)

    async def stop(self) -> None:
        """A start that goes on is broken off: loading a model may take minutes."""
        self._stopped = True
        if self._starting is not None:
            self._starting.cancel()
        async with self._mending:
            for rung in self._rungs:
                rung.started = False
                await rung.recogniser.stop()

    @property
    def in_use(self) -> Recogniser | None:
        """The best one that works now."""
        return next((rung.recogniser for rung in self._rungs if rung.works), None)

    @property
    def ready(self) -> bool:
        return self.in_use is not None

    @property
    def broken(self) -> bool:
        """Whether `mend` has something to do."""
        return not self._rungs or any(not rung.works for rung in self._rungs)

    @property
    def wants_partials(self) -> bool:
        """Words while one still speaks: where a pass is short, and costs no server's time."""
        if self._partials != "auto" or self.in_use is None:
            return self._partials == "on" and self.ready
        can = self.in_use.capabilities
        return can.local and (can.seconds_per_pass or PARTIAL_SECONDS) < PARTIAL_SECONDS

    def health(self) -> Health:
        problems = "; ".join(
            f"{rung.recogniser.name}: {rung.problem}" for rung in self._rungs if rung.problem
        )
        if self.in_use is None:
            state = ModuleState.DEGRADED if self._rungs else ModuleState.NOT_CONFIGURED
            why = problems or self._step()
            return Health(state, f"{NO_RECOGNISER}. {why}" if why else NO_RECOGNISER)
        name, label = self.in_use.name, self.in_use.capabilities.label
        if problems:
            return Health(ModuleState.DEGRADED, f"listening with {label}, because {problems}", name)
        seconds = self.in_use.capabilities.seconds_per_pass or 0.0
        if seconds > SLOW_SECONDS:
            slow = f"{label} is slow here ({seconds:.1f} s for 3 s of speech)"
            return Health(ModuleState.DEGRADED, f"{slow}: get a smaller one, {SMALLER}", name)
        return Health(ModuleState.READY, label, name)

    async def transcribe(self, pcm: bytes, hints: Hints, final: bool) -> Transcript:
        """What was said in 16 kHz mono sound. Raises `SoundRefused` when the sound is at fault, and
        `RecogniserError` when no rung is left."""
        if hints.language == "auto":
            hints = replace(hints, language="")
        for rung in self._in_order(hints.language):
            try:
                return await rung.recogniser.transcribe(pcm, hints, final)
            except SoundRefused:
                raise
            except RecogniserError as error:
                name = rung.recogniser.name
                log.warning("%s failed: %s", name, error, extra={"code": error.code})
                rung.failed(error, self._now())
        raise RecogniserError(self.health().detail)

    def _in_order(self, language: str) -> list[Rung]:
        working = [rung for rung in self._rungs if rung.works]
        return sorted(working, key=lambda rung: not rung.knows(language))

    async def _start(self, rung: Rung) -> None:
        self._starting = asyncio.create_task(rung.recogniser.start(), name="recogniser start")
        try:
            await self._starting
        except asyncio.CancelledError:
            if not self._stopped:
                raise
        except RecogniserError as error:
            if str(error) != str(rung.problem):
                log.warning("%s cannot start: %s", rung.recogniser.name, error)
            rung.failed(error, self._now())
        else:
            rung.problem, rung.started = None, True
            rung.pause_seconds = 0.0
        finally:
            self._starting = None
