"""Memories found by what they mean: an embedding model beside the words."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from apps.orchestrator.engines.base import (
    EmbeddingEngine,
    EmbeddingError,
    Garbled,
    TooSlow,
    Vectors,
)
from apps.orchestrator.memory import vectors
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.late_writes import cannot_now
from apps.orchestrator.memory.server_health import ServerHealth
from apps.orchestrator.memory.vector_shelf import Nearness, VectorShelf
from apps.orchestrator.memory.vectors import KINDS, MOST, Kind, Text

#: How often it is looked for texts that have no vector yet.
KEEP_UP_SECONDS = 2.0
#: Texts that are sent at once: a small part of a second for a small model.
BATCH = 16
#: Texts that are looked up at once: to look is dear in a long show.
LOOKED_UP = 256
#: A batch is given up after this long.
BATCH_SECONDS = 20.0
#: Sent to see whether the server is well when there is nothing else to send.
PROBE = "hello"

log = logging.getLogger("kitsu.orchestrator.memory")


@dataclass(frozen=True)
class Near:
    """What is near a question in meaning."""

    facts: Nearness
    messages: Nearness


class Meaning:
    """Promises: a turn waits no longer than the deadline, and not at all while the server is known
    to be away or too slow; everything else is done while nobody waits for an answer, and given up
    when somebody does; a vector is kept only of a row that is still there and still says the same.

    What is kept can be made anew from the texts: nothing is lost with it.
    """

    def __init__(
        self, database: Database, engine: EmbeddingEngine, deadline_seconds: float
    ) -> None:
        self._database = database
        self._engine = engine
        self._deadline_seconds = deadline_seconds
        self._shelves: dict[Kind, VectorShelf] = {kind: VectorShelf(MOST[kind]) for kind in KINDS}
        self._dimension = 0
        self._fillings = 0
        self._seen_changes = -1
        self._server = ServerHealth(engine.label)
        self._question: asyncio.Task[Vectors] | None = None
        self._batch: asyncio.Task[Vectors] | None = None
        self._at_work = asyncio.Lock()
        self._stopped = False

    def __len__(self) -> int:
        """Vectors at hand."""
        return sum(map(len, self._shelves.values()))

    @property
    def complaint(self) -> str:
        """What is wrong and the step that mends it, for people; empty: nothing."""
        return self._server.complaint

    async def stop(self) -> None:
        self._stopped = True
        tasks = [task for task in (self._question, self._batch) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with self._at_work:
            await self._engine.stop()

    async def refill(self) -> None:
        """Takes to hand what the database has, and nothing else."""
        self._fillings += 1
        model = self._engine.model

        def read(db: sqlite3.Connection) -> tuple[int, dict[Kind, tuple[list[int], list[bytes]]]]:
            dimension = vectors.dimension_of(db, model)
            return dimension, {kind: vectors.read(db, kind, model, dimension) for kind in KINDS}

        self._dimension, found = await self._database.look(read)
        for kind, (ids, blobs) in found.items():
            matrix = np.frombuffer(b"".join(blobs), "<f4").reshape(len(ids), self._dimension)
            sound = np.isfinite(matrix).all(axis=1)
            kept = [row_id for row_id, is_sound in zip(ids, sound, strict=True) if is_sound]
            self._shelves[kind].fill(kept, matrix[sound])

    # Questions --------------------------------------------------------------------------------

    async def of_question(self, text: str) -> Near | None:
        """What is near it; None where that cannot be known in time."""
        if self._batch is not None:
            self._batch.cancel()
        if not self._may_ask(text):
            return None
        asked = self._question = asyncio.create_task(self._vectors_of([text]), name="embed")
        asked.add_done_callback(self._question_over)
        done, _ = await asyncio.wait({asked}, timeout=self._deadline_seconds)
        if not done:
            self._server.was_late()
            return None
        if asked.cancelled() or asked.exception() is not None:
            return None
        self._server.was_in_time()
        question: Vectors = asked.result()[0]
        if len(question) != self._dimension:
            return None  # another model, whose vectors are not there yet
        return Near(
            self._shelves["fact"].nearness(question), self._shelves["message"].nearness(question)
        )

    def _may_ask(self, text: str) -> bool:
        """One question after the other: a server that has not answered the last is busy."""
        free = self._question is None and not self._stopped
        return bool(text.strip()) and free and bool(len(self)) and self._server.may_be_asked

    def _question_over(self, task: asyncio.Task[Vectors]) -> None:
        self._question = None
        if not task.cancelled() and isinstance(task.exception(), EmbeddingError):
            log.debug("the meaning of a question is not known: %s", task.exception())

    # Keeping up -------------------------------------------------------------------------------

    async def keep_up(self, quiet: Callable[[], bool]) -> None:
        """For ever: makes the vectors that are missing, while it is `quiet`."""
        while True:
            await asyncio.sleep(KEEP_UP_SECONDS)
            async with self._at_work:
                try:
                    await self.make_missing(quiet)
                except EmbeddingError as error:
                    log.debug("no vectors were made: %s", error)
                except sqlite3.OperationalError as error:
                    if not cannot_now(error):
                        raise
                    log.warning("vectors could not be written: %s", error)

    async def make_missing(self, quiet: Callable[[], bool]) -> None:
        """All of them, as long as it is `quiet`. Raises `EmbeddingError`."""
        while quiet() and not self._stopped and not self._database.late:
            if not self._server.may_be_tried:
                return
            changes, texts = await self._database.look(self._look)
            if changes == self._seen_changes and self._server.well:
                return
            await self._agree()
            if not texts and self._server.well:
                self._seen_changes = changes
                return
            for start in range(0, max(1, len(texts)), BATCH):
                if not quiet() or not await self._make(texts[start : start + BATCH]):
                    return

    def _look(self, db: sqlite3.Connection) -> tuple[int, list[Text]]:
        """How often anything was written, and what is missing if that is more than before."""
        changes = db.total_changes
        if changes == self._seen_changes:
            return changes, []
        return changes, vectors.missing(db, self._engine.model, LOOKED_UP)

    async def _agree(self) -> None:
        """Rows that went since took their vectors along: so they are not at hand any more."""
        model, dimension = self._engine.model, self._dimension
        held = await self._database.look(lambda db: vectors.extent(db, model, dimension))
        if held != {kind: shelf.extent for kind, shelf in self._shelves.items()}:
            await self.refill()

    async def _make(self, texts: list[Text]) -> bool:
        """False when somebody wants an answer now, or nothing came of it. Without texts: sees
        whether the server is well. Raises `EmbeddingError`."""
        asked = [text.text for text in texts] or [PROBE]
        batch = self._batch = asyncio.create_task(self._vectors_of(asked), name="embed")
        try:
            await asyncio.wait({batch})
        finally:
            self._batch = None
            batch.cancel()
        if batch.cancelled():
            return False
        made = batch.result()
        return await self._keep(texts, made) if texts else False

    async def _keep(self, texts: list[Text], made: Vectors) -> bool:
        fillings, model, dimension = self._fillings, self._engine.model, made.shape[1]
        rows = [(text, made[n].astype("<f4").tobytes()) for n, text in enumerate(texts)]

        def write(db: sqlite3.Connection) -> list[int]:
            vectors.remove_of_dimension(db, model, dimension)
            kept = vectors.write(db, model, dimension, rows)
            vectors.prune(db)
            return kept

        kept = await self._database.run(write)
        if fillings != self._fillings or dimension != self._dimension:
            await self.refill()
            return bool(kept)
        for kind, shelf in self._shelves.items():
            places = [n for n in kept if texts[n].kind == kind]
            shelf.put([texts[n].row_id for n in places], made[places])
        return bool(kept)

    async def _vectors_of(self, texts: list[str]) -> Vectors:
        """Raises `EmbeddingError`, which is known to `complaint` by then."""
        try:
            async with asyncio.timeout(BATCH_SECONDS):
                made = await self._engine.embed(texts)
            if self._dimension and not self._server.settled_on(made.shape[1], self._dimension):
                raise Garbled("vectors of another length")
        except TimeoutError:
            late = TooSlow("no answer")
            self._server.failed(late)
            raise late from None
        except EmbeddingError as error:
            self._server.failed(error)
            raise
        self._server.answered()
        return made
