"""Read-only chat over IRC on a websocket, as anonymous visitors get it.

Form: dev.twitch.tv, "IRC Concepts" and "Tags": PRIVMSG, CLEARMSG, CLEARCHAT, PING.
"""

import asyncio
import contextlib
import re
import time
from dataclasses import dataclass, field

from aiohttp import web

from libs.testing.stand_ins.twitch.topics import BADGES
from libs.testing.stand_ins.twitch.world import User

_GREETING = (("001", "Welcome, GLHF!"), ("372", "You are in a maze of passages."), ("376", ">"))


@dataclass(eq=False)
class _Visitor:
    socket: web.WebSocketResponse
    request: web.Request
    nick: str = ""
    tags: bool = False
    joined: set[str] = field(default_factory=set)


class IrcSockets:
    def __init__(self) -> None:
        self.visitors: set[_Visitor] = set()
        self.pongs = 0
        self.closed_channels: set[str] = set()
        """Logins of channels that are not there: nothing is said to who wants to join them."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/irc", self._meet)]

    @property
    def joined(self) -> int:
        """Visitors that listen to a channel now."""
        return sum(bool(visitor.joined) for visitor in self.visitors)

    def drop(self) -> int:
        for visitor in self.visitors:
            if visitor.request.transport is not None:
                visitor.request.transport.abort()
        return len(self.visitors)

    async def ping(self) -> None:
        await self.send_all("PING :tmi.twitch.tv")

    async def send_all(self, line: str) -> None:
        """Any line to everybody, such as one that is not IRC."""
        await asyncio.gather(*(_send(visitor, line) for visitor in list(self.visitors)))

    async def say(
        self, channel: User, chatter: User, text: str, roles: list[str], message_id: str
    ) -> None:
        tags = {
            "badges": ",".join(f"{role}/{BADGES.get(role, ('1', ''))[0]}" for role in roles),
            "color": chatter.color,
            "display-name": chatter.name,
            "first-msg": "0",
            "id": message_id,
            "mod": str(int("moderator" in roles)),
            "room-id": channel.id,
            "tmi-sent-ts": str(int(time.time() * 1000)),
            "user-id": chatter.id,
        }
        source = f"{chatter.login}!{chatter.login}@{chatter.login}.tmi.twitch.tv"
        await self._tell(channel, tags, f":{source} PRIVMSG #{channel.login} :{text}")

    async def delete(self, channel: User, author: User, message_id: str) -> None:
        tags = {"login": author.login, "target-msg-id": message_id}
        await self._tell(channel, tags, f":tmi.twitch.tv CLEARMSG #{channel.login} :a line")

    async def ban(self, channel: User, user: User | None, seconds: int | None) -> None:
        """Without a user: the whole chat is cleared."""
        tags = {"room-id": channel.id}
        line = f":tmi.twitch.tv CLEARCHAT #{channel.login}"
        if user is not None:
            tags["target-user-id"] = user.id
            line += f" :{user.login}"
        if seconds is not None:
            tags["ban-duration"] = str(seconds)
        await self._tell(channel, tags, line)

    async def _tell(self, channel: User, tags: dict[str, str], line: str) -> None:
        head = "@" + ";".join(f"{name}={_escaped(value)}" for name, value in tags.items()) + " "
        for visitor in list(self.visitors):
            if f"#{channel.login}" in visitor.joined:
                await _send(visitor, (head if visitor.tags else "") + line)

    async def _meet(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        visitor = _Visitor(socket, request)
        self.visitors.add(visitor)
        try:
            async for message in socket:
                for line in str(message.data).split("\r\n"):
                    await self._take(visitor, line)
        finally:
            self.visitors.discard(visitor)
        return socket

    async def _take(self, visitor: _Visitor, line: str) -> None:
        command, _, rest = line.partition(" ")
        if command == "CAP":
            visitor.tags = "twitch.tv/tags" in rest
            await _send(visitor, f":tmi.twitch.tv CAP * ACK {rest.partition(' ')[2]}")
        elif command == "NICK":
            await self._greet(visitor, rest.lower())
        elif command == "JOIN" and visitor.nick and rest[1:] not in self.closed_channels:
            visitor.joined.add(rest)
            source = f"{visitor.nick}!{visitor.nick}@{visitor.nick}.tmi.twitch.tv"
            await _send(visitor, f":{source} JOIN {rest}")
        elif command == "PING":
            await _send(visitor, f":tmi.twitch.tv PONG tmi.twitch.tv {rest}")
        elif command == "PONG":
            self.pongs += 1

    async def _greet(self, visitor: _Visitor, nick: str) -> None:
        if not re.fullmatch(r"justinfan\d+", nick):
            await _send(visitor, ":tmi.twitch.tv NOTICE * :Login authentication failed")
            return
        visitor.nick = nick
        greeting = [f":tmi.twitch.tv {number} {nick} :{text}" for number, text in _GREETING]
        await _send(visitor, "\r\n".join(greeting))


async def _send(visitor: _Visitor, line: str) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError):
        await visitor.socket.send_str(f"{line}\r\n")


def _escaped(value: str) -> str:
    """IRCv3 message tags: ; space CR LF and backslash."""
    for raw, written in (("\\", r"\\"), (";", r"\:"), (" ", r"\s"), ("\r", r"\r"), ("\n", r"\n")):
        value = value.replace(raw, written)
    return value
