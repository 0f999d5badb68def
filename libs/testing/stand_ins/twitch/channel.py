"""What happens in a channel: lines, alerts, bans, each told on every topic that Twitch tells it on.

Form: dev.twitch.tv, "EventSub Reference"; twitch-rs/twitch_api test payloads for notices.
"""

import re
import time
import uuid
from typing import Any

from libs.testing.stand_ins.twitch.irc import IrcSockets
from libs.testing.stand_ins.twitch.notices import notice
from libs.testing.stand_ins.twitch.session import Payload
from libs.testing.stand_ins.twitch.sessions import EventSubSockets
from libs.testing.stand_ins.twitch.topics import BADGES, REDEMPTION
from libs.testing.stand_ins.twitch.world import User, World, rfc3339


def who(prefix: str, user: User | None) -> Payload:
    return {
        f"{prefix}user_id": user.id if user else None,
        f"{prefix}user_login": user.login if user else None,
        f"{prefix}user_name": user.name if user else None,
    }


def badges(names: list[str]) -> list[dict[str, str]]:
    found = [(name, *BADGES.get(name, ("1", ""))) for name in names]
    return [{"set_id": name, "id": number, "info": info} for name, number, info in found]


class Channel:
    """Everything that can happen; each returns the id of what happened."""

    def __init__(self, world: World, sockets: EventSubSockets, irc: IrcSockets) -> None:
        self._world = world
        self._sockets = sockets
        self._irc = irc

    async def emit(
        self, kind: str, event: Payload, *, copies: int = 1, message_id: str = ""
    ) -> None:
        """To every subscription of this kind that is about the event's channel. `copies`: the same
        message, with the same id, so many times."""
        fields = ("broadcaster_user_id", "to_broadcaster_user_id")
        about = {event[field] for field in fields if event.get(field)}
        for subscription, session in self._sockets.listening(kind):
            if not about & {subscription.condition.get(field) for field in fields}:
                continue
            envelope_id = message_id or str(uuid.uuid4())
            payload = {"subscription": subscription.body(), "event": event}
            for _ in range(copies):
                await self._sockets.send(
                    session, "notification", payload, subscription, envelope_id
                )

    async def say(
        self,
        channel: User,
        chatter: User,
        text: str,
        *,
        roles: list[str] | None = None,
        copies: int = 1,
        cheer: int = 0,
        message_id: str = "",
        **more: Any,
    ) -> str:
        """Somebody writes a line. More: as `line_of` takes it."""
        roles = self._roles(channel, chatter, roles or [])
        message_id = message_id or str(uuid.uuid4())
        event = self.line_of(channel, chatter, text, roles, message_id, cheer=cheer, **more)
        await self.emit("channel.chat.message", event, copies=copies)
        if cheer:
            told = {"is_anonymous": False, **who("", chatter), "message": text, "bits": cheer}
            await self.emit("channel.cheer", {**told, **who("broadcaster_", channel)})
        await self._irc.say(channel, chatter, text, roles, message_id)
        return message_id

    def _roles(self, channel: User, chatter: User, roles: list[str]) -> list[str]:
        if chatter.id == channel.id:
            return [*dict.fromkeys(["broadcaster", *roles])]
        if self._world.moderates(channel.id, chatter.id):
            return [*dict.fromkeys(["moderator", *roles])]
        return roles

    def line_of(
        self,
        channel: User,
        chatter: User,
        text: str,
        roles: list[str],
        message_id: str,
        *,
        cheer: int = 0,
        reply_to: User | None = None,
        message_type: str = "text",
        reward_id: str | None = None,
        source: User | None = None,
        source_roles: list[str] | None = None,
    ) -> Payload:
        """`source`: the partner's channel that it was written in, in shared chat."""
        return {
            **who("broadcaster_", channel),
            **who("chatter_", chatter),
            "message_id": message_id,
            "message": {"text": text, "fragments": self._fragments(text)},
            "color": chatter.color,
            "badges": badges(roles),
            "message_type": message_type,
            "cheer": {"bits": cheer} if cheer else None,
            "reply": _reply(reply_to) if reply_to else None,
            "channel_points_custom_reward_id": reward_id,
            "channel_points_animation_id": None,
            **who("source_broadcaster_", source),
            "source_message_id": str(uuid.uuid4()) if source else None,
            "source_badges": badges(source_roles or []) if source else None,
            "is_source_only": False if source else None,
        }

    def _fragments(self, text: str) -> list[Payload]:
        found: list[Payload] = []
        for piece in re.findall(r"\s+|\S+", text):
            named = next((u for u in self._world.users.values() if piece == f"@{u.login}"), None)
            if named is None and found and found[-1]["type"] == "text":
                found[-1]["text"] += piece
                continue
            kind = "mention" if named else "text"
            mention = who("", named) if named else None
            rest = {"cheermote": None, "emote": None, "mention": mention}
            found.append({"type": kind, "text": piece, **rest})
        return found

    # Moderation -------------------------------------------------------------------------------

    async def delete(self, channel: User, author: User, message_id: str) -> None:
        told = {**who("broadcaster_", channel), **who("target_", author), "message_id": message_id}
        await self.emit("channel.chat.message_delete", told)
        await self._irc.delete(channel, author, message_id)

    async def ban(self, channel: User, user: User, seconds: int | None = None) -> None:
        """`seconds`: only a time-out."""
        if seconds is None:
            self._world.banned.setdefault(channel.id, set()).add(user.id)
        about = who("broadcaster_", channel)
        await self.emit("channel.chat.clear_user_messages", {**about, **who("target_", user)})
        now = time.time()
        told = {
            **who("", user),
            **about,
            **who("moderator_", channel),
            "reason": "",
            "banned_at": rfc3339(now),
            "ends_at": None if seconds is None else rfc3339(now + seconds),
            "is_permanent": seconds is None,
        }
        await self.emit("channel.ban", told)
        await self._irc.ban(channel, user, seconds)

    async def clear(self, channel: User) -> None:
        await self.emit("channel.chat.clear", who("broadcaster_", channel))
        await self._irc.ban(channel, None, None)

    # Alerts -----------------------------------------------------------------------------------

    async def follow(self, channel: User, user: User) -> None:
        told = {**who("", user), **who("broadcaster_", channel), "followed_at": rfc3339()}
        await self.emit("channel.follow", told)

    async def subscribe(self, channel: User, user: User) -> None:
        told = {**who("", user), **who("broadcaster_", channel), "tier": "1000", "is_gift": False}
        await self.emit("channel.subscribe", told)
        part = {"sub_tier": "1000", "is_prime": False, "duration_months": 1}
        await self._notice(channel, user, "sub", part)

    async def resubscribe(self, channel: User, user: User, text: str, months: int = 3) -> None:
        told = {
            **who("", user),
            **who("broadcaster_", channel),
            "tier": "1000",
            "message": {"text": text, "emotes": None},
            "cumulative_months": months,
            "streak_months": None,
            "duration_months": 1,
        }
        await self.emit("channel.subscription.message", told)
        part = {
            "sub_tier": "1000",
            "is_prime": False,
            "is_gift": False,
            "duration_months": 1,
            "cumulative_months": months,
            "streak_months": None,
        }
        await self._notice(channel, user, "resub", part, text)

    async def gift(self, channel: User, user: User | None, recipients: list[User]) -> None:
        """A bundle: one notice for all, then one for each. One recipient: only his."""
        total = len(recipients)
        bundle = str(uuid.uuid4()) if total > 1 else None
        told = {**who("", user), **who("broadcaster_", channel), "total": total, "tier": "1000"}
        rest = {"cumulative_total": total if user else None, "is_anonymous": user is None}
        await self.emit("channel.subscription.gift", {**told, **rest})
        if bundle:
            part = {"id": bundle, "total": total, "sub_tier": "1000", "cumulative_total": total}
            await self._notice(channel, user, "community_sub_gift", part)
        for recipient in recipients:
            given = {**who("", recipient), **who("broadcaster_", channel), "tier": "1000"}
            await self.emit("channel.subscribe", {**given, "is_gift": True})
            part = {
                "sub_tier": "1000",
                "duration_months": 1,
                "cumulative_total": total,
                "community_gift_id": bundle,
                **who("recipient_", recipient),
            }
            await self._notice(channel, user, "sub_gift", part)

    async def raid(self, channel: User, raider: User, viewers: int) -> None:
        told = {**who("from_broadcaster_", raider), **who("to_broadcaster_", channel)}
        await self.emit("channel.raid", {**told, "viewers": viewers})
        part = {**who("", raider), "viewer_count": viewers, "profile_image_url": ""}
        await self._notice(channel, raider, "raid", part)

    async def _notice(
        self, channel: User, user: User | None, kind: str, part: Payload, text: str = ""
    ) -> None:
        event = notice(who("broadcaster_", channel), who("chatter_", user), kind, part, text)
        await self.emit("channel.chat.notification", event)

    async def redeem(
        self, channel: User, user: User, title: str, text: str = "", cost: int = 100
    ) -> str:
        """A reward; one with a text also comes as a line of chat."""
        redemption_id, reward_id = str(uuid.uuid4()), str(uuid.uuid4())
        told = {
            "id": redemption_id,
            **who("broadcaster_", channel),
            **who("", user),
            "user_input": text,
            "status": "unfulfilled",
            "redeemed_at": rfc3339(),
            "reward": {"id": reward_id, "title": title, "cost": cost, "prompt": ""},
        }
        await self.emit(REDEMPTION, told)
        if text:
            await self.say(channel, user, text, reward_id=reward_id)
        return redemption_id

    async def shared_chat(self, channel: User, partners: list[User], end: bool = False) -> None:
        event = {
            "session_id": str(uuid.uuid4()),
            **who("broadcaster_", channel),
            **who("host_broadcaster_", channel),
        }
        if not end:
            people = [channel, *partners]
            event["participants"] = [who("broadcaster_", user) for user in people]
        await self.emit(f"channel.shared_chat.{'end' if end else 'begin'}", event)

    async def stream(self, channel: User, online: bool = True) -> None:
        event: Payload = who("broadcaster_", channel)
        if online:
            event |= {"id": str(uuid.uuid4().int)[:10], "type": "live", "started_at": rfc3339()}
        await self.emit(f"stream.{'online' if online else 'offline'}", event)


def _reply(parent: User) -> Payload:
    message_id = str(uuid.uuid4())
    return {
        "parent_message_id": message_id,
        "parent_message_body": "what was said before",
        **who("parent_", parent),
        "thread_message_id": message_id,
        **who("thread_", parent),
    }
