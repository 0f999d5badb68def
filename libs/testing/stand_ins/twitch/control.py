"""Steering a stand-in that runs as a process: `POST /_stand-in/<action>` with a JSON object.

Users are named by their logins and made when they are first named.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from libs.testing.stand_ins.twitch.server import TwitchStandIn

Body = dict[str, Any]
#: Fields of a body that name one user, and fields that name several.
_ONE = frozenset({"channel", "chatter", "user", "author", "raider", "source", "reply_to"})
_MANY = frozenset({"recipients", "partners"})

#: Actions that are calls of `Channel` with the same name.
HAPPENS = (
    "say",
    "delete",
    "ban",
    "clear",
    "follow",
    "subscribe",
    "resubscribe",
    "gift",
    "raid",
    "redeem",
    "shared_chat",
    "stream",
)


class Control:
    """Actions: those of `HAPPENS`, `cheer {channel, chatter, bits, text}`, `stream_online`,
    `stream_offline`, `flood {channel, lines_per_second, seconds, texts?}` (answers at once),
    `token {login, scopes, lifetime_seconds?}`, `moderator {channel, user}`,
    `approve_device {login, user_code?}`, `deny_device`, `expire {login?}`, `disconnect {login}`,
    `drop`, `close {code}`, `silent {silent?}`, `reconnect {welcome_after_seconds?, url?, ...}`,
    `revoke {type, withhold?}`, `grant {type}`, `fail {method, path, status, ...}`,
    `no_welcome {times}`, `refuse {times}`.
    """

    def __init__(self, twitch: "TwitchStandIn") -> None:
        self._twitch = twitch
        self._floods: set[asyncio.Task[int]] = set()
        self._actions: dict[str, Callable[[Body], Awaitable[Any]]] = {
            **{name: self._happens(name) for name in HAPPENS},
            "cheer": self._cheer,
            "stream_online": lambda body: self._stream(body, True),
            "stream_offline": lambda body: self._stream(body, False),
            "flood": self._flood,
            "token": self._token,
            "moderator": self._moderator,
            "approve_device": self._approve,
            "deny_device": self._deny,
            "expire": self._expire,
            "disconnect": self._disconnect,
            "drop": self._drop,
            "close": lambda body: twitch.sockets.close(int(body.get("code", 4000))),
            "silent": self._silent,
            "reconnect": lambda body: twitch.sockets.move(**body),
            "revoke": self._revoke,
            "grant": self._grant,
            "fail": self._fail,
            "no_welcome": self._no_welcome,
            "refuse": self._refuse,
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_stand-in/state", self._state),
            web.post("/_stand-in/{action}", self._act),
        ]

    async def _state(self, request: web.Request) -> web.Response:
        twitch = self._twitch
        subscriptions = [s.body() for s in twitch.sockets.subscriptions.values()]
        return web.json_response(
            {
                "urls": twitch.urls,
                "client_id": twitch.world.client_id,
                "users": [asdict(user) for user in twitch.world.users.values()],
                "sent": [asdict(line) for line in twitch.helix.sent],
                "sessions": [s.id for s in twitch.sockets.living()],
                "subscriptions": subscriptions,
                "user_codes": [d.user_code for d in twitch.world.devices.values()],
                "refreshes": twitch.oauth.refreshes,
                "requests": twitch.faults.requests,
                "floods": len(self._floods),
            }
        )

    async def _act(self, request: web.Request) -> web.Response:
        act = self._actions.get(request.match_info["action"])
        if act is None:
            return web.json_response({"error": "unknown action"}, status=404)
        try:
            body = await request.json() if request.can_read_body else {}
            result = await act(self._with_users(body))
        except (TypeError, ValueError, KeyError, json.JSONDecodeError) as error:
            return web.json_response({"error": str(error)}, status=422)
        return web.json_response({"ok": result})

    def _with_users(self, body: Body) -> Body:
        found = dict(body)
        for name, value in body.items():
            if name in _ONE and value is not None:
                found[name] = self._twitch.user(value)
            elif name in _MANY:
                found[name] = [self._twitch.user(login) for login in value]
        return found

    def _happens(self, name: str) -> Callable[[Body], Awaitable[Any]]:
        async def act(body: Body) -> Any:
            return await getattr(self._twitch.channel, name)(**body)

        return act

    async def _cheer(self, body: Body) -> str:
        text = body.get("text") or f"cheer{body['bits']}"
        return await self._twitch.channel.say(
            body["channel"], body["chatter"], text, cheer=int(body["bits"])
        )

    async def _stream(self, body: Body, online: bool) -> None:
        await self._twitch.channel.stream(body["channel"], online)

    async def _flood(self, body: Body) -> None:
        task = asyncio.ensure_future(self._twitch.flood.run(**body))
        self._floods.add(task)
        task.add_done_callback(self._floods.discard)

    async def _token(self, body: Body) -> list[str | None]:
        user = self._twitch.user(body.pop("login"))
        token = self._twitch.world.make_token(user, **body)
        return [token.access, token.refresh]

    async def _moderator(self, body: Body) -> None:
        self._twitch.world.make_moderator(body["channel"], body["user"])

    async def _approve(self, body: Body) -> bool:
        user = self._twitch.user(body["login"])
        return self._twitch.world.answer_device(user.id, body.get("user_code", ""))

    async def _deny(self, body: Body) -> bool:
        return self._twitch.world.answer_device("denied", body.get("user_code", ""))

    async def _expire(self, body: Body) -> int:
        login = body.get("login")
        return self._twitch.world.expire_tokens(self._twitch.user(login) if login else None)

    async def _disconnect(self, body: Body) -> None:
        self._twitch.world.disconnect_app(self._twitch.user(body["login"]))

    async def _drop(self, body: Body) -> int:
        return self._twitch.sockets.drop() + self._twitch.irc.drop()

    async def _silent(self, body: Body) -> None:
        self._twitch.sockets.go_silent(bool(body.get("silent", True)))

    async def _revoke(self, body: Body) -> int:
        if body.get("withhold"):
            self._twitch.helix.withheld.add(body["type"])
        return await self._twitch.sockets.revoke(body["type"])

    async def _grant(self, body: Body) -> None:
        self._twitch.helix.withheld.discard(body["type"])

    async def _fail(self, body: Body) -> None:
        self._twitch.fail(**body)

    async def _no_welcome(self, body: Body) -> None:
        self._twitch.sockets.no_welcome = int(body.get("times", 1))

    async def _refuse(self, body: Body) -> None:
        self._twitch.sockets.refuse = int(body.get("times", 1))
