"""api.twitch.tv/helix: Get Users, EventSub subscriptions, Send Chat Message.

Form: dev.twitch.tv, "Twitch API Reference". Not documented: whether too many chat messages are
answered with a 429 or with a drop reason (`over_limit` chooses), and the wording of errors.
"""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from libs.testing.stand_ins.twitch.answers import Refused
from libs.testing.stand_ins.twitch.session import Session, Subscription
from libs.testing.stand_ins.twitch.sessions import EventSubSockets
from libs.testing.stand_ins.twitch.topics import TOPICS
from libs.testing.stand_ins.twitch.world import Token, World

#: Subscriptions of one session, and what all of one user may cost.
MOST_SUBSCRIPTIONS, MOST_COST = 300, 10
#: The same text again within so long is dropped.
DUPLICATE_SECONDS = 30.0

Echo = Callable[[str, str, str, str], Awaitable[None]]


@dataclass(frozen=True)
class SentLine:
    """A line that a client sent with Send Chat Message."""

    channel_id: str
    sender_id: str
    text: str
    reply_to: str
    message_id: str
    at: float = field(default_factory=time.monotonic)


class Helix:
    """`lines_per_window`: of ordinary members and of moderators. `drop_next`: code and message of
    the drop reason that the next line meets. `withheld`: topics that nobody gets."""

    def __init__(self, world: World, sockets: EventSubSockets, echo: Echo) -> None:
        self._world = world
        self._sockets = sockets
        self._echo = echo
        self.lines_per_window = (20, 100)
        self.window_seconds = 30.0
        self.over_limit: Literal["drop", "429"] = "drop"
        self.drop_next: list[tuple[str, str]] = []
        self.withheld: set[str] = set()
        self.sent: list[SentLine] = []
        self._times: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        self._last: dict[tuple[str, str], tuple[str, float]] = {}
        self._echoes: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/helix/users", self._users),
            web.get("/helix/eventsub/subscriptions", self._list),
            web.post("/helix/eventsub/subscriptions", self._subscribe),
            web.delete("/helix/eventsub/subscriptions", self._unsubscribe),
            web.post("/helix/chat/messages", self._send),
        ]

    def _token(self, request: web.Request) -> Token:
        kind, _, access = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer":
            raise Refused(401, "OAuth token is missing")
        token = self._world.living(access)
        if token is None:
            raise Refused(401, "Invalid OAuth token")
        if request.headers.get("Client-Id") != token.client_id:
            raise Refused(401, "Client ID and OAuth token do not match")
        return token

    async def _users(self, request: web.Request) -> web.Response:
        token = self._token(request)
        ids, logins = request.query.getall("id", []), request.query.getall("login", [])
        if not ids and not logins:
            ids = [token.user_id]
        found = [u for u in self._world.users.values() if u.id in ids or u.login in logins]
        data = [
            {
                "id": user.id,
                "login": user.login,
                "display_name": user.name,
                "type": "",
                "broadcaster_type": "",
                "description": "",
                "profile_image_url": "",
                "offline_image_url": "",
                "view_count": 0,
                "created_at": "2016-12-14T20:32:28Z",
            }
            for user in found
        ]
        return web.json_response({"data": data})

    # Subscriptions ----------------------------------------------------------------------------

    def _of(self, token: Token) -> list[Subscription]:
        return [s for s in self._sockets.subscriptions.values() if s.user_id == token.user_id]

    async def _list(self, request: web.Request) -> web.Response:
        mine = self._of(self._token(request))
        cost = sum(s.cost for s in mine if s.status == "enabled")
        return web.json_response(
            {
                "total": len(mine),
                "data": [s.body() for s in mine],
                "pagination": {},
                "total_cost": cost,
                "max_total_cost": MOST_COST,
            }
        )

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        self._token(request)
        if self._sockets.subscriptions.pop(request.query.get("id", ""), None) is None:
            raise Refused(404, "subscription not found")
        return web.Response(status=204)

    async def _subscribe(self, request: web.Request) -> web.Response:
        token = self._token(request)
        body: dict[str, Any] = await request.json()
        kind, version = str(body.get("type")), str(body.get("version"))
        given = body.get("condition") or {}
        condition = {name: str(value) for name, value in given.items() if value}
        session = self._session(body, token)
        self._check_topic(kind, version, condition, token)
        mine = [s for s in self._of(token) if s.status == "enabled"]
        here = [s for s in mine if s.session_id == session.id]
        if any((s.type, s.condition) == (kind, condition) for s in here):
            raise Refused(409, "subscription already exists")
        cost = self._cost(kind, condition, token)
        total = sum(s.cost for s in mine) + cost
        if total > MOST_COST or len(here) >= MOST_SUBSCRIPTIONS:
            raise Refused(429, "cost exceeded")
        session.user_id = token.user_id
        made = Subscription(
            kind, version, condition, session.id, token.client_id, token.user_id, cost
        )
        self._sockets.subscriptions[made.id] = made
        answer = {"data": [made.body()], "total": len(mine) + 1, "total_cost": total}
        return web.json_response({**answer, "max_total_cost": MOST_COST}, status=202)

    def _session(self, body: dict[str, Any], token: Token) -> Session:
        transport = body.get("transport") or {}
        if transport.get("method") != "websocket":
            raise Refused(400, "this stand-in only knows the websocket transport")
        session = self._sockets.sessions.get(str(transport.get("session_id")))
        if session is None or not session.alive:
            message = "websocket transport session does not exist or has already disconnected"
            raise Refused(400, message)
        if session.user_id not in (None, token.user_id):
            message = "websocket transport cannot have subscriptions created by different users"
            raise Refused(400, message)
        return session

    def _check_topic(
        self, kind: str, version: str, condition: dict[str, str], token: Token
    ) -> None:
        topic = TOPICS.get(kind)
        if topic is None or topic.version != version:
            raise Refused(400, "invalid subscription type and version")
        allowed = not topic.scopes or bool(topic.scopes & set(token.scopes))
        own = not topic.own or condition.get(topic.own) == token.user_id
        if kind in self.withheld or not allowed or not own:
            raise Refused(403, "subscription missing proper authorization")
        if not {"broadcaster_user_id", "to_broadcaster_user_id"} & set(condition):
            raise Refused(400, "condition is missing a required field")

    def _cost(self, kind: str, condition: dict[str, str], token: Token) -> int:
        target = condition.get("broadcaster_user_id", "")
        free = target == token.user_id or bool(self._world.grants.get(target))
        return 0 if free or TOPICS[kind].own in ("user_id", "moderator_user_id") else 1

    # Chat -------------------------------------------------------------------------------------

    async def _send(self, request: web.Request) -> web.Response:
        token = self._token(request)
        body: dict[str, Any] = await request.json()
        channel, sender = str(body.get("broadcaster_id", "")), str(body.get("sender_id", ""))
        text = str(body.get("message", ""))
        if channel not in self._world.users or not text:
            raise Refused(400, "The broadcaster_id, sender_id and message fields are required")
        if len(text) > 500:
            raise Refused(422, "The message is too large")
        if token.user_id != sender:
            raise Refused(401, "sender_id does not match the user in the access token")
        if "user:write:chat" not in token.scopes:
            raise Refused(401, "Missing scope: user:write:chat")
        if dropped := self._drop_reason(channel, sender, text):
            code, message = dropped
            reason = {"code": code, "message": message}
            data = {"message_id": "", "is_sent": False, "drop_reason": reason}
            return web.json_response({"data": [data]})
        line = SentLine(
            channel, sender, text, body.get("reply_parent_message_id") or "", str(uuid.uuid4())
        )
        self._remember(line)
        data = {"message_id": line.message_id, "is_sent": True, "drop_reason": None}
        return web.json_response({"data": [data]})

    def _drop_reason(self, channel: str, sender: str, text: str) -> tuple[str, str] | None:
        if self.drop_next:
            return self.drop_next.pop(0)
        if sender in self._world.banned.get(channel, ()):
            return "msg_banned", "You are permanently banned from talking in this channel."
        privileged = self._world.moderates(channel, sender)
        since = time.monotonic() - self.window_seconds
        times = [at for at in self._times[sender, channel] if at > since]
        self._times[sender, channel] = times
        if len(times) >= self.lines_per_window[privileged]:
            if self.over_limit == "429":
                raise Refused(429, "too many chat messages")
            return "msg_ratelimit", "Your message was not sent: you are sending too quickly."
        last, at = self._last.get((sender, channel), ("", 0.0))
        if last == text and time.monotonic() - at < DUPLICATE_SECONDS and not privileged:
            return "msg_duplicate", "Your message is identical to the previous one you sent."
        return None

    def _remember(self, line: SentLine) -> None:
        now = time.monotonic()
        self._times[line.sender_id, line.channel_id].append(now)
        self._last[line.sender_id, line.channel_id] = (line.text, now)
        self.sent.append(line)
        echo = self._echo(line.channel_id, line.sender_id, line.text, line.message_id)
        task = asyncio.ensure_future(echo)
        self._echoes.add(task)
        task.add_done_callback(self._echoes.discard)
