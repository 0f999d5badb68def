"""Inputs that want the floor: on disk, and told when they leave unanswered."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence

from apps.orchestrator.feed import Feed
from apps.orchestrator.floor import Candidate, Floor, Skipped
from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.settings import OrchestratorSettings
from libs.contracts.conversation import InputSkipped, SkipReason
from libs.contracts.envelope import Event
from libs.telemetry import clock


class WaitingRoom:
    """Promises: an input that was accepted is on disk, or is as soon as the disk takes it; it
    leaves once, through `take` or with a reason code that feed and bus are told."""

    def __init__(
        self,
        settings: OrchestratorSettings,
        database: Database,
        publish: Callable[[Event], Awaitable[None]],
        feed: Feed,
    ) -> None:
        self._show = settings.kitsu_show
        self._database = database
        self._publish = publish
        self._feed = feed
        self._floor = Floor(settings.floor_waiting_lines, settings.floor_fresh_seconds)
        self._restored_seconds = settings.turn_expires_seconds
        self.held: SkipReason | None = None
        """Why nothing is answered now (panic, off); None: the floor is open."""

    def __len__(self) -> int:
        return len(self._floor)

    async def restore(self) -> None:
        """Takes up what waited before a restart; what nobody waits for any more leaves."""
        leaving: list[Skipped] = []
        for candidate in await self._database.run(records.waiting_inputs):
            old = clock.now() - candidate.input.arrived_at > self._restored_seconds
            too_old = [Skipped(candidate, SkipReason.TOO_OLD)]
            leaving += too_old if old else self._floor.offer(candidate)
        await self._skip(leaving)

    async def knows(self, candidate: Candidate) -> bool:
        return await self._database.look(lambda db: records.knows(db, candidate))

    async def accept(self, candidate: Candidate) -> None:
        """One transaction a line, also in a flood: its arrival, and whoever it pushes out."""
        held = self.held
        leaving = self._floor.offer(candidate) if held is None else [Skipped(candidate, held)]

        def write(db: sqlite3.Connection) -> None:
            records.add_input(db, candidate)
            records.skip_inputs(db, leaving)

        await self._database.keep(write)
        self._feed.heard_input(candidate.input_id, candidate.input)
        await self._tell(leaving)

    async def take(self) -> Candidate | None:
        """The next one to answer; None when nobody waits or nothing is answered now."""
        if self.held is not None:
            return None
        candidate, too_old = self._floor.take(clock.now())
        await self._skip(too_old)
        return candidate

    async def refuse(self, candidate: Candidate) -> None:
        """One that was taken, but is not answered now after all."""
        assert self.held is not None
        await self._skip([Skipped(candidate, self.held)])

    async def withdraw(self, message_id: str, viewer_id: str, platform: str) -> None:
        """A deleted message, everything of a banned viewer, or of a platform's chat."""
        await self._skip(self._floor.withdraw(message_id, viewer_id, platform))

    async def hold(self, reason: SkipReason) -> None:
        """Nothing is answered from now on; what waits leaves with this reason."""
        self.held = reason
        await self._skip(self._floor.clear(reason))

    async def _skip(self, skipped: Sequence[Skipped]) -> None:
        if skipped:
            await self._database.keep(lambda db: records.skip_inputs(db, skipped))
            await self._tell(skipped)

    async def _tell(self, skipped: Sequence[Skipped]) -> None:
        for item in skipped:
            given = item.candidate.input
            self._feed.skipped(item.candidate.input_id, given.author, given.text, item.reason)
            await self._publish(
                InputSkipped(
                    show=self._show,
                    turn_id=item.candidate.turn_id,
                    cause_id=item.candidate.input_id,
                    input_id=item.candidate.input_id,
                    reason=item.reason,
                    author=given.author,
                    text=given.text,
                )
            )
