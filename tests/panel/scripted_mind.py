"""The mind's routes of the scripted orchestrator: prompts, code, models, personas, pictures."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def engine(name: str, model: str = "", **more: Any) -> dict[str, Any]:
    label = f"Ollama ({model})" if name == "ollama" else name
    told = {"engine": name, "label": label, "model": model, "complaint": ""}
    return {**told, "there": True, "first": True, **more}


def models(*missing: str, answers: bool = True) -> dict[str, Any]:
    """Everything is answered by llama3.2, unless that is missing."""
    there = answers and "llama3.2" not in missing
    mend = "Ollama has no model llama3.2: run `ollama pull llama3.2`"
    away = "Ollama does not answer at 127.0.0.1:11434: start it with `ollama serve`"
    complaint = "" if there else mend if answers else away
    ollama = engine("ollama", "llama3.2", there=there, first=there, complaint=complaint)
    last = engine("scripted", first=not there)
    return {
        "functions": {"chat": [ollama, last], "code": [ollama, last], "vision": []},
        "ollama": {"address": "127.0.0.1:11434", "answers": answers, "models": []},
        "missing": list(missing),
        "pull": None,
    }


def pull(model: str, percent: float, **more: Any) -> dict[str, Any]:
    total = 2_019_393_189
    told = {
        "model": model,
        "status": "pulling dde5aa3fc5ff",
        "completed_bytes": int(total * percent / 100),
        "total_bytes": total,
        "percent": percent,
    }
    return {**told, "done": False, "ok": False, "reason": "", "message": "", **more}


def prompt(*messages: tuple[str, str], **more: Any) -> dict[str, Any]:
    told = {
        "turn_id": "",
        "engine": "Ollama (llama3.2)",
        "model": "llama3.2",
        "task": "chat",
        "shortened": False,
        "messages": [
            {"role": role, "text": text, "pictures": [], "tools": []} for role, text in messages
        ],
    }
    return {**told, **more}


def persona(name: str, language: str = "en", problem: str = "", title: str = "Kitsu") -> Any:
    return {"persona": name, "name": title, "language": language, "problem": problem}


NO_PROMPT = {"title": "No prompt is kept of this turn", "detail": "Prompts are kept for the last."}


class ScriptedMind:
    """What it knows stands in public attributes; `problem` answers every request with an error."""

    def __init__(self) -> None:
        self.prompts: dict[str, dict[str, Any]] = {}
        self.code: dict[str, list[dict[str, str]]] = {}
        self.models = models()
        self.personas = [persona("kitsu"), persona("kitsu-pt", "pt-BR")]
        self.lines: list[dict[str, Any]] = []
        """What was sent with a picture."""
        self.problem: tuple[int, dict[str, str]] | None = None
        self.pulls: list[str] = []
        self.looks = 0
        self.slow_seconds = 0.0

    def routes(self) -> list[Route]:
        return [
            Route("/telemetry/turns/{turn_id}/prompt", self._prompt),
            Route("/telemetry/turns/{turn_id}/code", self._code),
            Route("/models", self._models),
            Route("/models/pull", self._pull, methods=["POST", "DELETE"]),
            Route("/personas", self._personas),
            Route("/ingest/chat", self._line, methods=["POST"]),
        ]

    def _answer(self, document: Any, status: int = 200) -> Response:
        if self.problem is not None:
            status, document = self.problem
        return JSONResponse(document, status)

    async def _prompt(self, request: Request) -> Response:
        found = self.prompts.get(request.path_params["turn_id"])
        return self._answer(found or NO_PROMPT, 200 if found else 404)

    async def _code(self, request: Request) -> Response:
        turn_id = request.path_params["turn_id"]
        return self._answer({"turn_id": turn_id, "code": self.code.get(turn_id, [])})

    async def _models(self, _request: Request) -> Response:
        self.looks += 1
        return self._answer(self.models)

    async def _pull(self, request: Request) -> Response:
        if request.method == "POST":
            model = str((await request.json())["model"])
            self.pulls.append(model)
            self.models["pull"] = pull(model, 0.0, total_bytes=0, status="pulling manifest")
        else:
            self.models["pull"].update(done=True, reason="stopped", message="Stopped.")
        return self._answer(self.models)

    async def _personas(self, _request: Request) -> Response:
        return self._answer({"current": "kitsu", "personas": self.personas})

    async def _line(self, request: Request) -> Response:
        await asyncio.sleep(self.slow_seconds)
        self.lines.append(await request.json())
        return self._answer({"event_id": "e1"}, 202)
