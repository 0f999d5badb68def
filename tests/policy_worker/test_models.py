"""`/models`: what is there, and pulling a model with progress."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.worker.access import Access, Scope
from tests.policy_worker.test_respond import events_of, served


async def test_what_is_there_and_in_use_is_told(tmp_path: Path) -> None:
    async with (
        OllamaStandIn() as server,
        served(tmp_path, chat_provider="auto", ollama_url=server.url) as (client, _, _bus),
    ):
        told = (await client.get("/models")).json()
    assert [e["engine"] for e in told["functions"]["chat"]] == ["ollama", "scripted"]
    assert told["functions"]["chat"][0]["first"]
    assert told["functions"]["code"][0]["engine"] == "ollama"
    assert not told["functions"]["vision"][0]["there"]
    assert told["ollama"]["answers"]
    assert told["ollama"]["models"] == [{"name": "llama3.2:latest", "size_bytes": 2_019_393_189}]
    assert told["pull"] is None
    assert told["missing"] == []


async def test_a_model_that_is_wanted_and_not_there_is_named(tmp_path: Path) -> None:
    async with (
        OllamaStandIn() as server,
        served(
            tmp_path, chat_provider="auto", ollama_url=server.url, vision_model_name="llava"
        ) as (client, _, _bus),
    ):
        told = (await client.get("/models")).json()
    assert told["missing"] == ["llava"]
    assert [(e["model"], e["there"]) for e in told["functions"]["vision"]] == [("llava", False)]


async def test_without_ollama_that_is_told_too(tmp_path: Path) -> None:
    async with served(tmp_path, ollama_url="http://127.0.0.1:9") as (client, _, _bus):
        told = (await client.get("/models")).json()
        refused = await client.post("/models/pull", json={"model": "llama3.2"})
    assert (told["ollama"]["answers"], told["ollama"]["models"]) == (False, [])
    assert told["missing"] == []
    assert refused.status_code == 503
    assert "ollama serve" in refused.json()["detail"]


async def test_a_model_is_pulled_with_progress_and_used_at_once(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(models=()) as server,
        served(tmp_path, chat_provider="auto", ollama_url=server.url) as (client, worker, _bus),
    ):
        assert "run `ollama pull llama3.2`" in worker.health().detail
        events = events_of(await client.post("/models/pull", json={"model": "llama3.2"}))
        assert worker.health().engine == "ollama"
        told = (await client.get("/models")).json()
    kinds = [kind for kind, _ in events]
    assert kinds == ["progress"] * (len(kinds) - 1) + ["final"]
    percents = [body["percent"] for _, body in events]
    assert percents[-1] == 100.0
    assert any(0 < percent < 100 for percent in percents)
    final = events[-1][1]
    assert (final["ok"], final["message"]) == (True, "llama3.2 is there.")
    assert told["pull"]["done"]


@pytest.mark.parametrize(
    ("model", "reason"), [("missing-fox", "model_missing"), ("broken-fox", "engine_failed")]
)
async def test_a_pull_that_fails_says_why(tmp_path: Path, model: str, reason: str) -> None:
    async with (
        OllamaStandIn() as server,
        served(tmp_path, ollama_url=server.url) as (client, _, _bus),
    ):
        events = events_of(await client.post("/models/pull", json={"model": model}))
    final = events[-1][1]
    assert (final["done"], final["ok"], final["reason"]) == (True, False, reason)
    assert model in final["message"]


async def test_a_pull_goes_on_when_nobody_watches_and_is_joined_and_stopped(
    tmp_path: Path,
) -> None:
    async with (
        OllamaStandIn(seconds_per_token=0.05) as server,
        served(tmp_path, ollama_url=server.url) as (client, _, _bus),
    ):
        first = await first_event(client, "fox")
        assert first["model"] == "fox"
        other = await client.post("/models/pull", json={"model": "cat"})
        assert (other.status_code, other.json()["code"]) == (409, "another_pull")
        async with client.stream("POST", "/models/pull", json={"model": "fox"}) as watching:
            told = data_of(watching)
            assert (await anext(told))["model"] == "fox"
            stopped = (await client.delete("/models/pull")).json()["pull"]
            assert (stopped["done"], stopped["reason"]) == (True, "stopped")
            assert [body async for body in told][-1]["reason"] == "stopped"


async def first_event(client: httpx.AsyncClient, model: str) -> dict[str, Any]:
    async with client.stream("POST", "/models/pull", json={"model": model}) as answer:
        return await anext(data_of(answer))


async def data_of(answer: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@pytest.mark.parametrize(
    "body",
    ["{}", '{"model": ""}', '{"model": "../../etc/passwd"}', '{"model": "a b"}',
     '{"model": "x\\u0000"}', '{"model": "' + "x" * 300 + '"}',
     '{"model": "fox", "insecure": true}',
     "[", '{"model": "http://evil.example/fox"}', '{"model": "' + "x" * 200_000 + '"}'],
)  # fmt: skip
async def test_a_name_that_is_none_is_refused(tmp_path: Path, body: str) -> None:
    async with (
        OllamaStandIn() as server,
        served(tmp_path, ollama_url=server.url) as (client, _, _bus),
    ):
        kind = {"Content-Type": "application/json"}
        answer = await client.post("/models/pull", content=body, headers=kind)
    assert answer.status_code in (413, 422)


async def test_only_the_operator_may_ask(tmp_path: Path) -> None:
    async with served(tmp_path) as (client, _, _bus):
        for token in ("none", Access(tmp_path).token(Scope.OVERLAY)):
            headers = {"Authorization": f"Bearer {token}"}
            for method, path in (
                ("GET", "/models"),
                ("POST", "/models/pull"),
                ("DELETE", "/models/pull"),
            ):
                answer = await client.request(method, path, headers=headers)
                assert answer.status_code in (401, 403)
