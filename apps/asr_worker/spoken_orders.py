"""Fixed orders that the keyword guard hears: panic, and silence."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal

from apps.asr_worker.partners import Interrupting, PlaybackTruth
from libs.contracts.envelope import Event
from libs.contracts.listening import InterruptionDecided, InterruptionKind
from libs.worker.panic_call import PanicCall
from libs.worker.panic_control import BY_VOICE

#: A panic that is being told when this worker stops is told to its end, for so long.
PANIC_SECONDS = 2.0

OrderKind = Literal["panic", "stop"]
Spawn = Callable[[str, Coroutine[Any, Any, None]], asyncio.Task[None]]
Complain = Callable[[str, str], Awaitable[None]]


class SpokenOrders:
    """Promises: a panic goes out by both routes, whatever else this worker does, and one that is
    still being told is not told twice; an order to be silent is published once, also when she is
    only about to speak."""

    def __init__(
        self,
        show: str,
        panic: PanicCall,
        next_ordinal: Callable[[], int],
        publish: Callable[[Event], None],
        spawn: Spawn,
        complain: Complain,
        counters: Counter[str],
    ) -> None:
        self._show = show
        self._panic = panic
        self._next_ordinal = next_ordinal
        self._publish = publish
        self._spawn = spawn
        self._complain = complain
        self._counters = counters
        self._calling: asyncio.Task[None] | None = None
        self._cut = False

    def carry_out(
        self,
        kind: OrderKind,
        phrase: str,
        interruption: Interrupting,
        playback: PlaybackTruth,
    ) -> None:
        self._counters[f"heard_{kind}"] += 1
        if kind == "stop":
            self._spawn("silence by voice", self._silence(phrase, interruption, playback))
        elif self._calling is None or self._calling.done():
            self._calling = self._spawn("panic by voice", self._call_panic(phrase))

    def note(self, event: Event) -> None:
        """What interruption publishes: perhaps it has decided about an order itself."""
        if isinstance(event, InterruptionDecided) and event.kind is InterruptionKind.KEYWORD:
            self._cut = True

    async def close(self) -> None:
        if self._calling is not None:
            await asyncio.wait({self._calling}, timeout=PANIC_SECONDS)
        await self._panic.close()

    async def _silence(
        self, phrase: str, interruption: Interrupting, playback: PlaybackTruth
    ) -> None:
        """While she is audible it is decided as all else is that is said over her."""
        self._cut = False
        await interruption.keyword(phrase)
        if self._cut:
            return
        self._publish(
            InterruptionDecided(
                show=self._show,
                turn_id=playback.turn_id,
                utterance_id=playback.utterance_id,
                epoch=playback.epoch,
                kind=InterruptionKind.KEYWORD,
                text=phrase[:2_000],
            )
        )

    async def _call_panic(self, phrase: str) -> None:
        missing = await self._panic.engage(f"heard: {phrase}", BY_VOICE, self._next_ordinal())
        if missing:
            await self._complain(
                "panic_unreachable",
                f"Panic by voice: no answer on the port of {', '.join(missing)}. If something can "
                "still be heard, run: kitsu panic",
            )
