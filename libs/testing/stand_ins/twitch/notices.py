"""The event of channel.chat.notification, which has a field for every kind of notice."""

import uuid
from typing import Any

_OF_A_CHANNEL = (
    "sub",
    "resub",
    "sub_gift",
    "community_sub_gift",
    "gift_paid_upgrade",
    "prime_paid_upgrade",
    "pay_it_forward",
    "raid",
    "announcement",
)
#: All fields of which exactly one is not null.
PARTS = (
    *_OF_A_CHANNEL,
    *(f"shared_chat_{part}" for part in _OF_A_CHANNEL),
    "unraid",
    "bits_badge_tier",
    "charity_donation",
    "watch_streak",
    "modiversary",
    "shared_chat_modiversary",
)


def notice(
    channel: dict[str, Any], chatter: dict[str, Any], kind: str, part: dict[str, Any], text: str
) -> dict[str, Any]:
    """A notice of this kind; `part` is what stands in its own field."""
    nobody = {"source_broadcaster_user_id": None, "source_broadcaster_user_login": None}
    fragment = {"type": "text", "text": text, "cheermote": None, "emote": None, "mention": None}
    return {
        **channel,
        **chatter,
        "chatter_is_anonymous": chatter["chatter_user_id"] is None,
        "color": "",
        "badges": [],
        "system_message": f"a notice of kind {kind}",
        "message_id": str(uuid.uuid4()),
        "message": {"text": text, "fragments": [fragment] if text else []},
        "notice_type": kind,
        **dict.fromkeys(PARTS),
        kind: part,
        **nobody,
        "source_broadcaster_user_name": None,
        "source_message_id": None,
        "source_badges": None,
        "is_source_only": None,
    }
