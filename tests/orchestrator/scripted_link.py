"""What listens on the port of twitch_ingest: it answers from a script and remembers who asked."""

import asyncio
import contextlib
import copy
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from libs.worker.http_port import HttpPort, bind
from tests.orchestrator.stand import Stand

TOLD: dict[str, Any] = {
    "platform": "twitch",
    "mode": "twitch",
    "state": "ready",
    "detail": "Hears #foxden as foxbot.",
    "lacking": "",
    "channel": "foxden",
    "accounts": "one",
    "account": {
        "login": "foxbot",
        "user_id": "7",
        "scopes": ["user:read:chat", "user:write:chat"],
        "expires_at": 1_800_000_000.0,
    },
    "bot_account": None,
    "topics": [
        {
            "topic": "channel.follow",
            "state": "refused",
            "scope": "moderator:read:followers",
            "reason": "the account may not",
            "why": "new followers are greeted",
        }
    ],
    "gaps": [{"started_at": 1.0, "ended_at": 4.0, "reason": "silent"}],
    "sign_in": None,
    "sender": {"queued": 1, "sent": 20, "dropped": {"too_old": 2}, "per_window": 18},
    "replay": None,
}
SIGNING_IN: dict[str, Any] = {
    "state": "waiting",
    "user_code": "ABCDEFGH",
    "address": "https://www.twitch.tv/activate",
    "expires_at": 1_800_000_000.0,
    "account": "streamer",
    "message": "",
}


class ScriptedLink:
    def __init__(self) -> None:
        self.answer: Any = copy.deepcopy(TOLD)
        self.refusal: tuple[int, Any] | None = None
        """What it answers to all but `GET`, or to everything where `refuses_all`."""
        self.refuses_all = False
        self.asked: list[tuple[str, str, Any]] = []
        self.tokens: set[str] = set()
        self.hangs = False

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        self.asked.append((request.method, request.url.path, json.loads(body) if body else None))
        self.tokens.add(request.headers.get("authorization", ""))
        while self.hangs:  # noqa: ASYNC110 - a plain attribute that a test changes from outside
            await asyncio.sleep(0.05)
        if self.refusal is not None and (self.refuses_all or request.method != "GET"):
            status, answer = self.refusal
            return _response(answer, status)
        return _response(self.answer, 200)


def _response(answer: Any, status: int) -> Response:
    if isinstance(answer, bytes):
        return Response(answer, status)
    return JSONResponse(answer, status)


@contextlib.asynccontextmanager
async def scripted_link(show: Stand) -> AsyncIterator[ScriptedLink]:
    link = ScriptedLink()
    methods = ["GET", "POST", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", link.handle, methods=methods)])
    server = HttpPort(app, bind("127.0.0.1", show.settings.port_of("twitch_ingest"), "X"))
    await server.open()
    try:
        yield link
    finally:
        link.hangs = False
        await server.close()
