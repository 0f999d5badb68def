"""What was written and taken back leaves the show: queue, thoughts, mouth, memory and screens."""

from dataclasses import replace
from typing import TYPE_CHECKING

from apps.orchestrator.memory import records
from apps.orchestrator.panel.protocol import Turn as TurnRow
from apps.orchestrator.panel.protocol import TurnMessage
from apps.orchestrator.taken_back import TakenBack
from apps.orchestrator.turns import RETRACTED
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.chat import (
    ChatCleared,
    ChatMessageDeleted,
    ChatMessageReceived,
    ViewerBanned,
)
from libs.telemetry import clock

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker


class Retraction:
    """Promises: when one of these returns, what was taken back is in no queue, is not being
    answered or said, and is struck from memory, or is as soon as the disk takes it; the same again
    changes nothing. A line that comes after its own deletion is known to be gone for a minute.

    A message is struck whenever it was written, with the answer to it, which may quote it. Of a
    viewer who was banned or timed out, and of a chat that was cleared, goes what came within the
    last `retract_minutes`, and all that waits; what is older was no cause for it. To be rid of that
    too there is `actions.forget_viewer`.
    """

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker
        self._taken_back = TakenBack()

    def covers(self, event: ChatMessageReceived) -> bool:
        """Whether this line was taken back before it came."""
        return self._taken_back.covers(event, clock.now())

    async def deleted(self, event: ChatMessageDeleted) -> None:
        if not event.message_id:
            return
        self._taken_back.deleted(event.platform, event.message_id, event.emitted_at)
        await self._take_back(Withdrawal(message_id=event.message_id), event.emitted_at)
        await self._worker.polls.withdraw_line(event.message_id)

    async def banned(self, event: ViewerBanned) -> None:
        if not event.viewer_id:
            return
        self._taken_back.banned(event.viewer_id, event.emitted_at)
        await self._take_back(Withdrawal(viewer_id=event.viewer_id), event.emitted_at)
        await self._worker.polls.withdraw(event.viewer_id)
        self._worker.floor.alerts.withdraw(event.viewer_id)

    async def cleared(self, event: ChatCleared) -> None:
        if not event.platform:
            return
        self._taken_back.cleared(event.platform, event.emitted_at)
        await self._take_back(Withdrawal(platform=event.platform), event.emitted_at)

    def asked_to_be_forgotten(self, viewer_id: str, at: float) -> None:
        """What they wrote until then and comes behind their wish is not kept. `at`: by the clock of
        their lines."""
        self._taken_back.banned(viewer_id, at)

    async def silence(self, withdrawal: Withdrawal) -> None:
        """Out of the queue, out of her thoughts, out of her mouth."""
        conversation = self._worker.conversation
        await conversation.room.withdraw(withdrawal)
        turn = conversation.active
        if turn is None or turn.retracted:
            return
        given = turn.candidate.input
        left = withdrawal.left_of(given)
        if left is None:
            turn.take_back()
            await conversation.cut_turn(turn, RETRACTED)
        elif left is not given:
            turn.candidate = replace(turn.candidate, input=left)

    async def _take_back(self, withdrawal: Withdrawal, at: float) -> None:
        worker = self._worker
        since = at - worker.settings.retract_minutes * 60
        doubted = worker.memory.doubt(withdrawal, since)
        await self.silence(withdrawal)
        async with worker.conversation.nothing_half_written():
            await self.silence(withdrawal)  # its turn may have been opened meanwhile
            struck = await worker.memory.strike(withdrawal, since, doubted)
        turn = worker.conversation.active
        if turn is not None and turn.retracted:  # the next one begins, with a memory without it
            await worker.conversation.drop_thought(RETRACTED)
        worker.feed.take_back(withdrawal, since)
        worker.conversation.room.skips.take_back(struck.input_ids)
        worker.papers.take_back(struck)
        if struck.turn_ids:
            changed = [*struck.turn_ids, *struck.quoting_ids]
            for row in await worker.database.look(lambda db: records.turns_of(db, changed)):
                worker.feed.take_back_answer(row["utterance_id"])
                worker.screens.tell(TurnMessage(turn=TurnRow.model_validate(row)))
            worker.counters["turns_retracted"] += len(struck.turn_ids)
        worker.status_changed()
