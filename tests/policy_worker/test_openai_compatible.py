"""The OpenAI-compatible engine against a protocol-true stand-in."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from apps.policy_worker.engines import openai_compatible
from apps.policy_worker.engines.base import (
    Picture,
    Piece,
    ReplyRequest,
    Task,
    Thought,
    Tool,
    ToolCall,
    Usage,
)
from apps.policy_worker.engines.errors import EngineError, ReplyGarbled
from apps.policy_worker.engines.openai_chunks import ChunkReader
from apps.policy_worker.engines.openai_compatible import OpenAICompatibleEngine, _pause_of
from apps.policy_worker.engines.prompt import Message, Prompt, prompt_of
from apps.policy_worker.engines.server_sent_events import EventStream
from apps.policy_worker.patience import Patience
from apps.policy_worker.providers import engines_of
from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.worker import PolicyWorker
from libs.contracts.conversation import ReplyFinished
from libs.contracts.health import ModuleState
from libs.safety import Gate
from libs.settings.personas import load_persona
from libs.testing.stand_ins.openai import FAULTS, OpenAIStandIn
from tests.policy_worker.turns import RecordingBus, answer, turn, working

KEY = "sk-very-secret-key-0123456789"
MEANT = (
    "Ooh, hello there! I was just thinking about days, and it made me smile. What do you think,"
    " chat?"
)
TECHNICAL = ("error", "http", "key", "sk-", "json", "model", "hunter2", "<", "{", "log in", "token")

#: Fault, the code that is told, and who speaks in the end.
TROUBLES = {
    "401": ("key_refused", "scripted"),
    "402": ("no_credit", "scripted"),
    "404": ("model_missing", "scripted"),
    "429": ("busy", "scripted"),
    "500": ("engine_failed", "openai"),
    "503": ("busy", "openai"),
    "redirect": ("refused", "scripted"),
    "html": ("cut_off", "openai"),
    "slow-first": ("slow_first_token", "scripted"),
    "stall": ("stalled", "scripted"),
    "reset": ("connection_broken", "openai"),
    "fin": ("connection_broken", "openai"),
    "half-event": ("connection_broken", "openai"),
    "no-end": ("cut_off", "openai"),
    "garbage": ("garbled", "openai"),
    "not-an-object": ("garbled", "openai"),
    "endless-line": ("garbled", "openai"),
    "stream-error": ("engine_failed", "openai"),
    "listed-error": ("busy", "openai"),
    "finish-error": ("engine_failed", "openai"),
    "content-filter": ("content_filter", "scripted"),
    "filtered-later": ("content_filter", "openai"),
    "empty": ("empty", "openai"),
}
DIALECTS = [name for name in FAULTS if name not in TROUBLES and name != "length"]


@asynccontextmanager
async def answering(
    folder: Path, server: OpenAIStandIn, **settings: Any
) -> AsyncIterator[tuple[PolicyWorker, RecordingBus]]:
    given = {
        "chat_provider": "openai",
        "openai_base_url": server.base_url,
        "openai_model": "gpt-fox",
        "openai_api_key": KEY,
        **settings,
    }
    async with working(folder, **given) as (worker, bus):
        if any(fault.startswith(("slow-first", "stall")) for fault in server.faults):
            worker.patience = Patience(0.5, 0.3)
        yield worker, bus


def engine_of(server: OpenAIStandIn, key: str = KEY) -> OpenAICompatibleEngine:
    return OpenAICompatibleEngine(server.base_url, key, "gpt-fox")


async def pieces_of(engine: OpenAICompatibleEngine, prompt: Prompt) -> list[Piece]:
    return [piece async for piece in engine.ask(prompt)]


@pytest.mark.parametrize("fault", TROUBLES)
async def test_every_fault_ends_in_something_spoken_and_one_code(
    tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code, speaker = TROUBLES[fault]
    async with (
        OpenAIStandIn(faults=[fault], key=KEY) as server,
        answering(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("what about rainy days?"))
        detail = worker.health().detail
    assert bus.sentences
    for word in TECHNICAL:
        assert word not in bus.spoken.lower()
    assert (bus.finished.reason, bus.finished.engine) == (code, speaker)
    assert f"error_{code}" in worker.counters
    for text in (detail, caplog.text, *(e.model_dump_json() for e in bus.published)):
        assert "secret" not in text


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_servers_do_differently_makes_no_difference(
    tmp_path: Path, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_compatible, "AFTERWORD_SECONDS", 2.0)  # on a busy machine
    async with (
        OpenAIStandIn(faults=[dialect], key=KEY) as server,
        answering(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("what about rainy days?"))
    assert bus.spoken == MEANT
    assert (bus.finished.outcome, bus.finished.engine) == ("complete", "openai")
    assert bus.finished.reply_tokens
    assert bus.finished.prompt_tokens
    thinks = dialect in ("reasoning", "openrouter-reasoning", "parts")
    assert (bus.finished.thinking_seconds > 0) is thinks


async def test_a_reply_that_reached_its_limit_does_not_end_in_mid_sentence(tmp_path: Path) -> None:
    async with (
        OpenAIStandIn(faults=["length"], key=KEY) as server,
        answering(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("what about rainy days?"))
    assert bus.spoken == MEANT.removesuffix(" What do you think, chat?")
    assert (bus.finished.outcome, bus.finished.reason) == ("cut", "too_long")


async def test_a_wrong_key_is_told_and_nothing_is_sent_again_at_once(tmp_path: Path) -> None:
    async with (
        OpenAIStandIn(key="another") as server,
        answering(tmp_path, server) as (worker, _bus),
    ):
        for _ in range(3):
            await worker.ladder.probe()
            await answer(worker, turn("hello"))
        health = worker.health()
    assert len(server.seen_headers) == 1
    assert health.state is ModuleState.READY
    assert "does not accept the key: check OPENAI_API_KEY" in health.detail
    assert health.engine == "scripted"


async def test_a_server_that_asks_for_a_pause_gets_it(tmp_path: Path) -> None:
    async with (
        OpenAIStandIn(faults=["429:30"], key=KEY) as server,
        answering(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("hello"))
        await worker.ladder.probe()
        await answer(worker, turn("hello again"))
    assert len(server.chats) == 1
    assert {end.engine for end in bus.of(ReplyFinished)} == {"scripted"}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("20", 20.0), ("0.2", 0.2), ("-5", 0.0), ("", 0.0), ("soon", 0.0), ("nan", 0.0),
     ("99999999", 3_600.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)  # fmt: skip
def test_a_retry_after_is_read_and_bounded(header: str, seconds: float) -> None:
    assert _pause_of(header) == seconds


async def test_a_key_goes_only_to_its_server_and_not_after_a_redirect(tmp_path: Path) -> None:
    async with OpenAIStandIn(faults=["redirect"], key=KEY) as server:
        engine = engine_of(server)
        with pytest.raises(EngineError) as caught:
            await pieces_of(engine, Prompt((Message("user", "hi"),)))
        await engine.stop()
    assert caught.value.code == "refused"
    assert KEY not in repr(caught.value)
    assert server.seen_headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "dislikes",
    [("stream_options",), ("temperature",), ("max_tokens",),
     ("stream_options", "temperature", "max_tokens")],
)  # fmt: skip
async def test_a_parameter_that_a_server_does_not_know_is_left_out_and_remembered(
    dislikes: tuple[str, ...],
) -> None:
    async with OpenAIStandIn(dislikes=dislikes) as server:
        engine = engine_of(server)
        prompt = Prompt((Message("user", "hi"),), 50, 0.2)
        for _ in range(2):
            pieces = await pieces_of(engine, prompt)
            assert any("Ooh" in p for p in pieces if isinstance(p, str))
        await engine.stop()
    assert len(server.chats) == len(dislikes) + 2
    body = server.chats[-1].body
    assert not set(dislikes) & set(body)
    assert body.get("max_completion_tokens", body.get("max_tokens")) == 50


async def test_a_server_that_refuses_everything_is_not_asked_for_ever() -> None:
    async with OpenAIStandIn(dislikes=("model",)) as server:
        engine = engine_of(server)
        with pytest.raises(EngineError) as caught:
            await pieces_of(engine, Prompt((Message("user", "hi"),)))
        await engine.stop()
    assert caught.value.code == "refused"
    assert len(server.chats) == 1


async def test_the_stream_is_closed_when_nobody_listens_any_more(tmp_path: Path) -> None:
    async with (
        OpenAIStandIn(key=KEY, seconds_per_token=0.01) as server,
        answering(tmp_path, server) as (worker, bus),
    ):
        task = asyncio.create_task(answer(worker, turn("rainy days")))
        await bus.has_sentences(1)
        await worker.panic_engaged("test")
        await task
        await asyncio.wait_for(server.idle(), 5)
    assert server.chats[0].outcome == "client-gone"


async def test_without_a_named_model_a_local_server_gives_its_first(tmp_path: Path) -> None:
    async with (
        OpenAIStandIn(models=("local-fox", "other")) as server,
        answering(tmp_path, server, openai_model="", openai_api_key="") as (worker, _bus),
    ):
        await answer(worker, turn("hello"))
        assert "local-fox" in worker.health().detail
    assert server.chats[0].body["model"] == "local-fox"
    assert "authorization" not in server.seen_headers[0]


async def test_a_model_that_is_not_listed_is_a_warning_and_no_list_is_none(tmp_path: Path) -> None:
    async with OpenAIStandIn(models=("models/gpt-fox",), key=KEY) as server:
        engine = engine_of(server)
        assert (await engine.available(), engine.complaint) == (True, "")
        await engine.stop()
    async with OpenAIStandIn(models=("other",), key=KEY) as server:
        engine = engine_of(server)
        assert await engine.available()
        assert "does not list gpt-fox" in engine.complaint
        await engine.stop()
    async with OpenAIStandIn(lists_models=False, key=KEY) as server:
        engine = engine_of(server)
        assert (await engine.available(), engine.complaint) == (True, "")
        await engine.stop()


async def test_pictures_tools_and_schemas_are_sent_as_the_api_wants_them() -> None:
    async with OpenAIStandIn() as server:
        engine = engine_of(server)
        request = ReplyRequest(
            turn("what is this?"),
            load_persona("kitsu"),
            task=Task.VISION,
            picture=Picture("image/png", b"\x89PNG"),
        )
        prompt = prompt_of(request)
        call = ToolCall("c1", "look_up", {"word": "fox"})
        more = (
            Message("assistant", "", tool_calls=(call,)),
            Message("tool", "a fox", call_id="c1"),
        )
        schema = {"type": "object"}
        tool = Tool("look_up", "Looks it up.", {"type": "object", "properties": {}})
        prompt = Prompt((*prompt.messages, *more), 99, 0.1, schema, (tool,))
        await pieces_of(engine, prompt)
        await engine.stop()
    body = server.chats[0].body
    *_, question, asked, told = body["messages"]
    url = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
    assert question["content"][1] == {"type": "image_url", "image_url": {"url": url}}
    assert asked["tool_calls"][0]["function"] == {"name": "look_up", "arguments": '{"word": "fox"}'}
    assert (told["role"], told["tool_call_id"]) == ("tool", "c1")
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert body["tools"][0]["function"]["name"] == "look_up"


# Which provider gets what ------------------------------------------------------------------------


def names_of(**settings: Any) -> dict[str, list[str]]:
    given = PolicySettings(_env_file=None, **settings)
    engines = engines_of(given, Gate.load())
    return {task.value: [engine.name for engine in found] for task, found in engines.items()}


def test_nothing_leaves_the_machine_unless_a_provider_is_named() -> None:
    local = {"chat": ["ollama", "scripted"], "code": ["ollama"], "vision": ["ollama"]}
    assert names_of() == local
    assert names_of(openai_api_key=KEY) == local
    assert names_of(openai_base_url="https://api.deepseek.com/v1", openai_api_key=KEY) == local
    here = names_of(openai_base_url="http://127.0.0.1:1234/v1")
    assert here["chat"] == ["ollama", "openai", "scripted"]
    named = names_of(chat_provider="openai", openai_api_key=KEY)
    assert named == {"chat": ["openai", "scripted"], "code": ["openai"], "vision": ["ollama"]}
    mixed = names_of(code_provider="openai", vision_provider="openai,ollama")
    assert mixed["chat"] == ["ollama", "scripted"]
    assert (mixed["code"], mixed["vision"]) == (["openai"], ["openai", "ollama"])
    assert names_of(chat_provider="openai", policy_force_mock=True) == {"chat": ["scripted"]}


def test_functions_share_an_engine_unless_they_have_a_model_of_their_own() -> None:
    plain = engines_of(PolicySettings(_env_file=None), Gate.load())
    assert plain[Task.CHAT][0] is plain[Task.CODE][0] is plain[Task.VISION][0]
    given = PolicySettings(_env_file=None, code_model_name="coder")
    other = engines_of(given, Gate.load())
    assert other[Task.CODE][0].label == "Ollama (coder)"
    assert other[Task.CHAT][0] is other[Task.VISION][0]


# Reading the stream ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_are_read_the_same_in_pieces_of_any_size(size: int, end: str) -> None:
    lines = [": hello", 'data: {"a": 1}', "", "event: x", "data: é", "data:more", "", "data: last"]
    raw = end.join(lines).encode()
    stream = EventStream()
    found = [e for at in range(0, len(raw), size) for e in stream.feed(raw[at : at + size])]
    assert found + stream.finish() == ['{"a": 1}', "é\nmore", "last"]


def read(*events: str) -> list[Piece]:
    reader = ChunkReader()
    pieces = [piece for event in events for piece in reader.read(event)]
    return pieces + list(reader.finish())


def test_a_tool_call_is_put_together_from_its_scraps() -> None:
    def scrap(body: str) -> str:
        return '{"choices": [{"delta": {"tool_calls": [' + body + "]}}]}"

    assert read(
        scrap('{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{\\"a\\""}}'),
        scrap('{"index": 0, "function": {"arguments": ": 1}"}}'),
        scrap('{"index": 1, "id": "c2", "function": {"name": "g", "arguments": ""}}'),
    ) == [ToolCall("c1", "f", {"a": 1}), ToolCall("c2", "g", {})]


@pytest.mark.parametrize(
    "event",
    ["null", "[]", '"x"', "{", '{"choices": [{"delta": {"tool_calls": [{"index": 0, "function":'
     ' {"name": "f", "arguments": "[1]"}}]}}]}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_chunk_is_garbled(event: str) -> None:
    with pytest.raises(ReplyGarbled):
        read(event)


@pytest.mark.parametrize(
    "event",
    ["{}", '{"choices": null}', '{"choices": [null]}', '{"choices": [{"delta": 7}]}',
     '{"choices": [{"delta": {"content": 7, "tool_calls": [null, {"function": 1}]}}]}',
     '{"usage": {"prompt_tokens": "x"}}', '{"choices": [{"delta": {"content": [1, {}]}}]}'],
)  # fmt: skip
def test_odd_chunks_say_nothing(event: str) -> None:
    assert [piece for piece in read(event) if not isinstance(piece, Usage)] == []


def test_thoughts_are_told_apart_in_every_dialect() -> None:
    found = read(
        '{"choices": [{"delta": {"reasoning_content": "a"}}]}',
        '{"choices": [{"delta": {"reasoning": "b", "content": ""}}]}',
        '{"choices": [{"delta": {"content": [{"type": "thinking", "thinking": "c"},'
        ' {"type": "text", "text": "said"}]}}]}',
    )
    assert found == [Thought("a"), Thought("b"), Thought("c"), "said"]
