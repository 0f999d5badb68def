"""The memory's routes of the scripted orchestrator: it remembers, forgets, and can be broken."""

import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

HOUR_SECONDS = 3_600.0
BACKUP = {"file": "/home/kitsu/data/backups/kitsu-20260101-201500.sqlite", "bytes": 241_664}


def fact(
    number: int, text: str, viewer_id: str = "", name: str = "", **more: Any
) -> dict[str, Any]:
    told = {
        "fact_id": number,
        "viewer_id": viewer_id,
        "name": name,
        "topic": "asked",
        "text": text,
        "importance": 0.9,
        "strength": 0.9,
        "source_turn_id": f"turn{number}",
        "learned_at": time.time() - number * HOUR_SECONDS,
        "uses": 0,
    }
    return {**told, **more}


def recalled(number: int, kind: str, about: str, text: str, why: str) -> dict[str, Any]:
    return {
        "turn_id": f"turn{number}",
        "author": f"viewer{number}",
        "input": "are you a real fox?",
        "kind": kind,
        "about": about,
        "text": text,
        "why": why,
    }


def kept(viewer_id: str, name: str, lines: list[tuple[str, str]]) -> dict[str, Any]:
    """A viewer's lines, each with her answer; an empty answer is none."""
    at = time.time() - 2 * HOUR_SECONDS
    messages, answers = [], []
    for number, (text, answer) in enumerate(lines):
        turn_id = f"{viewer_id}-{number}"
        line = {"turn_id": turn_id, "name": name, "role": "viewer", "text": text, "at": at + number}
        messages.append(line)
        if answer:
            answers.append({"turn_id": turn_id, "text": answer, "at": at + number + 0.5})
    return {"viewer_id": viewer_id, "messages": messages, "answers": answers}


