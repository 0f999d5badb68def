"""The other parts of the ears, played from a script."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.asr_worker.engines.base import (
    Capabilities,
    Hints,
    Recogniser,
    RecogniserError,
    Transcript,
)
from apps.asr_worker.inputs.base import RATE_HZ, Block, Source
from apps.asr_worker.partners import Window
from libs.contracts.envelope import Event
from libs.contracts.health import ModuleState
from libs.contracts.listening import (
    DismissReason,
    InterruptionDecided,
    InterruptionKind,
    SpeechStarted,
)
from libs.worker.worker import Health


class ScriptedVoiceModel:
    """Loud is a voice, quiet is none."""

    name = "script"
    problem = ""

    def __init__(self) -> None:
        self.resets = 0

    def probability(self, samples: NDArray[np.float32]) -> float:
        return 0.95 if float(np.abs(samples).max()) > 0.05 else 0.02

    def reset(self) -> None:
        self.resets += 1


@dataclass
class Pass:
    """What the recogniser was asked for."""

    pcm: bytes
    hints: Hints
    final: bool
    cancelled: bool = False

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / RATE_HZ


class ScriptedLadder:
    """Answers with the script's next line; an exception in it is raised. `held`: passes last until
    it is released."""

    name = "script"

    def __init__(self, *script: str | Transcript | Exception) -> None:
        self.script: list[str | Transcript | Exception] = list(script)
        self.otherwise: str | Transcript | Exception = "hello there"
        self.passes: list[Pass] = []
        self.wants_partials = False
        self.ready = True
        self.at_once = self.most_at_once = 0
        self.started = self.stopped = self.mended = 0
        self._free = asyncio.Event()
        self._free.set()
        self.start_error: Exception | None = None

    @property
    def in_use(self) -> Recogniser | None:
        return self

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("a script")

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    async def start(self) -> None:
        self.started += 1
        if self.start_error is not None:
            raise self.start_error

    async def stop(self) -> None:
        self.stopped += 1

    async def mend(self) -> None:
        self.mended += 1

    def health(self) -> Health:
        if self.ready:
            return Health(ModuleState.READY, "", "a script")
        return Health(ModuleState.NOT_CONFIGURED, "no recogniser: typed and chat input only")

    async def transcribe(self, pcm: bytes, hints: Hints, final: bool) -> Transcript:
        asked = Pass(pcm, hints, final)
        self.passes.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._free.wait()
        except asyncio.CancelledError:
            asked.cancelled = True
            raise
        finally:
            self.at_once -= 1
        answer = self.script.pop(0) if self.script else self.otherwise
        if isinstance(answer, Exception):
            raise answer
        return Transcript(answer, "script") if isinstance(answer, str) else answer


class NoRecogniser(RecogniserError):
    code = "none"


class ScriptedInterruption:
    """Writes down what it was told."""

    def __init__(self) -> None:
        self.speaking = False
        self.hers: Callable[[Window], bool] = lambda window: False
        self.reason: DismissReason | None = None
        self.told: list[tuple[str, Any]] = []
        self.windows = 0
        self.fails = False
        self.decides_keywords = False
        self.publish: Callable[[Event], Awaitable[None]]

    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    async def window(self, window: Window) -> bool:
        self.windows += 1
        return self.hers(window)

    async def started(self, speech: SpeechStarted) -> None:
        self.told.append(("started", speech.event_id))

    async def words(self, text: str) -> None:
        self.told.append(("words", text))

    async def paused(self, at: float) -> None:
        self.told.append(("paused", at))

    async def resumed(self, at: float) -> None:
        self.told.append(("resumed", at))

    async def understood(self, text: str) -> DismissReason | None:
        self.told.append(("understood", text))
        if self.fails:
            raise ValueError("scripted")
        return self.reason

    async def over(self) -> None:
        self.told.append(("over", None))

    async def keyword(self, phrase: str) -> None:
        self.told.append(("keyword", phrase))
        if self.decides_keywords:
            await self.publish(InterruptionDecided(kind=InterruptionKind.KEYWORD, text="decided"))

    def talk_key(self, held: bool) -> None:
        self.told.append(("talk_key", held))


class ScriptedAgreement:
    """Confirms what the pass before said already."""

    def __init__(self) -> None:
        self._before = ""

    @property
    def text(self) -> str:
        return self._before

    def take(self, text: str) -> str:
        agreed = []
        for one, other in zip(self._before.split(), text.split(), strict=False):
            if one != other:
                break
            agreed.append(one)
        self._before = text
        return " ".join(agreed)


class ScriptedInput:
    """Gives what `give` was told, and no more."""

    def __init__(self, source: Source = "device") -> None:
        self.source: Source = source
        self.device = "a scripted microphone"
        self.present = True
        self.problem = ""
        self.lost_samples = 0
        self.is_open = False
        self.opened = 0
        self.open_error: Exception | None = None
        self._blocks: list[Block] = []
        self._some = asyncio.Event()

    def give(self, *blocks: Block) -> None:
        self._blocks += blocks
        self._some.set()

    async def open(self) -> None:
        self.opened += 1
        if self.open_error is not None:
            error, self.open_error = self.open_error, None
            raise error
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def take(self) -> list[Block]:
        await self._some.wait()
        self._some.clear()
        blocks, self._blocks = self._blocks, []
        return blocks


class ScriptedEar:
    """A keyword guard that only counts."""

    def __init__(self) -> None:
        self.problem = ""
        self.heard = 0
        self.own: list[bool] = []
        self.runs = False
        self.start_error: Exception | None = None

    async def start(self) -> None:
        if self.start_error is not None:
            raise self.start_error
        self.runs = True

    async def stop(self) -> None:
        self.runs = False

    def hear(self, block: Block) -> None:
        self.heard += block.samples

    def own_voice(self, own: bool, at: float) -> None:
        self.own.append(own)


@dataclass
class ScriptedLevels:
    level_dbfs: float = -30.0
    peak_dbfs: float = -12.0
    says: str = ""
    heard: int = 0

    def hear(self, block: Block) -> None:
        self.heard += block.samples

    def problem(self, now: float) -> str:
        return self.says


@dataclass
class ScriptedPlayback:
    taken: list[tuple[Event, bytes]] = field(default_factory=list)
    utterance_id: str | None = None
    turn_id: str | None = None
    epoch: int = 0

    def take(self, event: Event, data: bytes) -> None:
        self.taken.append((event, data))


def not_invented(
    text: str,
    voiced_seconds: float,
    no_speech_probability: float | None,
    mean_log_probability: float | None,
    compression_ratio: float | None,
) -> bool:
    """Only what the script marks as made up."""
    return text.startswith("MADE UP") or (no_speech_probability or 0.0) > 0.9
