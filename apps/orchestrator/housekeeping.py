"""What is due every few seconds, and what waits for a quiet moment."""

import asyncio
import sqlite3
from typing import TYPE_CHECKING

from apps.orchestrator.memory import records
from apps.orchestrator.memory.late_writes import cannot_now

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

HOUSEKEEPING_SECONDS = 2.0


class Housekeeping:
    """Promises: what asks a model is begun only while nobody waits for an answer; a disk that
    cannot be written now is tried again."""

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker

    async def keep(self) -> None:
        worker = self._worker
        while True:
            worker.roster.forget_silent()
            worker.safety.texts.tidy()
            worker.message_count = await worker.database.look(records.message_count)
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            try:
                await worker.memory.keep_house()
                await worker.database.run(records.prune)
                if worker.conversation.quiet:
                    await worker.summary_desk.ask_if_due(worker.session.snapshot)
            except sqlite3.OperationalError as error:
                if not cannot_now(error):
                    raise
                worker.log.warning("the memory could not be tidied up: %s", error)