class ScriptedMemory:
    """What it knows stands in public attributes; `problem` answers every request with an error."""

    def __init__(self) -> None:
        self.summary = ""
        self.restore_context = True
        self.recent: list[dict[str, str]] = []
        self.facts: list[dict[str, Any]] = []
        self.viewers: dict[str, dict[str, Any]] = {}
        self.recalled: list[dict[str, Any]] = []
        self.problem: tuple[int, object] | None = None
        """Status and body; a body that is text is sent as it is."""
        self.gone: set[int] = set()
        """Facts that are listed, and forgotten elsewhere by the time somebody wants to."""
        self.requests: list[str] = []
        self.reads = 0

    def routes(self) -> list[Route]:
        viewer = "/memory/viewers/{viewer_id:path}"
        return [
            self._route("GET", "/memory", self._all),
            self._route("GET", "/memory/viewers", self._viewers),
            self._route("GET", viewer, self._viewer),
            self._route("DELETE", viewer, self._forget_viewer),
            self._route("POST", "/memory/facts", self._remember),
            self._route("DELETE", "/memory/facts/{fact_id:int}", self._forget_fact),
            self._route("POST", "/memory/backup", lambda _given, _body: BACKUP),
        ]

    def _route(
        self, method: str, path: str, answer: Callable[[dict[str, Any], Any], object]
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            if method == "GET":
                self.reads += 1
            else:
                self.requests.append(f"{method} {request.url.path}")
            if self.problem is not None:
                return _refused(*self.problem)
            body = await request.json() if path == "/memory/facts" else None
            found = answer(request.path_params, body)
            missing = {"title": "No such fact", "detail": "It may be forgotten already."}
            return JSONResponse(found) if found is not None else _refused(404, missing)

        return Route(path, endpoint, methods=[method])

    def _all(self, _given: dict[str, Any], _body: Any) -> object:
        return {
            "current_summary": self.summary,
            "summary_engine": "ollama" if self.summary else "",
            "restore_context": self.restore_context,
            "messages": sum(len(one["messages"]) for one in self.viewers.values()),
            "recent": self.recent,
            "facts": self.facts[:50],
            "recalled": self.recalled,
        }

    def _viewers(self, _given: dict[str, Any], _body: Any) -> object:
        return {"viewers": [self._entry(viewer_id) for viewer_id in self.viewers]}

    def _entry(self, viewer_id: str) -> dict[str, Any]:
        messages = self.viewers[viewer_id]["messages"]
        return {
            "viewer_id": viewer_id,
            "name": messages[-1]["name"],
            "messages": len(messages),
            "last_at": messages[-1]["at"],
            "facts": len(self._facts_of(viewer_id)),
        }

    def _facts_of(self, viewer_id: str) -> list[dict[str, Any]]:
        return [one for one in self.facts if one["viewer_id"] == viewer_id]

    def _viewer(self, given: dict[str, Any], _body: Any) -> object:
        viewer_id = given["viewer_id"]
        nothing: dict[str, Any] = {"viewer_id": viewer_id, "messages": [], "answers": []}
        kept_of = self.viewers.get(viewer_id, nothing)
        return {**kept_of, "facts": self._facts_of(viewer_id)}

    def _forget_viewer(self, given: dict[str, Any], _body: Any) -> object:
        viewer_id = given["viewer_id"]
        gone = self.viewers.pop(viewer_id, {"messages": [], "answers": []})
        facts = self._facts_of(viewer_id)
        self.facts = [one for one in self.facts if one not in facts]
        removed = len(gone["messages"]) + len(gone["answers"]) + len(facts)
        return {"viewer_id": viewer_id, "removed": removed}

    def _remember(self, _given: dict[str, Any], body: Any) -> object:
        number = max((one["fact_id"] for one in self.facts), default=0) + 1
        told = fact(number, body["text"], strength=1.0, learned_at=time.time())
        self.facts = [told, *self.facts]
        return {"text": body["text"]}

    def _forget_fact(self, given: dict[str, Any], _body: Any) -> object:
        if given["fact_id"] in self.gone:
            return None
        left = [one for one in self.facts if one["fact_id"] != given["fact_id"]]
        if len(left) == len(self.facts):
            return None
        self.facts = left
        return {"fact_id": given["fact_id"]}


def _refused(status: int, body: object) -> Response:
    if isinstance(body, str):
        return Response(body, status, media_type="text/plain")
    return JSONResponse(body, status)


def well_known(memory: ScriptedMemory) -> None:
    """An evening of which a good deal is remembered."""
    memory.summary = (
        "Kitsu and chat are at the final boss for the third time. Marmalade_fan has come from "
        "Brazil and brings a cat named Momo; the streamer lost a bet about the jump and owes "
        "everyone a song. Spoilers for the ending are not wanted."
    )
    memory.recent = [
        {"speaker": "viewer", "name": "marmalade_fan", "role": "viewer", "text": "nice outfit"},
        {"speaker": "kitsu", "name": "", "role": "", "text": "Very autumn, very fox."},
    ]
    marmalade = ("twitch:1001", "marmalade_fan")
    memory.facts = [
        fact(9, "no spoilers for the final boss", strength=1.0, learned_at=time.time() - 40),
        fact(8, "my cat is called Momo", *marmalade, topic="pet", strength=0.83, uses=4),
        fact(7, "I live in Brazil", *marmalade, topic="home", strength=0.71, uses=1),
        fact(6, "I am learning the cello", "twitch:77", "pixelpaws", strength=0.52),
        fact(5, "the streamer owes everyone a song", strength=0.9),
        fact(4, "my favourite food is takoyaki", "twitch:31", "quietcat", strength=0.18),
        fact(3, "streams begin at eight", strength=0.6, learned_at=time.time() - 9e5),
        fact(2, "I was here for the very first stream", "twitch:12", "modfox", strength=0.4),
    ]
    memory.viewers = {
        "twitch:1001": kept(
            *marmalade,
            [
                ("hi Kitsu! first time here, greetings from Brazil", "Brazil! Welcome in."),
                ("my cat is called Momo", "Momo! I shall guard my snacks."),
                ("nice outfit today, very autumn", "Very autumn, very fox."),
            ],
        ),
        "twitch:77": kept("twitch:77", "pixelpaws", [("she missed the jump three times", "")]),
        "twitch:31": kept("twitch:31", "quietcat", [("can you sing?", "Only under my breath.")]),
        "twitch:12": kept("twitch:12", "modfox", [("no spoilers please", "My lips are sealed.")]),
    }
    memory.recalled = [
        recalled(22, "fact", "marmalade_fan", "my cat is called Momo", "told by the one who asks"),
        recalled(22, "past", "you", "Brazil! Welcome in.", "said earlier, same words"),
        recalled(22, "summary", "", memory.summary, "the show so far"),
        recalled(20, "fact", "the show", "no spoilers for the final boss", "fits the words"),
    ]
