"""Notices of chat (`channel.chat.notification`) as alerts, each of them once.

A bundle of gifts comes as one notice for all and one for each gift; only the first counts. Notices
of a partner's channel (`shared_chat_*`) are not ours.
"""

from twitchio.models.eventsub_ import ChatNotification

from apps.twitch_ingest.engines.base import Alert, PlatformEvent
from apps.twitch_ingest.engines.twitch.people import (
    ANONYMOUS,
    author_of,
    known_id,
    known_text,
    role_of,
)
from libs.contracts.chat import AlertKind
from libs.contracts.people import Author
from libs.safety import clean_chat

LONGEST_TEXT = 500

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
    "modiversary",
)
#: Fields of a notice of which only its own kind's is filled.
NOTICE_PARTS = (
    *_OF_A_CHANNEL,
    *(f"shared_chat_{part}" for part in _OF_A_CHANNEL),
    "bits_badge_tier",
    "charity_donation",
    "watch_streak",
)

#: Notices that say a viewer subscribes from now on.
_SUBSCRIBES = frozenset({"sub", "prime_paid_upgrade", "gift_paid_upgrade"})


def alert_of(event: ChatNotification) -> list[PlatformEvent]:
    """Nothing for a notice that is no alert (an announcement, a badge, one gift of a bundle)."""
    found = _kind_and_count(event)
    if found is None:
        return []
    kind, count = found
    text = clean_chat(known_text(event.text, "the text"), LONGEST_TEXT)
    alert_id = known_id(event.id, "the message id")
    return [Alert(alert_id, kind, _author(event), max(0, count), text)]


def _kind_and_count(event: ChatNotification) -> tuple[AlertKind, int] | None:
    kind = event.notice_type
    if kind in _SUBSCRIBES:
        return AlertKind.SUBSCRIPTION, 1
    if kind == "resub" and event.resub is not None:
        return AlertKind.RESUBSCRIPTION, event.resub.cumulative_months
    if kind == "community_sub_gift" and event.community_sub_gift is not None:
        return AlertKind.GIFT, event.community_sub_gift.total
    if kind == "sub_gift" and event.sub_gift is not None:
        return None if event.sub_gift.community_gift_id else (AlertKind.GIFT, 1)
    if kind == "raid" and event.raid is not None:
        return AlertKind.RAID, event.raid.viewer_count
    return None


def _author(event: ChatNotification) -> Author:
    if event.anonymous:
        return ANONYMOUS
    chatter = event.chatter
    badges = [badge.set_id for badge in event.badges]
    role = role_of(chatter.id, badges, event.broadcaster.id)
    return author_of(chatter.id, chatter.name, chatter.display_name, role)
