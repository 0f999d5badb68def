"""Events of EventSub (as twitchio's models) into what the platform tells.

The models turn ids into text whatever they were, and check little else: what is used of them is
checked again here. They also want fields that Twitch does not always send; those are filled in, so
that no event is lost for the want of a field that nobody reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twitchio.models import eventsub_ as events
from twitchio.models.eventsub_ import create_event_instance

from apps.twitch_ingest.engines.base import (
    Alert,
    Banned,
    Cleared,
    Deleted,
    Message,
    PlatformEvent,
    Redeemed,
)
from apps.twitch_ingest.engines.twitch.errors import MalformedEvent
from apps.twitch_ingest.engines.twitch.eventsub_socket import Frame
from apps.twitch_ingest.engines.twitch.notices import NOTICE_PARTS, alert_of
from apps.twitch_ingest.engines.twitch.people import author_of, known_id, known_text, role_of
from apps.twitch_ingest.engines.twitch.topics import CHAT, REDEMPTIONS
from libs.contracts.chat import AlertKind
from libs.contracts.people import Author, Role
from libs.safety import clean_chat

LONGEST_LINE = 500
LONGEST_REWARD = 100

#: `/me waves` comes as this around the text.
_ACTION = "\x01ACTION "


@dataclass(frozen=True)
class Place:
    """Whose chat it is, and who we are in it."""

    channel_id: str
    channel_login: str
    own_id: str


class Decoder:
    """`decode` gives what an event means: usually one thing, for some none, for a cheer two.

    Raises `MalformedEvent`. `hears_rewards`: whether rewards come as events of their own; then
    the line that a viewer wrote for one is left out of chat.
    """

    def __init__(self, place: Place, hears_rewards: Callable[[], bool]) -> None:
        self._place = place
        self._hears_rewards = hears_rewards
        self.own_role: Role | None = None
        """The role of our own account, as its own lines show it."""
        self._by_kind: dict[str, Callable[[Any, float | None], list[PlatformEvent]]] = {
            CHAT: self._line,
            "channel.chat.message_delete": self._deletion,
            "channel.chat.clear_user_messages": self._cleared_user,
            "channel.chat.clear": lambda event, at: [Cleared()],
            "channel.chat.notification": lambda event, at: alert_of(event),
            "channel.ban": self._ban,
            "channel.follow": self._follow,
            REDEMPTIONS: self._redemption,
            "stream.online": self._online,
            "stream.offline": self._offline,
            "channel.shared_chat.begin": self._shared_began,
            "channel.shared_chat.end": self._shared_ended,
        }

    def decode(self, frame: Frame) -> list[PlatformEvent]:
        try:
            kind = frame["metadata"]["subscription_type"]
            decode = self._by_kind[kind]
            event = create_event_instance(kind, _filled(kind, frame), http=None)
            return decode(event, _written_at(frame))
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise MalformedEvent(f"{type(error).__name__} while reading it") from None

    # Chat -------------------------------------------------------------------------------------

    def _line(self, event: "events.ChatMessage", at: float | None) -> list[PlatformEvent]:
        chatter, place = event.chatter, self._place
        partner = event.source_broadcaster
        shared = partner is not None and partner.id != place.channel_id
        badges = [] if shared else [badge.set_id for badge in event.badges]
        role = Role.VIEWER if shared else role_of(chatter.id, badges, place.channel_id)
        author = author_of(chatter.id, chatter.name, chatter.display_name, role)
        text = clean_chat(_without_action(known_text(event.text, "the line")), LONGEST_LINE)
        message_id = known_id(event.id, "the message id")
        own = chatter.id == place.own_id
        if own and not shared:
            self.own_role = role
        if event.channel_points_id and not shared:
            return [] if self._hears_rewards() else [Redeemed(message_id, "", author, text)]
        bits = int(event.cheer.bits) if event.cheer is not None and not shared else 0
        line = Message(
            message_id=message_id,
            author=author,
            text=text,
            written_at=at,
            reply_to=_parent(event),
            first_time=event.type == "user_intro" and not shared,
            partner_channel=_channel_name(partner) if shared else "",
            paid_amount=max(0, bits),
            own=own,
        )
        if bits <= 0:
            return [line]
        return [line, Alert(f"cheer:{message_id}", AlertKind.CHEER, author, bits)]

    def _deletion(self, event: "events.ChatMessageDelete", at: float | None) -> list[PlatformEvent]:
        return [Deleted(known_id(event.message_id, "the message id"))]

    def _cleared_user(
        self, event: "events.ChannelChatClearUserMessages", at: float | None
    ) -> list[PlatformEvent]:
        return [Banned(f"twitch:{known_id(event.user.id, 'the user id')}")]

    def _ban(self, event: "events.ChannelBan", at: float | None) -> list[PlatformEvent]:
        """Comes after the clearing of their lines, and says how long."""
        viewer_id = f"twitch:{known_id(event.user.id, 'the user id')}"
        if event.ends_at is None:
            return [Banned(viewer_id)]
        return [Banned(viewer_id, max(0.0, (event.ends_at - event.banned_at).total_seconds()))]

    # Around chat ------------------------------------------------------------------------------

    def _redemption(
        self, event: "events.ChannelPointsRedemptionAdd", at: float | None
    ) -> list[PlatformEvent]:
        user = event.user
        role = role_of(user.id, (), self._place.channel_id)
        return [
            Redeemed(
                redemption_id=known_id(event.id, "the redemption id"),
                reward=clean_chat(known_text(event.reward.title, "the title"), LONGEST_REWARD),
                author=author_of(user.id, user.name, user.display_name, role),
                text=clean_chat(known_text(event.user_input or "", "the input"), LONGEST_LINE),
                cost=max(0, int(event.reward.cost)),
            )
        ]

    def _follow(self, event: "events.ChannelFollow", at: float | None) -> list[PlatformEvent]:
        author = author_of(event.user.id, event.user.name, event.user.display_name)
        return [Alert(f"follow:{author.viewer_id}", AlertKind.FOLLOW, author)]

    def _online(self, event: "events.StreamOnline", at: float | None) -> list[PlatformEvent]:
        alert_id = f"online:{known_id(event.id, 'the stream id')}"
        return [Alert(alert_id, AlertKind.STREAM_ONLINE, self._channel())]

    def _offline(self, event: "events.StreamOffline", at: float | None) -> list[PlatformEvent]:
        return [Alert(f"offline:{at or 0:.3f}", AlertKind.STREAM_OFFLINE, self._channel())]

    def _shared_began(
        self, event: "events.SharedChatSessionBegin", at: float | None
    ) -> list[PlatformEvent]:
        others = [p for p in event.participants if p.id != self._place.channel_id]
        names = clean_chat(", ".join(_channel_name(partner) for partner in others), LONGEST_LINE)
        alert_id = f"shared-began:{known_id(event.session_id, 'the session id')}"
        kind = AlertKind.SHARED_CHAT_BEGAN
        return [Alert(alert_id, kind, self._channel(), len(others), names)]

    def _shared_ended(
        self, event: "events.SharedChatSessionEnd", at: float | None
    ) -> list[PlatformEvent]:
        alert_id = f"shared-ended:{known_id(event.session_id, 'the session id')}"
        return [Alert(alert_id, AlertKind.SHARED_CHAT_ENDED, self._channel())]

    def _channel(self) -> Author:
        login = self._place.channel_login
        return author_of(self._place.channel_id, login, login, Role.BROADCASTER)


#: Fields that twitchio's models read and Twitch's documents do not promise.
_FILLED: dict[str, dict[str, None]] = {
    "channel.chat.notification": dict.fromkeys(NOTICE_PARTS),
    "stream.offline": {"id": None},
}


def _filled(kind: str, frame: Frame) -> Frame:
    missing = _FILLED.get(kind)
    if missing is None:
        return frame
    payload = frame["payload"]
    return {**frame, "payload": {**payload, "event": {**missing, **payload["event"]}}}


def _written_at(frame: Frame) -> float | None:
    stamp = frame["metadata"].get("message_timestamp")
    return datetime.fromisoformat(stamp).timestamp() if isinstance(stamp, str) else None


def _without_action(text: str) -> str:
    if text.startswith(_ACTION):
        return text.removeprefix(_ACTION).removesuffix("\x01")
    return text


def _parent(event: "events.ChatMessage") -> str:
    if event.reply is None:
        return ""
    parent = event.reply.parent_user
    return clean_chat(str(parent.display_name or parent.name or ""), 64) or "somebody"


def _channel_name(partner: Any) -> str:
    return clean_chat(str(partner.name or partner.id), 64)
