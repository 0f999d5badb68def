"""Inputs on their way to the disk: many in one transaction."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from apps.orchestrator.floor import Candidate, Skipped
from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database

#: Between two transactions; the first one after a pause comes at once.
WRITE_EVERY_SECONDS = 0.1

log = logging.getLogger("kitsu.orchestrator.inputs")

Tell = Callable[[Sequence[Candidate], Sequence[Skipped]], Awaitable[None]]


@dataclass
class Page:
    """What one transaction writes."""

    entered: dict[str, Candidate] = field(default_factory=dict)
    left: list[Skipped] = field(default_factory=list)
    written: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def is_empty(self) -> bool:
        return not self.entered and not self.left


class InputLog:
    """Promises: inputs are written in the order in which they came, each with what became of it;
    `tell` is called once for each, when it is written.

    A chat line costs no transaction: those of a tenth of a second share one. Nothing is lost by it:
    whoever handed a line in waits for the `written` of its page and acknowledges it only then, so
    that after a kill it is handed out again; those that wait on disk are taken up at the start.
    """

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database = database
        self._tell = tell
        self._page: Page | None = None
        self._writing: Page | None = None
        self._task: asyncio.Task[None] | None = None
        self._next_at = 0.0
        self._hurry = asyncio.Event()

    def note(self, entered: Candidate | None, left: Sequence[Skipped]) -> None:
        """Someone came, and these left."""
        page = self._page = Page() if self._page is None else self._page
        if entered is not None:
            page.entered[entered.input_id] = entered
        page.left += left
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_pages(), name="write inputs")

    @property
    def written(self) -> Awaitable[None]:
        """Done when all that was noted is on disk, or is as soon as it can be."""
        page = self._writing if self._page is None else self._page
        if page is not None:
            return asyncio.shield(page.written)
        nothing = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        return nothing

    def find(self, input_id: str) -> Awaitable[None] | None:
        """When the page with this input is written, if it is not yet."""
        for page in (self._page, self._writing):
            if page is not None and input_id in page.entered:
                return asyncio.shield(page.written)
        return None

    def strike(self, input_id: str) -> bool:
        """Somebody else writes this input. False when it is too late for that."""
        return self._page is not None and self._page.entered.pop(input_id, None) is not None

    async def settle(self) -> None:
        """Waits until all that came so far is written, and has it written now."""
        self._hurry.set()
        await self.written

    async def catch_up(self) -> None:
        """Waits until all is written and told."""
        while self._task is not None and not self._task.done():
            self._hurry.set()
            await asyncio.wait({self._task})

    async def _write_pages(self) -> None:
        loop = asyncio.get_running_loop()
        while self._page is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._next_at - loop.time())):
                    await self._hurry.wait()
            self._hurry.clear()
            self._writing, self._page = self._page, None
            self._next_at = loop.time() + WRITE_EVERY_SECONDS
            await self._write(self._writing)
            self._writing = None

    async def _write(self, page: Page) -> None:
        def write(db: sqlite3.Connection) -> None:
            records.add_inputs(db, page.entered.values())
            records.skip_inputs(db, page.left)

        try:
            if not page.is_empty:
                await self._database.keep(write)
                await self._tell(list(page.entered.values()), page.left)
        except Exception as error:  # supervised here: those who wait are told, and ask again
            log.exception("inputs could not be written")
            page.written.set_exception(error)
            page.written.exception()  # perhaps nobody waits
        else:
            page.written.set_result(None)
