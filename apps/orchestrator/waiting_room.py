"""Inputs that want the floor: on disk, and told when they leave unanswered."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from apps.orchestrator.feed import Feed
from apps.orchestrator.floor import Candidate, Floor, Skipped, load_rules
from apps.orchestrator.input_log import InputLog
from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.settings import OrchestratorSettings
from apps.orchestrator.skip_book import SkipBook
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.conversation import InputSkipped, SkipReason
from libs.contracts.envelope import Event
from libs.contracts.identity import derived_id
from libs.telemetry import clock

#: So many skips are published side by side.
PUBLISHED_TOGETHER = 100

#: Timers end a little early.
SHORTEST_LOOK_SECONDS = 0.005

Written = Awaitable[None]


class WaitingRoom:
    """Promises: an input that was accepted is on disk when its `Written` is done, or is as soon as
    the disk takes it; it leaves once, through `take` or with a reason code that feed and bus are
    told."""

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
        self._log = InputLog(database, self._tell)
        self._restored_seconds = settings.turn_expires_seconds
        self.floor = Floor(load_rules(settings.floor_path))
        self.skips = SkipBook()
        self.heard_at = clock.now()
        """When somebody last wanted something."""
        self.held: SkipReason | None = None
        """Why nothing is answered now (panic, off); None: the floor is open."""

    def __len__(self) -> int:
        return len(self.floor)

    async def restore(self) -> None:
        """Takes up what waited before a restart; what nobody waits for any more leaves."""
        leaving: list[Skipped] = []
        now = clock.now()
        for candidate in await self._database.run(records.waiting_inputs):
            old = now - candidate.input.arrived_at > self._restored_seconds
            too_old = [Skipped(candidate, SkipReason.TOO_OLD)]
            leaving += too_old if old else self.floor.offer(candidate, now)
        await self._leave(leaving)

    async def knows(self, candidate: Candidate) -> bool:
        """Whether this input, which is handed out again, is on disk. If it left then, that is told
        again: a kill may have come before it was."""
        known, reason = await self._database.look(
            lambda db: (
                records.knows(db, candidate),
                records.skipped_for(db, candidate.input_id),
            )
        )
        if reason is not None:
            await self._publish(self._skip_event(Skipped(candidate, reason)))
        return known

    def at_hand(self, candidate: Candidate) -> Written | None:
        """When this input, which is here already, is on disk; None: it may be there, or never have
        been here."""
        if (written := self._log.find(candidate.input_id)) is not None:
            return written
        if not self.floor.holds(candidate.input_id):
            return None
        self._log.note(candidate, ())  # once more: perhaps it could not be written
        return self._log.written

    def enter(self, candidate: Candidate) -> Written:
        """Takes no time: the disk is written later, many lines at once."""
        now, held = clock.now(), self.held
        if candidate.viewer_id:
            self.heard_at = now
        left = self.floor.offer(candidate, now) if held is None else [Skipped(candidate, held)]
        self.skips.add(left, now)
        self._log.note(candidate, left)
        return self._log.written

    def take(self, handed_in: str = "") -> tuple[Candidate | None, bool]:
        """The next one to answer, and whether it is still to be written by whoever takes it; None
        when nobody waits or nothing is answered now.

        `handed_in`: the input of which nothing was acknowledged yet. Of any other one the page may
        be waited for by somebody who acknowledges it then: it is not taken out of it.
        """
        if self.held is not None:
            return None, False
        candidate, left = self.floor.take(clock.now())
        self._note(left)
        if candidate is None or candidate.input_id != handed_in:
            return candidate, False
        return candidate, self._log.strike(candidate.input_id)

    def opens_in(self) -> float | None:
        """Seconds until `take` may have something; None: not before something else happens."""
        if self.held is not None or not len(self.floor):
            return None
        now = clock.now()
        at = self.floor.next_at(now)
        return max(SHORTEST_LOOK_SECONDS, at - now) if at < float("inf") else None

    async def withdraw(self, withdrawal: Withdrawal) -> None:
        """A deleted message, everything of a banned viewer, or of a platform's chat."""
        await self._leave(
            self.floor.withdraw(
                withdrawal.message_id, withdrawal.viewer_id, platform=withdrawal.platform
            )
        )

    async def mute(self, viewer_id: str) -> None:
        await self._leave(self.floor.withdraw(viewer_id=viewer_id, reason=SkipReason.BLOCKED))

    async def drop(self, candidate: Candidate, reason: SkipReason, detail: str) -> None:
        """One that was taken leaves without an answer after all."""
        await self._leave([Skipped(candidate, reason, detail)])

    async def hush(self) -> None:
        """From now on it is quiet: only the operator and the host are answered."""
        await self._leave(self.floor.clear(SkipReason.QUIET))

    async def hold(self, reason: SkipReason) -> None:
        """Nothing is answered from now on; what waits leaves with this reason."""
        self.held = reason
        await self._leave(self.floor.clear(reason))

    async def settle(self) -> None:
        """Waits until all that came so far is written."""
        await self._log.settle()

    async def catch_up(self) -> None:
        """Waits until all that is known is written."""
        await self._log.catch_up()

    def _note(self, skipped: Sequence[Skipped]) -> None:
        if skipped:
            self.skips.add(skipped, clock.now())
            self._log.note(None, skipped)

    async def _leave(self, skipped: Sequence[Skipped]) -> None:
        if skipped:
            self._note(skipped)
            await self._log.written

    async def _tell(self, entered: Sequence[Candidate], skipped: Sequence[Skipped]) -> None:
        """What screens are told is bounded, what the bus is told is not."""
        self._feed.heard_inputs(entered, skipped)
        for start in range(0, len(skipped), PUBLISHED_TOGETHER):
            some = skipped[start : start + PUBLISHED_TOGETHER]
            await asyncio.gather(*(self._publish(self._skip_event(item)) for item in some))

    def _skip_event(self, item: Skipped) -> InputSkipped:
        given = item.candidate.input
        return InputSkipped(
            event_id=derived_id(item.candidate.input_id, "skipped"),
            show=self._show,
            turn_id=item.candidate.turn_id,
            cause_id=item.candidate.input_id,
            input_id=item.candidate.input_id,
            reason=item.reason,
            author=given.author,
            text=given.text,
            detail=item.detail[:200],
        )
