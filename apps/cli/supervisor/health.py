"""Keeps asking the modules of one process how they are."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.cli.supervisor.readiness import Door, Readiness, ask

#: How often: while it starts, and later.
STARTING_POLL_SECONDS = 0.1
READY_POLL_SECONDS = 3.0
#: So many questions in a row without an answer are told.
SILENT_ANSWERS = 2


@dataclass
class Health:
    """What a module last said, and how often it was silent since."""

    readiness: Readiness | None = None
    unanswered: int = 0

    @property
    def silent(self) -> bool:
        return self.unanswered >= SILENT_ANSWERS


class HealthWatch:
    """`ready` is set when every module of the process has said so; without modules at once."""

    def __init__(self, doors: Sequence[Door], changed: Callable[[], None]) -> None:
        self.modules: dict[str, Health] = {door.module: Health() for door in doors}
        self.ready = asyncio.Event()
        self.was_ever_ready = False
        self._doors = doors
        self._changed = changed

    async def run(self) -> None:
        """Until cancelled, for one life of the process."""
        while True:
            before = self._looks()
            answers = await asyncio.gather(*(ask(door) for door in self._doors))
            for door, answer in zip(self._doors, answers, strict=True):
                health = self.modules[door.module]
                health.unanswered = 0 if answer is not None else health.unanswered + 1
                health.readiness = answer or health.readiness
            if all(h.readiness is not None and h.readiness.ready for h in self.modules.values()):
                self.ready.set()
                self.was_ever_ready = True
            if not self._doors or self._looks() != before:
                self._changed()
            ready = self.ready.is_set()
            await asyncio.sleep(READY_POLL_SECONDS if ready else STARTING_POLL_SECONDS)
            if not self._doors:
                return

    def forget(self) -> None:
        """The process has ended."""
        self.ready.clear()
        for health in self.modules.values():
            health.readiness, health.unanswered = None, 0

    def _looks(self) -> list[tuple[Readiness | None, bool]]:
        return [(health.readiness, health.silent) for health in self.modules.values()]
