"""`POST /respond` and the worker in its runtime: the port, the gate before it, the bus."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.worker import PolicyWorker
from libs.bus.memory import MemoryServer
from libs.contracts.conversation import ReplyAbandoned
from libs.contracts.interruption import StopSpeaking
from libs.settings import SettingsError, load
from libs.testing.ports import free_port
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.testing.stand_ins.ollama.wire import Model
from libs.worker.access import Access, Scope
from libs.worker.runtime import running
from tests.policy_worker.turns import RecordingBus, turn
from tests.safety.corpus import DISGUISES, INJECTIONS


@asynccontextmanager
async def served(
    folder: Path, **given: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, PolicyWorker, RecordingBus]]:
    defaults = {"chat_provider": "scripted", "policy_retry_backoff": 0.0}
    settings = PolicySettings(
        _env_file=None,
        kitsu_data_dir=folder,
        policy_worker_port=free_port(),
        **{**defaults, **given},
    )
    bus = RecordingBus(MemoryServer())
    worker = PolicyWorker(settings, bus)
    async with running(worker, bus):
        headers = {"Authorization": f"Bearer {Access(folder).token(Scope.OPERATOR)}"}
        url = f"http://127.0.0.1:{settings.policy_worker_port}"
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10) as client:
            yield client, worker, bus


def events_of(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [
        (kind.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for kind, data in blocks
    ]


async def test_a_reply_comes_as_events(tmp_path: Path) -> None:
    async with served(tmp_path) as (client, _, bus):
        answer = await client.post("/respond", json={"text": "what about green tea?"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer)
    assert events[0][0] == "start"
    assert {kind for kind, _ in events[1:-1]} == {"token"}
    kind, final = events[-1]
    assert kind == "final"
    assert final["text"] == " ".join(body["text"] for k, body in events if k == "token")
    assert "tea" in final["text"]
    assert final["latency_ms"] > 0
    assert final["stats"]["sentences"] == len(events) - 2
    persona = final["persona"]
    assert (persona["name"], persona["style"], final["engine"]) == ("Kitsu", "playful", "scripted")
    assert {"chaos", "energy", "family_mode", "language"} < set(persona)
    assert final["route"] == {"kind": "chat", "confidence": 1.0, "rule": ""}
    assert bus.sentences == []


async def test_a_reply_can_come_whole(tmp_path: Path) -> None:
    async with served(tmp_path) as (client, _, _bus):
        answer = await client.post("/respond", json={"text": "hi", "author": "x", "stream": False})
    assert answer.json()["outcome"] == "complete"


async def test_an_engine_that_fails_is_told_as_a_retry(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(faults=["500", "404"]) as server,
        served(tmp_path, chat_provider="auto", ollama_url=server.url) as (client, _, _bus),
    ):
        events = events_of(await client.post("/respond", json={"text": "hello"}))
    retries = [body for kind, body in events if kind == "retry"]
    assert [r["reason"] for r in retries] == ["engine_failed", "model_missing"]
    assert events[-1][1]["engine"] == "scripted"
    assert events[-1][1]["stats"]["retries"] == 2


async def test_the_final_word_tells_of_time_tokens_and_code(tmp_path: Path) -> None:
    script = "<think>Hm.</think><speech>Two times n it is.</speech>\n```python\nx = 2\n```"
    async with (
        OllamaStandIn(script=[script], seconds_per_token=0.002) as server,
        served(tmp_path, chat_provider="ollama", ollama_url=server.url) as (client, _, bus),
    ):
        question = {"text": "write a python function that doubles n", "stream": False}
        final = (await client.post("/respond", json=question)).json()
    stats = final["stats"]
    assert final["code"] == [{"language": "python", "text": "x = 2"}]
    assert final["route"]["kind"] == "code"
    assert 0 < stats["first_token_ms"] < stats["first_sentence_ms"] < final["latency_ms"]
    assert stats["thinking_ms"] > 0
    assert stats["prompt_tokens"] > stats["reply_tokens"] > 0
    assert (stats["retries"], stats["blocked"]) == (0, 0)
    assert bus.published_by_replies == []


async def test_what_was_blocked_is_counted(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(faults=["profanity"]) as server,
        served(tmp_path, chat_provider="ollama", ollama_url=server.url) as (client, _, bus),
    ):
        question = {"text": "hello", "stream": False}
        final = (await client.post("/respond", json=question)).json()
    assert final["stats"]["blocked"] == 1
    assert final["reason"]
    assert bus.published_by_replies == []


async def test_a_picture_may_come_along_and_is_checked(tmp_path: Path) -> None:
    png = base64.b64encode(b"\x89PNG\r\n\x1a\nx").decode()
    seer = Model("llama3.2:latest", ("completion", "vision"))
    async with (
        OllamaStandIn([seer]) as server,
        served(tmp_path, chat_provider="ollama", ollama_url=server.url) as (client, _, _bus),
    ):
        question = {"text": "who is that?", "picture": png, "stream": False}
        final = (await client.post("/respond", json=question)).json()
        for odd in ("x", "data:image/png;base64,", base64.b64encode(b"GIF89a").decode()):
            refused = await client.post("/respond", json={"text": "hi", "picture": odd})
            assert refused.status_code == 422
            assert refused.json()["detail"].startswith("picture: must be")
        large = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 3_000_000).decode()
        seen = await client.post("/respond", json={"text": "hi", "picture": large})
        huge = await client.post("/respond", json={"text": "hi", "picture": "A" * 6_000_000})
    assert final["route"]["kind"] == "vision"
    assert server.chats[0].body["messages"][-1]["images"] == [png]
    assert seen.status_code == 200
    assert huge.status_code == 413


async def test_hostile_texts_get_clean_answers(tmp_path: Path) -> None:
    async with served(tmp_path) as (client, _, _bus):
        for text in (*DISGUISES.values(), *INJECTIONS):
            answer = await client.post("/respond", json={"text": text, "stream": False})
            assert DISGUISES["plain"] not in answer.text.lower()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"text": ""}', b'{"text": "x", "odd": 1}', b'{"text": 7}',
     b'{"text": "' + b"x" * 3_000 + b'"}'],
)  # fmt: skip
async def test_a_wrong_body_is_refused_with_what_is_wrong(tmp_path: Path, body: bytes) -> None:
    async with served(tmp_path) as (client, _, _bus):
        kind = {"Content-Type": "application/json"}
        answer = await client.post("/respond", content=body, headers=kind)
    assert answer.status_code == 422
    assert answer.json()["code"] == "input"


async def test_nobody_without_the_operators_token_is_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as (client, _, _bus):
        for token in ("none", "wrong", Access(tmp_path).token(Scope.OVERLAY)):
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.post("/respond", json={"text": "hi"}, headers=headers)
            assert answer.status_code in (401, 403)


async def test_panic_refuses_replies_and_ends_one_that_runs(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(seconds_per_token=0.02) as server,
        served(tmp_path, chat_provider="ollama", ollama_url=server.url) as (client, worker, _bus),
    ):
        asking = asyncio.create_task(client.post("/respond", json={"text": "hello"}))
        await asyncio.wait_for(server.asked(1), 5)
        assert (await client.post("/panic", json={})).status_code == 200
        final = events_of(await asking)[-1][1]
        assert (final["outcome"], final["reason"]) == ("abandoned", "panic")
        assert (await client.post("/respond", json={"text": "hi"})).status_code == 503
        assert len(worker.replies) == 0


async def test_over_the_bus_a_turn_is_answered_and_an_interruption_cuts_it(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(seconds_per_token=0.01) as server,
        served(tmp_path, chat_provider="ollama", ollama_url=server.url) as (_, worker, bus),
    ):
        await bus.publish(turn("what about tea?", epoch=1))
        await asyncio.wait_for(bus.has_sentences(1), 5)
        await bus.publish(StopSpeaking(epoch=2))
        await asyncio.wait_for(bus.has(ReplyAbandoned), 5)
        said = len(bus.sentences)
        await bus.publish(turn("stale", epoch=1))
        await bus.publish(turn("and now?", epoch=2))
        await asyncio.wait_for(bus.has_sentences(said + 1), 5)
    assert bus.of(ReplyAbandoned)[0].reason == "interrupted"
    assert worker.counters["dropped_stale"] == 1
    assert server.chats[0].outcome == "client-gone"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("policy_persona", "nobody", "kitsu-pt"),
        ("chat_provider", "gpt", "'auto', or one or more of 'ollama', 'openai', 'scripted'"),
        ("chat_provider", "ollama,ollama", "must be 'auto'"),
        ("vision_provider", "", "must be 'auto'"),
        ("policy_retry_attempts", 99, "less than or equal to 5"),
        ("policy_first_token_seconds", 0, "greater than or equal to 0.1"),
        ("ollama_url", "no address", "OLLAMA_URL = 'no address'"),
        ("ollama_url", "http://[::1", "OLLAMA_URL"),
        ("openai_base_url", "ftp://x/v1", "must look like"),
        ("openai_base_url", "http://x:99999999/v1", "OPENAI_BASE_URL"),
        ("openai_base_url", "https://x/v1?key=1", "must look like"),
        ("openai_model", "a b", "OPENAI_MODEL = 'a b'"),
    ],
)
def test_wrong_settings_stop_the_start_with_name_and_what_is_allowed(
    name: str, value: Any, allowed: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(PolicySettings, **{name: value})
    assert name.upper() in str(caught.value)
    assert allowed in str(caught.value)


def test_a_key_that_is_wrong_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        load(PolicySettings, openai_api_key="sk-secret with space")
    assert "OPENAI_API_KEY = (hidden): a key has no spaces" in str(caught.value)
    assert "sk-secret" not in repr(load(PolicySettings, openai_api_key="sk-secret"))
