"""The replies in work, and giving them up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from libs.contracts.conversation import TurnCommitted


@dataclass
class _InWork:
    turn: TurnCommitted
    task: asyncio.Task[None]
    given_up: str = ""


class RepliesInWork:
    """Every turn that is being answered now. A reply that is given up stops at once: its engine's
    stream is closed with its task."""

    def __init__(self) -> None:
        self._in_work: dict[str, _InWork] = {}
        self.when_begun: Callable[[], None] = lambda: None
        """Called when one is begun: what is less urgent makes room."""

    def __len__(self) -> int:
        return len(self._in_work)

    async def run(self, turn: TurnCommitted, answer: Callable[[], Awaitable[None]]) -> str:
        """Runs `answer` to its end. Returns why it was given up, or "" when it was not; raises
        what it raises."""
        self.when_begun()
        task = asyncio.create_task(_as_coroutine(answer), name=f"reply {turn.utterance_id}")
        work = _InWork(turn, task)
        self._in_work[turn.event_id] = work
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:  # this worker is leaving; another one will answer
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        finally:
            del self._in_work[turn.event_id]
        if task.cancelled():
            return work.given_up or "cancelled"
        task.result()
        return ""

    def give_up(self, reason: str, concerns: Callable[[TurnCommitted], bool]) -> None:
        for work in self._in_work.values():
            if not work.given_up and concerns(work.turn):
                work.given_up = reason
                work.task.cancel()


async def _as_coroutine(answer: Callable[[], Awaitable[None]]) -> None:
    await answer()
