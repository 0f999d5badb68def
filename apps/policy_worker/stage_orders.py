"""What she may do on stage, and the orders that her actions become."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from apps.policy_worker import actions
from libs.contracts.conversation import ChosenOrder, RememberFact, StartPoll, TurnCommitted
from libs.contracts.stage import ShowItem, TriggerHotkey
from libs.contracts.studio import RequestStageAction, StudioLink

#: So old the names may be before they are read again.
FRESH_SECONDS = 10.0
#: Shows whose names are kept; a pool serves a few.
MAXIMUM_SHOWS = 50
#: Names that one model is told of.
MAXIMUM_NAMES = 40

#: Reads a latch of a show: `bus.latch`.
ReadLatch = Callable[[str, str], Awaitable[dict[str, Any] | None]]


def order_of(action: actions.Action, turn: TurnCommitted, event_id: str) -> ChosenOrder:
    """The order for one action. It has its turn's epoch: after an interruption it is not done."""
    match action:
        case actions.DoOnStage(name):
            return RequestStageAction.caused_by(turn, event_id=event_id, action=name, by="kitsu")
        case actions.PressHotkey(name):
            return TriggerHotkey.caused_by(turn, event_id=event_id, hotkey=name)
        case actions.ShowItem(name):
            return ShowItem.caused_by(turn, event_id=event_id, item=name)
        case actions.Remember(text):
            return RememberFact.caused_by(turn, event_id=event_id, text=text)
        case actions.StartPoll(question, options):
            return StartPoll.caused_by(turn, event_id=event_id, question=question, options=options)
    raise TypeError(f"{type(action).__name__} is no order")


class StageNames:
    """The names of `configs/scenes.yaml`, as the obs_controller of each show tells them.

    No turn waits for them: what is known is given at once, and read again in the background.
    """

    def __init__(self, read_latch: ReadLatch) -> None:
        self._read_latch = read_latch
        self._names: dict[str, tuple[str, ...]] = {}
        self._ready: set[str] = set()
        self._due: dict[str, float] = {}
        self._reading: set[asyncio.Task[None]] = set()

    def obs_is_ready(self, show: str) -> bool:
        """As last told."""
        return show in self._ready

    def of(self, show: str) -> tuple[str, ...]:
        if time.monotonic() >= self._due.get(show, 0.0):
            task = asyncio.create_task(self.read(show), name="read stage names")
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        return self._names.get(show, ())

    async def read(self, show: str) -> None:
        if show not in self._due and len(self._due) >= MAXIMUM_SHOWS:
            self._due.clear()
            self._names.clear()
            self._ready.clear()
        self._due[show] = time.monotonic() + FRESH_SECONDS
        latch = await self._read_latch(show, "studio") or {}
        self._ready.discard(show)
        if latch.get("link") == StudioLink.READY.value:
            self._ready.add(show)
        found = latch.get("actions")
        names = found if isinstance(found, list | tuple) else ()
        self._names[show] = tuple(n for n in names if isinstance(n, str))[:MAXIMUM_NAMES]

    async def stop(self) -> None:
        for task in list(self._reading):
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
