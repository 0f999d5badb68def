"""The safety routes of the scripted orchestrator: stopped texts, rules, and refusals."""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def blocked(number: int, rule: str, text: str, **more: Any) -> dict[str, Any]:
    told = {
        "id": f"blocked{number}",
        "at": time.time() - number * 30,
        "place": "speech",
        "action": "block",
        "rule": rule,
        "category": rule.partition(".")[0],
        "turn_id": f"turn{number}",
        "author": f"viewer{number}",
        "text": text,
        "matched": "",
        "can_allow": False,
        "own_rule": "",
    }
    return {**told, **more}


def well_guarded(safety: "ScriptedSafety") -> None:
    """An evening on which somebody tried the gate."""
    safety.blocked = [
        blocked(
            1,
            "links.address",
            "Come and join discord.gg/foxden right now!",
            matched="discord.gg/foxden",
            can_allow=True,
        ),
        blocked(
            2, "profanity.leet", "What the h3ck was that?", action="soften", matched="h3ck",
            can_allow=True, author="pixelpaws",
        ),
        blocked(
            3, "touchy.holocaust", "what do you think about it?", place="input", action="replace",
            author="user66",
        ),
        blocked(4, "guard.late", "That was a terrible time for everyone.", author="user66"),
        blocked(5, "slurs.word", "you utter badword", matched="badword", place="input"),
        blocked(6, "personal_data.phone", "", place="chat_out"),
    ]  # fmt: skip
    safety.rules = [
        safety.rule("block", "final boss"),
        safety.rule("allow", "kitsu.gg"),
    ]


class ScriptedSafety:
    """What it knows stands in public attributes; `problem` answers every request with an error."""

    def __init__(self) -> None:
        self.blocked: list[dict[str, Any]] = []
        self.rules: list[dict[str, Any]] = []
        self.problem: tuple[int, object] | None = None
        self.refusal: tuple[int, object] | None = None
        """Answers what would change something."""
        self.requests: list[tuple[str, Any]] = []
        self.reads = 0
        self._numbers = 0

    def rule(self, action: str, text: str) -> dict[str, Any]:
        self._numbers += 1
        return {
            "rule_id": f"rule{self._numbers}",
            "action": action,
            "text": text,
            "by": "operator",
            "made_at": time.time() - 90,
        }

    def routes(self) -> list[Route]:
        return [
            Route("/safety/blocked", self._blocked, methods=["GET"]),
            Route("/safety/rules", self._rules, methods=["GET"]),
            Route("/safety/rules", self._add, methods=["POST"]),
            Route("/safety/rules/{rule_id}", self._remove, methods=["DELETE"]),
        ]

    async def _blocked(self, _request: Request) -> Response:
        self.reads += 1
        return _answer(self.problem, {"blocked": self.blocked})

    async def _rules(self, _request: Request) -> Response:
        return _answer(self.problem, {"rules": self.rules, "maximum": 200})

    async def _add(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(("POST", body))
        if self.refusal is not None:
            return _answer(self.refusal, None)
        text = body.get("text") or next(
            one["matched"] for one in self.blocked if one["id"] == body["blocked_id"]
        )
        same = next((one for one in self.rules if one["text"] == text), None)
        if same is not None and same["action"] == body["action"]:
            return JSONResponse({**same, "new": False, "replaced": None}, 201)
        made = self.rule(body["action"], text)
        self._use([made, *(one for one in self.rules if one is not same)])
        replaced = same["action"] if same else None
        return JSONResponse({**made, "new": True, "replaced": replaced}, 201)

    async def _remove(self, request: Request) -> Response:
        rule_id = request.path_params["rule_id"]
        self.requests.append(("DELETE", rule_id))
        if self.refusal is not None:
            return _answer(self.refusal, None)
        self._use([one for one in self.rules if one["rule_id"] != rule_id])
        return JSONResponse({"rule_id": rule_id})

    def _use(self, rules: list[dict[str, Any]]) -> None:
        self.rules = rules
        does = {one["text"]: one["action"] for one in rules}
        self.blocked = [{**one, "own_rule": does.get(one["matched"], "")} for one in self.blocked]


def _answer(problem: tuple[int, object] | None, body: object) -> Response:
    if problem is None:
        return JSONResponse(body)
    status, told = problem
    if isinstance(told, str):
        return Response(told, status, media_type="text/plain")
    return JSONResponse(told, status)
