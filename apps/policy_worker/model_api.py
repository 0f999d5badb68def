"""`/models`: which models are there and in use, and pulling one."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from apps.policy_worker.engine_ladder import EngineLadder
from apps.policy_worker.engines.address import answers
from apps.policy_worker.engines.base import ReplyEngine, Task
from apps.policy_worker.engines.errors import EngineError
from apps.policy_worker.engines.ollama_catalogue import OllamaCatalogue
from apps.policy_worker.model_pull import AnotherPullRuns, ModelPull, PullState
from apps.policy_worker.request_body import body_of
from apps.policy_worker.server_events import Told, as_events
from libs.worker.problems import Problem

LOOK_SECONDS = 1.0

#: `name`, `name:tag`, `owner/name:tag`, `registry/owner/name:tag`.
ModelName = Annotated[
    str, Field(max_length=200, pattern=r"^[A-Za-z0-9][\w.-]*(?:/[\w.-]+){0,3}(?::[\w.-]+)?$")
]


class PullOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: ModelName


class ModelApi:
    """Only the operator gets here. A pull goes on when the page that began it is closed."""

    def __init__(self, ladder: EngineLadder, ollama_url: str) -> None:
        self._ladder = ladder
        self._url = ollama_url
        self._catalogue = OllamaCatalogue(ollama_url)
        self._pull = ModelPull(self._catalogue, ladder.probe)

    async def stop(self) -> None:
        await self._pull.stop()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/models", self.show, methods=["GET"]),
            Route("/models/pull", self.pull, methods=["POST"]),
            Route("/models/pull", self.stop_pull, methods=["DELETE"]),
        ]

    async def show(self, request: Request) -> Response:
        pull, ollama = self._pull.state, await self._ollama()
        return JSONResponse(
            {
                "functions": {task.value: self._engines(task) for task in Task},
                "ollama": ollama,
                "missing": self._missing({model["name"] for model in ollama["models"]})
                if ollama["answers"]
                else [],
                "pull": _told(pull) if pull else None,
            }
        )

    async def pull(self, request: Request) -> Response:
        """Begins a pull, or watches the one that runs: events `progress`, then one `final`."""
        order = await body_of(request, PullOrder)
        if not await answers(self._url, LOOK_SECONDS):
            step = f"Ollama does not answer at {self._catalogue.host}: start it with `ollama serve`"
            raise Problem(503, "Ollama is not there", step, "unreachable")
        try:
            self._pull.start(order.model)
        except AnotherPullRuns as other:
            step = f"{other} is being pulled: wait, or stop it with DELETE /models/pull"
            raise Problem(409, "Another pull runs", step, "another_pull") from None
        return as_events(self._progress())

    async def stop_pull(self, request: Request) -> Response:
        await self._pull.stop()
        pull = self._pull.state
        return JSONResponse({"pull": _told(pull) if pull else None})

    async def _progress(self) -> AsyncGenerator[Told, None]:
        async for state in self._pull.follow():
            yield ("final" if state.done else "progress"), _told(state)

    def _engines(self, task: Task) -> list[dict[str, Any]]:
        there = self._ladder.there(task)
        first = there[0] if there else None
        return [
            {**_engine(engine), "there": engine in there, "first": engine is first}
            for engine in self._ladder.of(task)
        ]

    def _missing(self, models: Collection[str]) -> list[str]:
        """The models that Ollama is to answer with and does not have."""
        wanted = [e.model for task in Task for e in self._ladder.of(task) if e.name == "ollama"]
        return [
            model
            for model in dict.fromkeys(wanted)
            if model not in models and f"{model}:latest" not in models
        ]

    async def _ollama(self) -> dict[str, Any]:
        found: dict[str, Any] = {"address": self._catalogue.host, "answers": False, "models": []}
        if await answers(self._url, LOOK_SECONDS):
            try:
                found["models"] = [asdict(model) for model in await self._catalogue.models()]
                found["answers"] = True
            except EngineError:
                found["answers"] = False
        return found


def _engine(engine: ReplyEngine) -> dict[str, Any]:
    return {
        "engine": engine.name,
        "label": engine.label,
        "model": engine.model,
        "complaint": engine.complaint,
        "capabilities": asdict(engine.capabilities),
    }


def _told(state: PullState) -> dict[str, Any]:
    return {**asdict(state), "percent": state.percent}
