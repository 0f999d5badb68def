"""What a line of chat is: an order, a vote, something that was taken back, or a line for her."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import TYPE_CHECKING

from apps.orchestrator import inputs
from apps.orchestrator.api import actions
from apps.orchestrator.chat_commands import KEEPERS, asks_to_be_forgotten, ordered
from libs.bus.base import Delivery
from libs.contracts.chat import ChatCommandIssued, ChatMessageReceived, RewardRedeemed
from libs.contracts.conversation import InputSkipped, SkipReason
from libs.contracts.identity import derived_id
from libs.contracts.people import Role

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: The platform of lines that were given to the orchestrator itself (`kitsu chat`, the panel).
LOCAL = "local"


class ChatLines:
    """Promises: each line is one thing, and cheaply found to be; one that is not answered is told
    with its reason. Nobody has rights here because of the rights they have in a partner's chat."""

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker

    async def hear(self, event: ChatMessageReceived, delivery: Delivery) -> Awaitable[None] | None:
        """What is returned is done when the line is on disk: only then it is acknowledged."""
        worker = self._worker
        if event.partner_channel and event.author.role is not Role.VIEWER:
            guest = event.author.model_copy(update={"role": Role.VIEWER})
            event = event.model_copy(update={"author": guest})
        given = inputs.from_chat(event)
        if worker.retraction.covers(event):
            await self._was_taken_back(event)
        elif asks_to_be_forgotten(event.text):
            await actions.forget_viewer(worker, event.author.viewer_id, event.author.name)
        elif await worker.panic_desk.hear_chat(event.author, event.text, delivery):
            worker.feed.ordered_panic(event.event_id, given)
        elif (command := _local_command(event)) is not None:
            worker.feed.heard_input(event.event_id, given)
            await worker.commands.hear(command, delivery)
        elif not await worker.polls.hear_chat(event.event_id, given):
            return await worker.accept(worker.floor.candidate(event, given, delivery), delivery)
        return None

    async def hear_redeem(
        self, event: RewardRedeemed, delivery: Delivery
    ) -> Awaitable[None] | None:
        candidate = inputs.candidate_of(event.event_id, inputs.from_redeem(event))
        return await self._worker.accept(replace(candidate, mood=event.mood.value), delivery)

    async def _was_taken_back(self, event: ChatMessageReceived) -> None:
        """Its words are told to nobody."""
        worker, reason = self._worker, SkipReason.DELETED
        worker.feed.skipped(event.event_id, event.author, "", reason)
        await worker.publish(
            InputSkipped(
                event_id=derived_id(event.event_id, "taken back"),
                show=worker.show,
                cause_id=event.event_id,
                input_id=event.event_id,
                reason=reason,
                author=event.author,
            )
        )


def _local_command(event: ChatMessageReceived) -> ChatCommandIssued | None:
    """The command in a line that no platform told: what twitch_ingest makes of a line of its own.
    From anybody who does not keep order it is an ordinary line."""
    if event.platform != LOCAL or event.author.role not in KEEPERS:
        return None
    found = ordered(event.text)
    if found is None:
        return None
    return ChatCommandIssued.caused_by(
        event,
        event_id=derived_id(event.event_id, "command"),
        command=found[0],
        arguments=found[1],
        author=event.author,
        message_id=event.message_id,
        platform=LOCAL,
        written_at=event.written_at,
        emitted_at=event.emitted_at,
    )
