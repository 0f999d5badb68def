"""The EventSub topics that are known here, and what each needs.

Form: dev.twitch.tv, "EventSub Subscription Types".
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """`scopes`: any of them will do. `own`: the condition that must be the token's own user."""

    version: str = "1"
    scopes: frozenset[str] = frozenset()
    own: str = ""


def _chat() -> Topic:
    return Topic("1", frozenset({"user:read:chat"}), "user_id")


def _of_channel(*scopes: str) -> Topic:
    return Topic("1", frozenset(scopes), "broadcaster_user_id")


REDEMPTION = "channel.channel_points_custom_reward_redemption.add"

TOPICS: dict[str, Topic] = {
    "channel.chat.message": _chat(),
    "channel.chat.message_delete": _chat(),
    "channel.chat.clear": _chat(),
    "channel.chat.clear_user_messages": _chat(),
    "channel.chat.notification": _chat(),
    "channel.follow": Topic("2", frozenset({"moderator:read:followers"}), "moderator_user_id"),
    "channel.subscribe": _of_channel("channel:read:subscriptions"),
    "channel.subscription.message": _of_channel("channel:read:subscriptions"),
    "channel.subscription.gift": _of_channel("channel:read:subscriptions"),
    "channel.cheer": _of_channel("bits:read"),
    "channel.raid": Topic(),
    "channel.ban": _of_channel("channel:moderate"),
    REDEMPTION: _of_channel("channel:read:redemptions", "channel:manage:redemptions"),
    "channel.shared_chat.begin": Topic(),
    "channel.shared_chat.end": Topic(),
    "stream.online": Topic(),
    "stream.offline": Topic(),
}

#: Who may write, by badge: its id and its info.
BADGES = {
    "broadcaster": ("1", ""),
    "moderator": ("1", ""),
    "lead_moderator": ("1", ""),
    "vip": ("1", ""),
    "subscriber": ("12", "16"),
    "founder": ("0", "3"),
    "staff": ("1", ""),
    "premium": ("1", ""),
}
