"""What is listened to on Twitch: each topic with the scope it needs, and the reason for it.

One topic per fact. Subscriptions, gifts, raids and cheers also have topics of their own; what chat
itself says of them (`channel.chat.notification`, and the bits of a line) needs no further scope,
and hearing both would tell each of them twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from apps.twitch_ingest.engines.twitch.accounts import Role

READ_CHAT, WRITE_CHAT = "user:read:chat", "user:write:chat"

CHAT = "channel.chat.message"
REDEMPTIONS = "channel.channel_points_custom_reward_redemption.add"


@dataclass(frozen=True)
class Topic:
    """`payload` is twitchio's class for it; `whose` the account that can listen to it; `own` the
    condition that names that account."""

    name: str
    payload: str
    why: str
    scope: str = ""
    whose: Literal["reader", "streamer"] = "reader"
    own: Literal["", "user_id", "moderator_user_id"] = ""


def _chat(name: str, payload: str, why: str) -> Topic:
    return Topic(name, payload, why, READ_CHAT, "reader", "user_id")


#: Chat itself first: the link is of use as soon as that is on.
TOPICS: tuple[Topic, ...] = (
    _chat(CHAT, "ChatMessageSubscription", "to hear chat"),
    _chat(
        "channel.chat.message_delete",
        "ChatMessageDeleteSubscription",
        "to take back what answers a deleted line",
    ),
    _chat(
        "channel.chat.clear_user_messages",
        "ChatClearUserMessagesSubscription",
        "to forget the lines of a viewer who is banned or timed out",
    ),
    _chat("channel.chat.clear", "ChatClearSubscription", "to stop when chat is cleared"),
    _chat(
        "channel.chat.notification",
        "ChatNotificationSubscription",
        "to hear subscriptions, gifts and raids",
    ),
    Topic(
        REDEMPTIONS,
        "ChannelPointsRedeemAddSubscription",
        "to hear channel point rewards",
        "channel:read:redemptions",
        "streamer",
    ),
    Topic(
        "channel.follow",
        "ChannelFollowSubscription",
        "to greet new followers",
        "moderator:read:followers",
        "streamer",
        "moderator_user_id",
    ),
    Topic(
        "channel.ban",
        "ChannelBanSubscription",
        "to tell a time-out from a ban, and how long it is",
        "channel:moderate",
        "streamer",
    ),
    Topic("stream.online", "StreamOnlineSubscription", "to know when the stream begins"),
    Topic("stream.offline", "StreamOfflineSubscription", "to know when the stream ends"),
    Topic(
        "channel.shared_chat.begin",
        "SharedChatSessionBeginSubscription",
        "to know when chat is shared with other channels",
    ),
    Topic(
        "channel.shared_chat.end",
        "SharedChatSessionEndSubscription",
        "to know when chat is our own again",
    ),
)


def scopes_for(role: Role, has_bot: bool) -> tuple[str, ...]:
    """The fewest scopes that an account of this role needs. `has_bot`: another account chats."""
    wanted: list[str] = []
    if role == "bot" or not has_bot:
        wanted += [READ_CHAT, WRITE_CHAT]
    if role == "streamer":
        wanted += [t.scope for t in TOPICS if t.whose == "streamer" and t.scope]
    return tuple(dict.fromkeys(wanted))


#: The reason of a topic that will be asked for in a moment.
NOT_ASKED = "not asked for yet"

TopicState = Literal["on", "refused", "off"]


@dataclass
class TopicBoard:
    """How each topic is, for health and panel."""

    _states: dict[str, tuple[TopicState, str]] = field(default_factory=dict)

    def set(self, topic: str, state: TopicState, reason: str = "") -> None:
        self._states[topic] = (state, reason)

    def is_on(self, topic: str) -> bool:
        return self._states.get(topic, ("off", ""))[0] == "on"

    def reason(self, topic: str) -> str:
        return self._states.get(topic, ("off", ""))[1]

    def switch_off(self, topics: Iterable[str], reason: str) -> None:
        """All of them that are on: the connection they came over is gone."""
        for topic in topics:
            if self._states.get(topic, ("on", ""))[0] != "refused":
                self._states[topic] = ("off", reason)

    def clear(self) -> None:
        """Nobody listens any more."""
        self._states.clear()

    def refused(self) -> list[tuple[Topic, str]]:
        found = [(topic, *self._states.get(topic.name, ("off", ""))) for topic in TOPICS]
        return [(topic, reason) for topic, state, reason in found if state == "refused"]

    def told(self) -> list[dict[str, str]]:
        rows = []
        for topic in TOPICS:
            state, reason = self._states.get(topic.name, ("off", ""))
            row = {"topic": topic.name, "state": state, "scope": topic.scope}
            rows.append({**row, "reason": reason, "why": topic.why})
        return rows
