"""The chat module's routes of the scripted orchestrator: signing in, gaps, the sender, replays."""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

READ, WRITE, REWARDS = "user:read:chat", "user:write:chat", "channel:read:redemptions"
CODE = "KTSN-WXYZ"
ADDRESS = "https://www.twitch.tv/activate"


def topic(name: str, state: str = "on", scope: str = READ, **more: Any) -> dict[str, Any]:
    told = {"topic": name, "state": state, "scope": scope, "reason": "", "why": ""}
    return {**told, **more}


def account(login: str, *scopes: str) -> dict[str, Any]:
    return {
        "login": login,
        "user_id": f"id-{login}",
        "scopes": list(scopes),
        "expires_at": time.time() + 14_000,
    }


def sign_in(state: str = "waiting", **more: Any) -> dict[str, Any]:
    told = {
        "state": state,
        "user_code": CODE,
        "address": ADDRESS,
        "expires_at": time.time() + 1_800,
        "account": "streamer",
        "message": "",
    }
    return {**told, **more}


def not_signed_in() -> dict[str, Any]:
    return {
        "platform": "twitch",
        "mode": "twitch",
        "state": "needs_sign_in",
        "detail": "",
        "channel": "foxden",
        "account": None,
        "bot_account": None,
        "topics": [
            topic("channel.chat.message", "off"),
            topic("channel.raid", "off", scope=""),
            topic(
                "channel.channel_points_custom_reward_redemption.add",
                "off",
                REWARDS,
                why="so that she answers channel point rewards",
            ),
        ],
        "gaps": [],
        "sign_in": None,
        "sender": {"queued": 0, "sent": 0, "dropped": {}, "per_window": 18},
        "replay": None,
    }


def connected(**more: Any) -> dict[str, Any]:
    """An evening in full swing, with one permission that was not given."""
    now = time.time()
    told = {
        "state": "ready",
        "account": account("foxden", READ, WRITE, "bits:read", "some:new:scope"),
        "topics": [
            topic("channel.chat.message"),
            topic("channel.chat.message_delete"),
            topic("channel.chat.clear_user_messages"),
            topic("channel.raid", scope=""),
            topic("channel.cheer", scope="bits:read"),
            topic(
                "channel.channel_points_custom_reward_redemption.add",
                "refused",
                REWARDS,
                reason="The account did not allow it: sign out and in again.",
            ),
            topic("channel.follow", "off", "moderator:read:followers"),
        ],
        "gaps": [
            {"started_at": now - 4_000, "ended_at": now - 3_999.7, "reason": "moved"},
            {"started_at": now - 900, "ended_at": now - 888, "reason": "connection lost"},
        ],
        "sender": {
            "queued": 3,
            "sent": 1_041,
            "dropped": {"too_old": 2, "duplicate": 1},
            "per_window": 18,
        },
    }
    return {**not_signed_in(), **told, **more}


class ScriptedTwitch:
    """What it tells stands in `told`; `problem` answers every request with an error."""

    def __init__(self) -> None:
        self.told: Any = not_signed_in()
        self.problem: tuple[int, dict[str, str]] | None = None
        self.refusal: tuple[int, dict[str, str]] | None = None
        """Answers what would change something."""
        self.requests: list[tuple[str, Any]] = []
        self.looks = 0

    def routes(self) -> list[Route]:
        return [
            Route("/twitch", self._look, methods=["GET"]),
            Route("/twitch/sign-in", self._sign_in, methods=["POST"]),
            Route("/twitch/sign-in", self._end_sign_in, methods=["DELETE"]),
            Route("/twitch/accounts/{seat}", self._sign_out, methods=["DELETE"]),
            Route("/twitch/replay", self._stop_replay, methods=["DELETE"]),
        ]

    def says_yes(self, login: str = "foxden") -> None:
        """The streamer typed the code at Twitch."""
        seat = self.told["sign_in"]["account"]
        self.told["sign_in"].update(state="done", message=login)
        key = "bot_account" if seat == "bot" else "account"
        self.told[key] = account(login, READ, WRITE)
        self.told["state"] = "ready"

    async def _look(self, _request: Request) -> Response:
        self.looks += 1
        return self._answer(self.problem)

    async def _sign_in(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(("sign in", body["account"]))
        if self.refusal is None:
            self.told["sign_in"] = sign_in(account=body["account"])
        return self._answer(self.refusal)

    async def _end_sign_in(self, _request: Request) -> Response:
        self.requests.append(("end sign-in", None))
        self.told["sign_in"] = None
        return self._answer(self.refusal)

    async def _sign_out(self, request: Request) -> Response:
        seat = request.path_params["seat"]
        self.requests.append(("sign out", seat))
        if self.refusal is None:
            self.told["bot_account" if seat == "bot" else "account"] = None
        return self._answer(self.refusal)

    async def _stop_replay(self, _request: Request) -> Response:
        self.requests.append(("stop replay", None))
        self.told["replay"]["done"] = True
        return self._answer(self.refusal)

    def _answer(self, problem: tuple[int, dict[str, str]] | None) -> Response:
        if problem is None:
            return JSONResponse(self.told)
        status, document = problem
        return JSONResponse(document, status)
