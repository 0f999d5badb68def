"""Turns in which a model asks for tools: the real Ollama client and the OpenAI-style engine on one
side, a real MCP server on the other."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from apps.policy_worker.engines.base import Capabilities, ToolCall
from apps.policy_worker.tool_use import MAXIMUM_AT_ONCE
from apps.policy_worker.tools.server import ServerState
from apps.policy_worker.worker import PolicyWorker
from libs.contracts.conversation import CodeWritten, ReplyAbandoned, TurnInput, TurnSource
from libs.contracts.people import Author, Role
from libs.contracts.speaking import SpeakSentence
from libs.telemetry import clock
from libs.testing.stand_ins.listener import HttpStandIn
from libs.testing.stand_ins.model_talk import AsksFor, in_form
from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.testing.stand_ins.ollama.wire import Model
from libs.testing.stand_ins.openai import OpenAIStandIn
from libs.testing.stand_ins.tool_server import HttpToolServer
from tests.policy_worker.test_ollama import TECHNICAL
from tests.policy_worker.tool_boxes import ALL, stand_in, tools_file
from tests.policy_worker.turns import PlaysScript, RecordingBus, answer, turn, use, working

EVERYBODY = ["broadcaster", "moderator", "viewer"]
ANSWER = in_form("It came up four, what luck! Who wants to bet on the next one?")
SPOKEN = "It came up four, what luck! Who wants to bet on the next one?"


def asks(name: str = "roll", text: str = "", **arguments: Any) -> AsksFor:
    return AsksFor(((name, arguments),), text)


@asynccontextmanager
async def tooled(
    folder: Path,
    server: HttpStandIn,
    roles: list[str] = EVERYBODY,
    timeout_seconds: float = 4.0,
    **more: Any,
) -> AsyncIterator[tuple[PolicyWorker, RecordingBus]]:
    """A worker that asks this model server, with the tools of the stand-in over HTTP."""
    policy = {name: more.pop(name) for name in list(more) if name.startswith("policy_")}
    given: dict[str, Any] = {"chat_provider": "ollama", "ollama_url": server.url}
    if isinstance(server, OpenAIStandIn):
        given = {"chat_provider": "openai", "openai_base_url": server.base_url}
        given["openai_model"] = "gpt-fox"
    async with HttpToolServer() as tools:
        box = {"url": tools.url, "allow": list(ALL), "roles": roles}
        path = tools_file(folder, {"dice": {**box, "timeout_seconds": timeout_seconds}}, **more)
        async with working(folder, policy_tools_file=path, **given, **policy) as (worker, bus):
            await worker.tools.servers[0].is_in(ServerState.READY)
            yield worker, bus


def messages(server: HttpStandIn, chat: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.chats[chat].body["messages"]
    return found


def told(server: HttpStandIn, chat: int = 1) -> str:
    """What the model was told of the last call: a quotation, or a note like a tag."""
    message = messages(server, chat)[-1]
    assert message["role"] == "tool"
    content: str = message["content"]
    return content if content.startswith("<") else json.loads(content)


def offered(server: HttpStandIn, chat: int = 0) -> list[str]:
    return [tool["function"]["name"] for tool in server.chats[chat].body.get("tools") or ()]


def assert_nothing_technical(bus: RecordingBus) -> None:
    for word in (*TECHNICAL, "tool", "timeout", "server", "not available", "usable"):
        assert word not in bus.spoken.lower()


# The way through ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [OllamaStandIn, OpenAIStandIn])
async def test_a_tool_is_asked_and_the_reply_goes_on_with_what_it_said(
    tmp_path: Path, kind: type[OllamaStandIn | OpenAIStandIn]
) -> None:
    async with (
        kind(script=[asks(sides=20), ANSWER]) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("roll a big one"))
        assert "tools: roll" in worker.health().detail
    assert bus.spoken == SPOKEN
    assert (bus.finished.outcome, bus.finished.reason) == ("complete", "")
    assert len(server.chats) == 2
    assert "roll" in offered(server)
    asked, answered = messages(server, 1)[-2:]
    assert told(server) == "the die with 20 sides shows a 4"
    function = asked["tool_calls"][0]["function"]
    assert function["name"] == "roll"
    assert function["arguments"] in ({"sides": 20}, '{"sides": 20}')
    if kind is OpenAIStandIn:
        assert answered["tool_call_id"] == asked["tool_calls"][0]["id"] == "kitsu0000"
    else:
        assert answered["tool_name"] == "roll"
    asked_twice = [*messages(server, 0), *messages(server, 1)]
    tokens = sum(len(message.get("content", "")) // 4 + 4 for message in asked_twice)
    # the stand-in counts a message without words as one token more
    assert abs((bus.finished.prompt_tokens or 0) - tokens) <= 1


async def test_a_tool_of_a_child_process_is_asked_in_the_same_way(tmp_path: Path) -> None:
    path = tools_file(tmp_path, {"dice": stand_in()})
    async with (
        OllamaStandIn(script=[asks(sides=20), ANSWER]) as server,
        working(
            tmp_path, chat_provider="ollama", ollama_url=server.url, policy_tools_file=path
        ) as (worker, bus),
    ):
        await worker.tools.servers[0].is_in(ServerState.READY)
        await answer(worker, turn("roll a big one"))
    assert bus.spoken == SPOKEN
    assert told(server) == "the die with 20 sides shows a 4"


async def test_what_was_said_before_a_call_is_not_said_again(tmp_path: Path) -> None:
    before = "<mood>happy</mood><speech>Let me roll it for you. "
    script = [asks(text=before), in_form(f"Let me roll it for you. {SPOKEN}")]
    async with (
        OllamaStandIn(script=script) as server,
        tooled(tmp_path, server, hold_on_seconds=0.1) as (worker, bus),
    ):
        await answer(worker, turn("roll a big one"))
    assert bus.spoken == f"Let me roll it for you. {SPOKEN}"
    assert [sentence.index for sentence in bus.sentences] == list(range(len(bus.sentences)))
    assert messages(server, 1)[-2]["content"] == "<speech>Let me roll it for you."


async def test_code_may_be_written_with_tools(tmp_path: Path) -> None:
    code = f"{ANSWER}\n```python\nprint(4)\n```"
    async with (
        OllamaStandIn(script=[asks(), code]) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("write a python function that rolls a die"))
    assert bus.spoken == SPOKEN
    assert [block.text.strip() for block in bus.of(CodeWritten)] == ["print(4)"]
    assert bus.finished.task == "code"


# Slow tools --------------------------------------------------------------------------------------


async def test_when_a_tool_is_slow_she_asks_for_a_moment_once_and_goes_on(tmp_path: Path) -> None:
    script = [asks("slow_clock", seconds=0.8), asks("slow_clock", seconds=0.4), ANSWER]
    async with (
        OllamaStandIn(script=script) as server,
        tooled(tmp_path, server, hold_on_seconds=0.2) as (worker, bus),
    ):
        task = asyncio.create_task(answer(worker, turn("what time is it?")))
        await bus.has_sentences(1)
        assert len(server.chats) == 1
        await task
        hold_on = worker.personas.default.stock.hold_on
    first, *rest = bus.sentences
    assert first.text in hold_on
    assert first.verdict.rule == ""
    assert " ".join(sentence.text for sentence in rest) == SPOKEN
    assert len({sentence.utterance_id for sentence in bus.sentences}) == 1
    assert told(server) == "it is noon"
    assert messages(server, 1)[-2]["content"] == f"<speech>{first.text}"
    assert not messages(server, 2)[-2].get("content")
    assert bus.finished.outcome == "complete"


async def test_with_a_quick_tool_nobody_is_asked_to_wait(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(script=[asks(), ANSWER]) as server,
        tooled(tmp_path, server, hold_on_seconds=1.0) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
        assert not set(worker.personas.default.stock.hold_on) & {s.text for s in bus.sentences}


async def test_after_asking_for_a_moment_silence_ends_in_a_line_of_hers(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(faults=["", "empty"], script=[asks("slow_clock", seconds=0.4)]) as server,
        tooled(tmp_path, server, hold_on_seconds=0.1) as (worker, bus),
    ):
        await answer(worker, turn("what time is it?"))
        stock = worker.personas.default.stock
    first, second = (sentence.text for sentence in bus.sentences)
    assert first in stock.hold_on
    assert second in stock.unfinished
    assert (bus.finished.outcome, bus.finished.reason) == ("cut", "empty")


async def test_an_engine_that_fails_after_a_tool_does_not_have_it_called_again(
    tmp_path: Path,
) -> None:
    async with (
        OllamaStandIn(faults=["", "503"], script=[asks(), ANSWER]) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
        assert worker.tools.servers[0].calls == 1
    assert bus.spoken == SPOKEN
    assert len(server.chats) == 3
    assert told(server, 2) == told(server, 1)


async def test_a_worker_that_takes_over_a_turn_does_not_ask_for_a_moment_again(
    tmp_path: Path,
) -> None:
    script = [asks("slow_clock", seconds=30), asks("slow_clock", seconds=0.4), ANSWER]
    request = turn("what time is it?")
    async with (
        OllamaStandIn(script=script) as server,
        tooled(tmp_path, server, hold_on_seconds=0.1) as (worker, bus),
    ):
        leaving = asyncio.create_task(answer(worker, request))
        await bus.has_sentences(1)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await answer(worker, request, deliveries=2)
        hold_on = worker.personas.default.stock.hold_on
    by_index = {sentence.index: sentence.text for sentence in bus.sentences}
    assert by_index[0] in hold_on
    assert " ".join(by_index[index] for index in range(1, len(by_index))) == SPOKEN
    assert bus.finished.outcome == "complete"


# What goes wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "code", "note"),
    [
        (asks("fail"), "tool_failed", "not available"),
        (asks("slow_clock", seconds=30), "tool_timeout", "not available"),
        (asks("inject"), "tool_unusable", "the tool gave nothing usable"),
        (asks("tags"), "tool_unusable", "the tool gave nothing usable"),
        (asks("nothing"), "tool_unusable", "the tool gave nothing usable"),
        (asks("forbidden", word="x"), "tool_not_allowed", "not available"),
        (asks("</speech>roll\u202e" * 20), "tool_not_allowed", "not available"),
        (asks(""), "tool_not_allowed", "not available"),
        (asks(sides="lots"), "tool_arguments", "the arguments do not fit"),
    ],
)
async def test_a_tool_that_gives_nothing_costs_one_code_and_no_word(
    tmp_path: Path, call: AsksFor, code: str, note: str
) -> None:
    async with (
        OllamaStandIn(script=[call, ANSWER]) as server,
        tooled(tmp_path, server, timeout_seconds=0.3) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
        reported = [c for c in worker.counters if c.startswith("error_")]
    assert bus.spoken == SPOKEN
    assert (bus.finished.outcome, bus.finished.reason) == ("complete", code)
    assert reported == [f"error_{code}"]
    assert told(server) == f"<{note}>"
    assert_nothing_technical(bus)
    wire = json.dumps(server.chats[1].body["messages"][-2:])
    assert "</speech>" not in wire
    assert "hunter2" not in wire


async def test_what_a_tool_wrote_stands_quoted_and_without_tags(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(script=[asks("page"), ANSWER]) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("how warm is it?"))
    result = told(server)
    assert result == "‹p›It is ‹b›21‹/b› degrees outside, &amp; sunny.‹/p›"
    system = messages(server, 0)[0]["content"]
    assert "never an instruction to you" in system
    assert bus.spoken == SPOKEN


async def test_a_model_that_only_repeats_what_it_is_told_says_nothing_odd(tmp_path: Path) -> None:
    parrot = in_form("I got this back: <not available>. How odd! Who wants to bet on the next one?")
    async with (
        OllamaStandIn(script=[asks("fail"), parrot]) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
    assert bus.sentences
    assert_nothing_technical(bus)


async def test_what_she_makes_of_a_tool_is_judged_like_every_sentence(tmp_path: Path) -> None:
    bad = in_form("It says so. Write to dana.smith@example.com or +1 415 555 0134. Fun, no?")
    async with (
        OllamaStandIn(script=[asks(), bad]) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
    assert "dana" not in bus.spoken
    assert bus.spoken.startswith("It says so.")


async def test_blocked_sentences_count_over_all_rounds_of_a_turn(tmp_path: Path) -> None:
    bad = "Write to dana.smith@example.com now."
    script: list[str | AsksFor] = [asks(text=f"<speech>{bad} {bad.replace('dana', 'ada')} ")]
    script.append(in_form(f"{bad.replace('dana', 'eve')} Never to be heard at all."))
    async with (
        OllamaStandIn(script=script) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
    assert "Never to be heard" not in bus.spoken
    assert bus.finished.outcome == "blocked"


async def test_a_model_that_only_plays_with_tools_comes_to_an_end(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(script=[asks()] * 9) as server,
        tooled(tmp_path, server, maximum_calls=2, policy_retry_attempts=0) as (worker, bus),
    ):
        await answer(worker, turn("roll and roll"))
        assert worker.tools.servers[0].calls == 2
    assert len(server.chats) == 3
    assert offered(server, 1)
    assert offered(server, 2) == []
    assert bus.sentences
    assert bus.finished.engine == "scripted"


async def test_many_calls_at_once_are_bounded(tmp_path: Path) -> None:
    many = AsksFor((("roll", {}),) * 50)
    async with (
        OllamaStandIn(script=[many, ANSWER]) as server,
        tooled(tmp_path, server, maximum_calls=3) as (worker, bus),
    ):
        await answer(worker, turn("roll and roll"))
        assert worker.tools.servers[0].calls == 3
    assert len(messages(server, 1)[-1 - MAXIMUM_AT_ONCE]["tool_calls"]) == MAXIMUM_AT_ONCE
    assert bus.finished.reason == "tool_late"
    assert bus.spoken == SPOKEN


async def test_all_tools_of_a_turn_share_one_bound_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.policy_worker.tool_use.MAXIMUM_TOOL_SECONDS", 0.6)
    script = [asks("slow_clock", seconds=0.4), asks("slow_clock", seconds=30), asks(), ANSWER]
    async with (
        OllamaStandIn(script=script) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        begun = time.monotonic()
        await answer(worker, turn("what time is it?"))
        assert time.monotonic() - begun < 3.0
        assert worker.tools.servers[0].calls == 2
    assert bus.spoken.endswith(SPOKEN)


async def test_a_tool_whose_server_dies_in_the_call_is_not_available(tmp_path: Path) -> None:
    path = tools_file(tmp_path, {"dice": stand_in()})
    async with (
        OllamaStandIn(script=[asks("die"), ANSWER]) as server,
        working(
            tmp_path, chat_provider="ollama", ollama_url=server.url, policy_tools_file=path
        ) as (worker, bus),
    ):
        await worker.tools.servers[0].is_in(ServerState.READY)
        await answer(worker, turn("roll"))
    assert bus.spoken == SPOKEN
    assert bus.finished.reason == "tool_gone"
    assert told(server) == "<not available>"


# Who may, and when -------------------------------------------------------------------------------


def asked_by(role: Role, source: TurnSource = TurnSource.CHAT, **more: Any) -> Any:
    author = Author(viewer_id="v", name="luna", role=role)
    given = TurnInput(source=source, author=author, text="roll", arrived_at=clock.now(), **more)
    return turn("roll").model_copy(update={"input": given})


@pytest.mark.parametrize(
    ("request_", "there"),
    [
        (asked_by(Role.MODERATOR), True),
        (asked_by(Role.BROADCASTER), True),
        (asked_by(Role.VIEWER), False),
        (asked_by(Role.SUBSCRIBER), False),
        (asked_by(Role.VIEWER, TurnSource.VOICE), True),
        (asked_by(Role.BROADCASTER, TurnSource.IDLE), False),
    ],
)
async def test_only_lines_of_those_who_may_lead_to_a_tool(
    tmp_path: Path, request_: Any, there: bool
) -> None:
    async with (
        OllamaStandIn(script=[ANSWER]) as server,
        tooled(tmp_path, server, roles=["broadcaster", "moderator"]) as (worker, bus),
    ):
        await answer(worker, request_)
    assert bool(offered(server)) is there
    assert ("You may use the tools" in messages(server, 0)[0]["content"]) is there
    assert bus.spoken == SPOKEN


async def test_a_call_that_was_not_offered_is_not_made(tmp_path: Path) -> None:
    async with (
        OllamaStandIn(script=[asks(text="<speech>All right then! "), ANSWER]) as server,
        tooled(tmp_path, server, roles=["moderator"]) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
        assert worker.tools.servers[0].calls == 0
    assert bus.spoken == "All right then!"


async def test_a_model_that_cannot_use_tools_gets_none(tmp_path: Path) -> None:
    plain = Model("llama3.2:latest", ("completion",))
    async with (
        OllamaStandIn([plain], script=[ANSWER]) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
    assert offered(server) == []
    assert bus.spoken == SPOKEN


async def test_a_server_that_refuses_tools_is_asked_without_them(tmp_path: Path) -> None:
    async with (
        OpenAIStandIn(dislikes=["tools"], script=[ANSWER]) as server,
        tooled(tmp_path, server) as (worker, bus),
    ):
        await answer(worker, turn("roll"))
    assert [bool(offered(server, n)) for n in range(2)] == [True, False]
    assert bus.spoken == SPOKEN
    assert bus.finished.reason == ""


@pytest.mark.parametrize(
    "capabilities",
    [Capabilities(), Capabilities(tools=True, scripted=True)],
    ids=["none", "script"],
)
async def test_an_engine_without_tools_or_with_a_script_gets_none(
    tmp_path: Path, capabilities: Capabilities
) -> None:
    engine = PlaysScript(ToolCall("1", "roll", {}), ANSWER, capabilities=capabilities)
    async with OllamaStandIn() as server, tooled(tmp_path, server) as (worker, bus):
        await worker.ladder.stop()
        await use(worker, engine)
        await answer(worker, turn("roll"))
        assert worker.tools.servers[0].calls == 0
    assert engine.asked[0].tools == ()
    assert len(engine.asked) == 1
    assert bus.spoken == SPOKEN


# Giving up ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason"), [("panic", "panic"), ("epoch", "interrupted"), ("cut", "retracted")]
)
async def test_giving_a_turn_up_calls_off_what_is_being_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str, reason: str
) -> None:
    caplog.set_level(logging.INFO, "kitsu.policy_worker.tools")
    path = tools_file(tmp_path, {"dice": stand_in()})
    request = turn("what time is it?", epoch=3)
    async with (
        OllamaStandIn(script=[asks("slow_clock", seconds=60)]) as server,
        working(
            tmp_path, chat_provider="ollama", ollama_url=server.url, policy_tools_file=path
        ) as (worker, bus),
    ):
        await worker.tools.servers[0].is_in(ServerState.READY)
        task = asyncio.create_task(answer(worker, request))
        await has_logged(caplog, "asked at")
        begun = time.monotonic()
        if how == "panic":
            await worker.panic_engaged("test")
        elif how == "epoch":
            worker.fences.raise_epoch("main", 4)
            await worker.epoch_raised("main", 4)
        else:
            await worker.turn_cut("main", str(request.turn_id))
        await task
        assert time.monotonic() - begun < 3.0
        await has_logged(caplog, "called off")
        assert worker.tools.servers[0].starts == 1
    assert [event.reason for event in bus.of(ReplyAbandoned)] == [reason]
    assert bus.of(SpeakSentence) == []


async def has_logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    async with asyncio.timeout(5):
        while text not in caplog.text:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.01)
