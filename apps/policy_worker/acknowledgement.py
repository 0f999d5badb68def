"""A short "mm?" to the host while a model thinks: she has heard him."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from apps.policy_worker.sender import ReplySender
from libs.contracts.conversation import TurnCommitted, TurnSource
from libs.contracts.safety import GateAction
from libs.safety import Gate, Judged

#: Shows whose last acknowledgement is remembered.
REMEMBERED_SHOWS = 100


class Acknowledging:
    """Promises: one line at most, as the first sentence of the same utterance, and only while
    nothing of the reply was said; through the gate; never the same one twice running; none of a
    reply that was begun before, or that was given up.
    """

    def __init__(self, after_seconds: float) -> None:
        """`after_seconds`, from the turn's arrival on; 0: never."""
        self._after_seconds = after_seconds
        self._last: OrderedDict[str, str] = OrderedDict()

    @asynccontextmanager
    async def while_thinking(
        self, sender: ReplySender, gate: Gate, lines: Sequence[str]
    ) -> AsyncIterator[None]:
        """Raises what sending the line raises."""
        spoken_to = sender.turn.input.source is TurnSource.VOICE
        if not (self._after_seconds and lines and spoken_to) or sender.begun:
            yield
            return
        task = asyncio.create_task(self._say_later(sender, gate, lines), name="acknowledge")
        try:
            yield
            if not sender.acknowledged:
                task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _say_later(self, sender: ReplySender, gate: Gate, lines: Sequence[str]) -> None:
        await asyncio.sleep(max(0.0, self._after_seconds - sender.elapsed_seconds))
        if not sender.begun and (judged := self._choose(sender.turn, gate, lines)) is not None:
            self._remember(sender.turn.show, judged.text)
            await sender.acknowledge(judged)

    def _choose(self, turn: TurnCommitted, gate: Gate, lines: Sequence[str]) -> Judged | None:
        own = [line.text for line in turn.history if line.speaker == "kitsu"][-1:]
        last = self._last.get(turn.show)
        order = [one for one in lines if one != last and not any(t.startswith(one) for t in own)]
        Random(turn.turn_id or turn.event_id).shuffle(order)
        for line in order:
            verdict = gate.check(line)
            if verdict.action is GateAction.ALLOW:
                return Judged(line, verdict)
        return None

    def _remember(self, show: str, line: str) -> None:
        self._last[show] = line
        self._last.move_to_end(show)
        if len(self._last) > REMEMBERED_SHOWS:
            self._last.popitem(last=False)
