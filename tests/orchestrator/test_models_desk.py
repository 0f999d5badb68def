"""`/models` of the orchestrator: asked of the policy worker's own port, whoever listens there."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from libs.worker.http_port import HttpPort, bind
from tests.orchestrator.stand import Stand

ENGINE = {
    "engine": "ollama",
    "label": "Ollama (llama3.2)",
    "model": "llama3.2",
    "complaint": "Ollama has no model llama3.2: run `ollama pull llama3.2`",
    "capabilities": {"vision": False},
    "there": False,
    "first": False,
}
TOLD = {
    "functions": {"chat": [ENGINE], "code": [], "vision": []},
    "ollama": {
        "address": "http://127.0.0.1:11434",
        "answers": True,
        "models": [{"name": "fox:latest", "size_bytes": 2_000_000_000}],
    },
    "missing": ["llama3.2"],
    "pull": None,
}


class Brain:
    """What listens on the policy worker's port: it answers from here and remembers who asked."""

    def __init__(self) -> None:
        self.answer: Response | Any = TOLD
        self.status = 200
        self.asked: list[tuple[str, str, Any]] = []
        self.tokens: set[str] = set()
        self.hangs = False
        self.watching = asyncio.Event()

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        self.asked.append((request.method, request.url.path, json.loads(body) if body else None))
        self.tokens.add(request.headers.get("authorization", ""))
        while self.hangs:  # noqa: ASYNC110 - a plain attribute that a test changes from outside
            await asyncio.sleep(0.05)
        if request.method == "POST" and self.status == 200:
            return StreamingResponse(self._progress(), media_type="text/event-stream")
        if isinstance(self.answer, bytes):
            return Response(self.answer, self.status)
        return JSONResponse(self.answer, self.status)

    async def _progress(self) -> AsyncIterator[str]:
        yield "event: progress\ndata: {}\n\n"
        self.watching.set()
        await asyncio.sleep(30)


@contextlib.asynccontextmanager
async def brain(show: Stand) -> AsyncIterator[Brain]:
    brain = Brain()
    methods = ["GET", "POST", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", brain.handle, methods=methods)])
    server = HttpPort(app, bind("127.0.0.1", show.settings.policy_worker_port, "X"))
    await server.open()
    try:
        yield brain
    finally:
        brain.hangs = False
        await server.close()


async def test_who_answers_is_told_as_the_brain_says(show: Stand) -> None:
    async with brain(show) as asked:
        told = await show.get("/models")
    assert told["missing"] == ["llama3.2"]
    assert told["ollama"] == TOLD["ollama"]
    [chat] = told["functions"]["chat"]
    assert (chat["label"], chat["there"]) == ("Ollama (llama3.2)", False)
    assert asked.asked == [("GET", "/models", None)]
    assert asked.tokens == {show.headers["Authorization"]}


async def test_without_a_brain_the_step_that_mends_it_is_told(show: Stand) -> None:
    for method, path, body in (
        ("GET", "/models", None),
        ("POST", "/models/pull", {"model": "fox"}),
        ("DELETE", "/models/pull", None),
    ):
        answer = await show.request(method, path, body)
        assert answer.status_code == 503
        assert "kitsu restart policy_worker" in answer.json()["detail"]


async def test_a_pull_is_begun_and_not_waited_for(show: Stand) -> None:
    async with brain(show) as asked:
        async with asyncio.timeout(5):
            answer = await show.request("POST", "/models/pull", {"model": "llama3.2"})
        assert answer.status_code == 202
        assert answer.json()["missing"] == ["llama3.2"]
        assert asked.asked[0] == ("POST", "/models/pull", {"model": "llama3.2"})
        stopped = await show.request("DELETE", "/models/pull")
        assert stopped.status_code == 200
        assert asked.asked[-2][0] == "DELETE"


async def test_a_refusal_is_passed_on_in_the_brains_words(show: Stand) -> None:
    async with brain(show) as asked:
        asked.status = 409
        asked.answer = {"title": "Another pull runs", "detail": "cat is pulled", "code": "another"}
        answer = await show.request("POST", "/models/pull", {"model": "fox"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "cat is pulled"


WRONG_PROGRAMS: dict[str, tuple[int, Any]] = {
    "a page": (200, b"<html>hello</html>"),
    "nothing": (200, b""),
    "a list": (200, []),
    "another document": (200, {"functions": "all"}),
    "endless names": (200, {**TOLD, "missing": ["x" * 1_000]}),
    "a thousand models": (
        200,
        {**TOLD, "ollama": {"models": [{"name": "x"} for _ in range(2_000)]}},
    ),
    "megabytes": (200, b"[" * 3_000_000),
    "not found": (404, {"title": "Not Found"}),
    "another token": (401, {"title": "Not signed in"}),
    "an error page": (500, b"<h1>Oops</h1>"),
    "a huge error": (500, {"title": "x" * 10_000}),
}


@pytest.mark.parametrize("wrong", WRONG_PROGRAMS.values(), ids=WRONG_PROGRAMS.keys())
async def test_another_program_on_that_port_is_not_believed(
    show: Stand, wrong: tuple[int, Any]
) -> None:
    async with brain(show) as asked:
        asked.status, asked.answer = wrong
        answer = await show.request("GET", "/models")
    assert answer.status_code == 503
    assert answer.json()["title"] == "The brain does not answer"


async def test_a_brain_that_hangs_is_not_waited_for_without_end(
    show: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    show.worker.models.brain._client.timeout = 0.3
    async with brain(show) as asked:
        asked.hangs = True
        async with asyncio.timeout(5):
            answer = await show.request("GET", "/models")
    assert answer.status_code == 503


@pytest.mark.parametrize(
    "body", [{}, {"model": ""}, {"model": "x" * 201}, {"model": 7}, {"model": "fox", "odd": 1}, []]
)
async def test_a_pull_of_nothing_is_refused_before_anybody_is_asked(show: Stand, body: Any) -> None:
    async with brain(show) as asked:
        assert (await show.request("POST", "/models/pull", body)).status_code == 422
    assert asked.asked == []


async def test_a_real_brain_pulls_a_model_that_is_asked_of_the_orchestrator(
    show: Stand, tmp_path: Path
) -> None:
    from apps.policy_worker.settings import PolicySettings
    from apps.policy_worker.worker import PolicyWorker
    from libs.bus.memory import MemoryBus
    from libs.testing.stand_ins.ollama import OllamaStandIn
    from libs.worker.runtime import running

    async with OllamaStandIn(models=(), seconds_per_token=0.02) as server:
        settings = PolicySettings(
            _env_file=None,
            kitsu_data_dir=tmp_path,
            policy_worker_port=show.settings.policy_worker_port,
            ollama_url=server.url,
        )
        worker = PolicyWorker(settings, MemoryBus(show.server, source="policy_worker@here#0"))
        async with running(worker, worker.bus):
            assert (await show.get("/models"))["missing"] == ["llama3.2"]
            begun = await show.request("POST", "/models/pull", {"model": "llama3.2"})
            assert begun.json()["pull"]["done"] is False
            wrong = await show.request("POST", "/models/pull", {"model": "../../etc"})
            assert wrong.status_code == 422
            async with asyncio.timeout(10):
                while not (told := await show.get("/models"))["pull"]["done"]:  # noqa: ASYNC110 - asked over HTTP
                    await asyncio.sleep(0.05)
            assert told["pull"]["ok"]
            told = await show.get("/models")
            assert told["missing"] == []
            assert told["functions"]["chat"][0]["first"]
