"""What chat said, and what we say in chat. Every text in this file is hostile input."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event
from libs.contracts.people import Author
from libs.contracts.safety import Verdict
from libs.contracts.speaking import Mood
from libs.contracts.streams import CHAT, CHAT_OUT, COMMANDS


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
    written_at: float | None = None
    """When it was written, by the platform's clock; None: the platform does not say."""
    reply_to: str = Field(default="", max_length=128)
    """Name of whoever this line answers; empty: nobody in particular."""
    first_time: bool = False
    """The platform says that its author never wrote in this channel before."""
    partner_channel: str = Field(default="", max_length=128)
    """The channel it was written in, where chat is shared with others; empty: ours."""
    paid_amount: int = Field(default=0, ge=0)
    """Bits, or the smallest coin of a currency, that came with it."""


class ChatMessageDeleted(Event):
    topic = CHAT
    type: Literal["chat.chat_message_deleted"] = "chat.chat_message_deleted"
    message_id: str
    platform: str


class ViewerBanned(Event):
    """Nothing of theirs is answered or kept. A message deleted by a ban is not told apart."""

    topic = CHAT
    type: Literal["chat.viewer_banned"] = "chat.viewer_banned"
    viewer_id: str
    platform: str
    timeout_seconds: float | None = None
    """None: for good, or the platform does not say."""


class ChatCleared(Event):
    """All that stood in chat was taken away by a moderator."""

    topic = CHAT
    type: Literal["chat.chat_cleared"] = "chat.chat_cleared"
    platform: str


class AlertKind(StrEnum):
    FOLLOW = "follow"
    SUBSCRIPTION = "subscription"
    RESUBSCRIPTION = "resubscription"
    GIFT = "gift"
    """Subscriptions given to others: one alert for a whole bundle."""
    CHEER = "cheer"
    RAID = "raid"
    STREAM_ONLINE = "stream_online"
    STREAM_OFFLINE = "stream_offline"
    SHARED_CHAT_BEGAN = "shared_chat_began"
    SHARED_CHAT_ENDED = "shared_chat_ended"


class ChatAlerted(Event):
    """Something happened around the channel that viewers see an alert for."""

    topic = CHAT
    type: Literal["chat.chat_alerted"] = "chat.chat_alerted"
    alert_id: str
    """The platform's own id of it, or one made of what it says: the same again is the same."""
    platform: str
    kind: AlertKind
    author: Author
    count: int = Field(default=1, ge=0)
    """Raiders, gifted subscriptions, bits, or months; 1 where nothing is counted."""
    text: str = Field(default="", max_length=2_000)
    """What the viewer wrote with it."""
    say: str = Field(default="", max_length=500)
    """What she says to it, word for word (still gated); empty: she is told of it and answers."""
    prompted: bool = True
    """Whether it wants an answer at all."""


class RewardRedeemed(Event):
    topic = CHAT
    type: Literal["chat.reward_redeemed"] = "chat.reward_redeemed"
    redemption_id: str
    reward: str
    author: Author
    text: str = Field(default="", max_length=2_000)
    cost: int = 0
    platform: str = ""
    say: str = Field(default="", max_length=500)
    """What she says to it, word for word (still gated); empty: she answers the text."""
    mood: Mood = Mood.NEUTRAL
    """The mood of the answer."""


class ChatCommandIssued(Event):
    """A command that its author may give, for the orchestrator to carry out.

    Whoever publishes it has checked the role, the cooldown, the age and that it came once.
    """

    topic = COMMANDS
    type: Literal["chat.chat_command_issued"] = "chat.chat_command_issued"
    command: str = Field(max_length=32)
    """Without its prefix, in lower case."""
    arguments: str = Field(default="", max_length=500)
    author: Author
    message_id: str = ""
    platform: str = ""
    written_at: float | None = None
    ordinal: int = Field(default=0, ge=0)
    """Of a panic: the ordinal with which it was sent to the modules; 0: it was not."""


class ChatGap(Event):
    """Chat could not be heard between these two times."""

    topic = CHAT
    type: Literal["chat.chat_gap"] = "chat.chat_gap"
    platform: str
    started_at: float
    ended_at: float
    reason: str = ""


class SendPriority(StrEnum):
    """What goes first when more is to be sent than the platform takes."""

    CONTROL = "control"
    """Answers to moderators."""
    ANSWER = "answer"
    CHATTER = "chatter"


class SendChatMessage(Event):
    topic = CHAT_OUT
    type: Literal["chat.send_chat_message"] = "chat.send_chat_message"
    platform: str
    text: str = Field(max_length=2_000)
    verdict: Verdict
    reply_to: str | None = None
    """Id of the message that it answers."""
    priority: SendPriority = SendPriority.ANSWER


class ChatMessageSent(Event):
    """What became of a `SendChatMessage` (its `cause_id`)."""

    topic = CHAT_OUT
    type: Literal["chat.chat_message_sent"] = "chat.chat_message_sent"
    platform: str
    outcome: Literal["sent", "dropped"]
    reason: str = Field(default="", max_length=64)
    """A code, when it was dropped: too_old, duplicate, full, panic, off, blocked, refused."""
