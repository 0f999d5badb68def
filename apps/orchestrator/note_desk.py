"""What she wants remembered, taken when the sentence it belongs to begins to be heard."""

import asyncio
from typing import TYPE_CHECKING

from libs.contracts.conversation import RememberFact

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker


class NoteDesk:
    """Promises: a note is kept once, or as soon as the disk takes it, or refused with a code that
    is counted; none of a turn that was cut off."""

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker

    async def take(self, event: RememberFact) -> None:
        worker, loop = self._worker, asyncio.get_running_loop()
        if worker.fences.stale(event.show, event.epoch, event.turn_id):
            self._count("stale")
            return

        def told(refused: str) -> None:
            """In the database's thread."""
            loop.call_soon_threadsafe(self._count, refused)

        async with worker.conversation.nothing_half_written():
            await worker.memory.note(event.turn_id or "", event.text, told)

    def _count(self, refused: str) -> None:
        code = f"notes_refused_{refused}" if refused else "notes_kept"
        self._worker.counters[code] += 1
