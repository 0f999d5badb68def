"""The handlers for all that chat tells."""

from collections.abc import Awaitable

from apps.orchestrator.chat_desk import ChatDesk
from apps.orchestrator.chat_lines import ChatLines
from apps.orchestrator.command_desk import CommandDesk
from apps.orchestrator.retraction import Retraction
from libs.bus.base import Delivery
from libs.contracts.chat import (
    ChatCleared,
    ChatCommandIssued,
    ChatGap,
    ChatMessageDeleted,
    ChatMessageReceived,
    RewardRedeemed,
    ViewerBanned,
)
from libs.worker.worker import Worker, handles


class ChatHearing(Worker):
    """The part of the orchestrator that listens to chat. Whoever is one has these desks."""

    lines: ChatLines
    commands: CommandDesk
    retraction: Retraction
    chat: ChatDesk

    @handles(ChatMessageReceived)
    async def hear_chat(
        self, event: ChatMessageReceived, delivery: Delivery
    ) -> Awaitable[None] | None:
        return await self.lines.hear(event, delivery)

    @handles(ChatCommandIssued)
    async def hear_command(self, event: ChatCommandIssued, delivery: Delivery) -> None:
        await self.commands.hear(event, delivery)

    @handles(RewardRedeemed)
    async def hear_redeem(
        self, event: RewardRedeemed, delivery: Delivery
    ) -> Awaitable[None] | None:
        return await self.lines.hear_redeem(event, delivery)

    @handles(ChatMessageDeleted)
    async def hear_deletion(self, event: ChatMessageDeleted, delivery: Delivery) -> None:
        await self.retraction.deleted(event)

    @handles(ViewerBanned)
    async def hear_ban(self, event: ViewerBanned, delivery: Delivery) -> None:
        await self.retraction.banned(event)

    @handles(ChatCleared)
    async def hear_clearing(self, event: ChatCleared, delivery: Delivery) -> None:
        await self.retraction.cleared(event)

    @handles(ChatGap)
    async def hear_gap(self, event: ChatGap, delivery: Delivery) -> None:
        await self.chat.hear_gap(event)
