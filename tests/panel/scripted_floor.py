"""The floor's routes of the scripted orchestrator: who waits, who got no answer, who is muted."""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MINUTE_SECONDS = 60


def unanswered(number: int, author: str, text: str, reason: str, **more: Any) -> dict[str, Any]:
    told = {
        "input_id": f"input{number}",
        "viewer_id": f"twitch:{author}",
        "author": author,
        "text": text,
        "reason": reason,
        "detail": "",
        "score": None,
        "parts": [],
        "at": time.time() - number * 4,
    }
    return {**told, **more}


def waiting(number: int, author: str, text: str, **points: float) -> dict[str, Any]:
    return {
        "input_id": f"waiting{number}",
        "author": author,
        "role": "viewer",
        "text": text,
        "source": "chat",
        "at": time.time() - number * 2,
        "score": sum(points.values()),
        "parts": [{"part": part, "points": given} for part, given in points.items()],
    }


def muted(name: str, **more: Any) -> dict[str, Any]:
    told = {"viewer_id": f"twitch:{name}", "name": name, "by": "operator", "at": time.time() - 400}
    return {**told, **more}


def busy_evening() -> dict[str, Any]:
    """A chat that writes more than she can answer."""
    recent = [
        unanswered(1, "user281", "gg gg gg gg gg gg", "spam", detail="one word, six times"),
        unanswered(
            2,
            "quietcat",
            "can you sing?",
            "outranked",
            score=3.0,
            parts=[{"part": "base", "points": 1}, {"part": "question", "points": 2}],
        ),
        unanswered(3, "late_larry", "what game is this?", "too_old", detail="16 s", score=2.0),
        unanswered(4, "pixelpaws", "Kitsu Kitsu Kitsu!", "cooldown", detail="9 s to go"),
        unanswered(5, "gg_bot", "gg gg gg gg gg gg", "duplicate"),
        unanswered(6, "night_owl", "hot take: foxes are cats", "quiet"),
    ]
    return {
        "quiet_until": None,
        "muted": [muted("loud_lou")],
        "waiting": [
            waiting(2, "teacup", "do foxes like strawberry cake?", base=1, question=2),
            waiting(
                1, "marmalade_fan", "@Kitsu hi! is this your first stream?",
                base=1, mention=3, question=2, first_time=2.5, imitates=-4, decay=-0.15,
            ),
        ],
        "counts": {"spam": 41, "outranked": 1_203, "too_old": 17, "cooldown": 6, "duplicate": 9},
        "recent": recent,
    }  # fmt: skip


class ScriptedFloor:
    """What it tells stands in `told`; `problem` answers every request with an error."""

    def __init__(self) -> None:
        self.told: Any = {
            "quiet_until": None,
            "muted": [],
            "waiting": [],
            "counts": {},
            "recent": [],
        }
        self.problem: tuple[int, dict[str, str]] | None = None
        self.refusal: tuple[int, dict[str, str]] | None = None
        """Answers what would change something."""
        self.requests: list[tuple[str, Any]] = []
        self.looks = 0
        self.wanted = ""
        """The reason by which the last look asked."""

    def routes(self) -> list[Route]:
        return [
            Route("/floor", self._look, methods=["GET"]),
            Route("/floor/quiet", self._quiet, methods=["POST"]),
            Route("/floor/mute", self._mute, methods=["POST"]),
            Route("/floor/mute/{viewer_id:path}", self._unmute, methods=["DELETE"]),
        ]

    def status(self) -> dict[str, Any]:
        """What the status says of it."""
        return {
            "quiet_until": self.told["quiet_until"],
            "waiting": len(self.told["waiting"]),
            "muted": len(self.told["muted"]),
            "counts": self.told["counts"],
        }

    async def _look(self, request: Request) -> Response:
        self.looks += 1
        self.wanted = request.query_params.get("reason", "")
        return self._answer(self.problem)

    async def _quiet(self, request: Request) -> Response:
        minutes = (await request.json())["minutes"]
        self.requests.append(("quiet", minutes))
        if self.refusal is None:
            until = time.time() + minutes * MINUTE_SECONDS
            self.told["quiet_until"] = until if minutes else None
        return self._answer(self.refusal)

    async def _mute(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(("mute", body))
        if self.refusal is None:
            viewer_id = body["viewer_id"] or f"twitch:{body['name']}"
            self.told["muted"].append(muted(body["name"], viewer_id=viewer_id))
            return JSONResponse({"viewer_id": viewer_id, "name": body["name"]})
        return self._answer(self.refusal)

    async def _unmute(self, request: Request) -> Response:
        viewer_id = request.path_params["viewer_id"]
        self.requests.append(("unmute", viewer_id))
        if self.refusal is None:
            left = [one for one in self.told["muted"] if one["viewer_id"] != viewer_id]
            self.told["muted"] = left
        return self._answer(self.refusal)

    def _answer(self, problem: tuple[int, dict[str, str]] | None) -> Response:
        if problem is None:
            return JSONResponse(self.told)
        status, document = problem
        return JSONResponse(document, status)
