"""What chat said, and what we say in chat. Every text in this file is hostile input."""

from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event
from libs.contracts.people import Author
from libs.contracts.safety import Verdict
from libs.contracts.streams import CHAT, CHAT_OUT


class ChatMessageReceived(Event):
    topic = CHAT
    type: Literal["chat.chat_message_received"] = "chat.chat_message_received"
    message_id: str
    platform: str
    author: Author
    text: str = Field(max_length=2_000)
    """Already stripped of control and bidi characters and capped by whoever ingested it."""
    picture: str = ""
    """Media type of a picture that belongs to it; the orchestrator has the picture itself."""


class ChatMessageDeleted(Event):
    topic = CHAT
    type: Literal["chat.chat_message_deleted"] = "chat.chat_message_deleted"
    message_id: str
    platform: str


class ViewerBanned(Event):
    topic = CHAT
    type: Literal["chat.viewer_banned"] = "chat.viewer_banned"
    viewer_id: str
    platform: str
    timeout_seconds: float | None = None
    """None: for good."""


class RewardRedeemed(Event):
    topic = CHAT
    type: Literal["chat.reward_redeemed"] = "chat.reward_redeemed"
    redemption_id: str
    reward: str
    author: Author
    text: str = Field(default="", max_length=2_000)
    cost: int = 0


class ChatCommandIssued(Event):
    topic = CHAT
    type: Literal["chat.chat_command_issued"] = "chat.chat_command_issued"
    command: str
    arguments: str = ""
    author: Author
    message_id: str = ""


class ChatGap(Event):
    """Chat could not be heard between these two times."""

    topic = CHAT
    type: Literal["chat.chat_gap"] = "chat.chat_gap"
    platform: str
    started_at: float
    ended_at: float
    reason: str = ""


class SendChatMessage(Event):
    topic = CHAT_OUT
    type: Literal["chat.send_chat_message"] = "chat.send_chat_message"
    platform: str
    text: str
    verdict: Verdict
    reply_to: str | None = None
