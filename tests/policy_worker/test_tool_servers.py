"""Tools of real MCP servers: a child process, and streamable HTTP on loopback."""

import asyncio
import logging
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps.policy_worker.tools import box as box_module
from apps.policy_worker.tools import server as server_module
from apps.policy_worker.tools.box import ToolBox
from apps.policy_worker.tools.catalogue import OfferedTool
from apps.policy_worker.tools.errors import (
    ToolArgumentsRefused,
    ToolError,
    ToolFailed,
    ToolGone,
    ToolNotAllowed,
    ToolTimedOut,
    ToolUnusable,
)
from apps.policy_worker.tools.results import MAXIMUM_RESULT_CHARACTERS
from apps.policy_worker.tools.server import ServerState
from libs.contracts.people import Role
from libs.testing.stand_ins.http_wire import Connection, Request
from libs.testing.stand_ins.listener import HttpStandIn
from libs.testing.stand_ins.tool_server import SECRET_VARIABLE, HttpToolServer
from libs.worker.access import Access, Scope
from tests.policy_worker.test_respond import served
from tests.policy_worker.tool_boxes import ALL, GATE, box_of, opened, stand_in, tools_file

EVERYBODY = ["broadcaster", "viewer"]


async def call(box: ToolBox, name: str, seconds: float = 4.0, /, **arguments: Any) -> str:
    return await box.call(name, arguments, Role.VIEWER, GATE, seconds)


def children() -> list[psutil.Process]:
    """The tool servers that live below this process."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "tool_server" in " ".join(child.cmdline())]


@pytest.fixture(autouse=True)
def _nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(server_module, "FIRST_PAUSE_SECONDS", 0.05)
    yield
    assert children() == []


# What is offered ---------------------------------------------------------------------------------


async def test_only_allowed_tools_are_offered_and_odd_or_poisoned_ones_are_told_apart() -> None:
    allow = ("roll", "words.look-up/now", "poisoned", "not_there")
    async with opened(box_of({"dice": stand_in(allow=allow)})) as box:
        offered = box.offered_to(Role.VIEWER)
        [server] = box.servers
        assert [tool.name for tool in offered] == ["roll", "words_look-up_now"]
        assert offered[0].description == "Rolls a die with so many sides."
        assert offered[0].parameters["properties"]["sides"]["type"] == "integer"
        assert server.catalogue.refused == {"poisoned": "description_blocked"}
        assert server.catalogue.missing == ("not_there",)
        assert server.catalogue.others > 5
        assert "poisoned, not_there" in server.complaint
        assert box.summary == "tools: roll, words_look-up_now"
        assert "bushy tail" in await call(box, "words_look-up_now", word="squirrel")


async def test_what_is_not_on_the_list_or_not_for_this_role_is_never_called() -> None:
    servers = {"dice": stand_in(allow=("roll",), roles=["moderator"])}
    async with opened(box_of(servers)) as box:
        for name, role in (
            ("forbidden", Role.MODERATOR),
            ("roll", Role.VIEWER),
            ("roll", Role.OPERATOR),
            ("../roll", Role.MODERATOR),
            ("", Role.MODERATOR),
        ):
            with pytest.raises(ToolNotAllowed):
                await box.call(name, {}, role, GATE, 1.0)
        assert box.offered_to(Role.VIEWER) == ()
        assert "shows a 4" in await box.call("roll", {}, Role.MODERATOR, GATE, 4.0)
        assert box.servers[0].calls == 1


async def test_arguments_that_do_not_fit_never_reach_the_server() -> None:
    wrong: list[dict[str, Any]] = [
        {"sides": "many"},
        {"sides": None},
        {"sides": [6]},
        {"sides": float("nan")},
        {"sides": 6, "more": "x" * 5_000},
        {"sides": {"a": {"b": object()}}},
    ]
    async with opened(box_of({"dice": stand_in()})) as box:
        for arguments in wrong:
            with pytest.raises(ToolArgumentsRefused):
                await call(box, "roll", 4.0, **arguments)
            assert box.servers[0].last_error == "tool_arguments"


def test_a_hostile_schema_neither_hangs_nor_reaches_out() -> None:
    from apps.policy_worker.engines.base import Tool

    slow = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    OfferedTool(Tool("t", "", slow), "t").check({"a": "a" * 40 + "!"})
    for schema in (
        {"$ref": "http://127.0.0.1:9/schema"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#"},
        {"type": 7},
    ):
        with pytest.raises(ToolArgumentsRefused):
            OfferedTool(Tool("t", "", schema), "t").check({"a": 1})


# What comes back ---------------------------------------------------------------------------------


async def test_results_are_bounded_clean_and_judged() -> None:
    async with opened(box_of({"dice": stand_in(timeout_seconds=6)})) as box:
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                begun = time.monotonic()
                await asyncio.sleep(0.01)
                longest = max(longest, time.monotonic() - begun)

        watching = asyncio.create_task(watch())
        with suppress(ToolTimedOut):  # on a busy machine
            assert len(await call(box, "huge", 20.0)) <= MAXIMUM_RESULT_CHARACTERS
        watching.cancel()
        assert longest < 2.0
        assert await call(box, "page") == "<p>It is <b>21</b> degrees outside, &amp; sunny.</p>"
        for name, error in (
            ("inject", ToolUnusable),
            ("tags", ToolUnusable),
            ("nothing", ToolUnusable),
            ("fail", ToolFailed),
        ):
            with pytest.raises(error) as caught:
                await call(box, name)
            assert "hunter2" not in str(caught.value)


async def test_a_program_sees_only_the_variables_it_is_given_and_they_do_not_come_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, "fox-den-under-the-bridge")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")
    monkeypatch.setenv("SOMETHING_ELSE", "private")
    box = box_of({"dice": stand_in(environment=[SECRET_VARIABLE])})
    async with opened(box):
        told = await call(box, "environment")
    assert SECRET_VARIABLE in told
    assert "PATH" in told
    assert "OPENAI_API_KEY" not in told
    assert "SOMETHING_ELSE" not in told
    assert "fox-den" not in told
    assert "the value is (hidden)" in told
    assert "fox-den" not in caplog.text


async def test_a_secret_of_the_settings_does_not_come_back() -> None:
    async with opened(box_of({"dice": stand_in(allow=("words.look-up/now",))}, "squirrel")) as box:
        for word in ("squirrel", "squir\u200brel", "x" * 1_495 + " squirrel"):
            told = await call(box, "words_look-up_now", word=word)
            assert "squir" not in told
            assert len(told) <= MAXIMUM_RESULT_CHARACTERS


async def test_a_variable_that_is_not_set_is_told_with_the_step_that_mends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    box = box_of({"dice": stand_in(environment=[SECRET_VARIABLE])})
    async with opened(box, ready=False):
        await box.servers[0].is_in(ServerState.AWAY)
        assert box.complaints == [
            f"tool server dice needs {SECRET_VARIABLE}: set it before Kitsu starts"
        ]


# Servers that go wrong ---------------------------------------------------------------------------


async def test_a_server_that_dies_in_a_call_is_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "kitsu.policy_worker.tools")
    async with opened(box_of({"dice": stand_in()})) as box:
        [server] = box.servers
        with pytest.raises(ToolGone):
            await call(box, "die")
        await server.is_in(ServerState.AWAY)
        assert box.offered_to(Role.VIEWER) == ()
        with pytest.raises(ToolNotAllowed):
            await call(box, "roll")
        await server.is_in(ServerState.READY)
        assert "shows a 4" in await call(box, "roll")
        assert server.starts == 2
        assert server.complaint == ""
    assert "dying with token=(hidden)" in caplog.text
    assert "abcdefghij" not in caplog.text


async def test_a_server_that_is_killed_while_nobody_calls_is_noticed_and_started_again() -> None:
    async with opened(box_of({"dice": stand_in()})) as box:
        [server] = box.servers
        for child in children():
            child.kill()
        await server.is_in(ServerState.AWAY)
        await server.is_in(ServerState.READY)
        assert "shows a 4" in await call(box, "roll")


async def test_a_slow_call_ends_in_time_and_the_server_is_told() -> None:
    async with opened(box_of({"dice": stand_in(timeout_seconds=0.3)})) as box:
        begun = time.monotonic()
        with pytest.raises(ToolTimedOut):
            await call(box, "slow_clock", 4.0, seconds=30)
        assert time.monotonic() - begun < 5.0
        assert "shows a 4" in await call(box, "roll")
        assert box.servers[0].starts == 1


async def test_a_server_that_hangs_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "LIVENESS_SECONDS", 0.3)
    async with opened(box_of({"dice": stand_in(timeout_seconds=0.3)})) as box:
        [server] = box.servers
        with pytest.raises(ToolTimedOut):
            await call(box, "hang")
        await server.is_in(ServerState.AWAY)
        await server.is_in(ServerState.READY)
        assert "shows a 4" in await call(box, "roll")


@pytest.mark.parametrize(
    ("command", "code"),
    [("no-such-program-anywhere", "tool_command_missing"), (sys.executable, "tool_no_connection")],
)
async def test_a_program_that_is_none_is_told_and_the_others_work(command: str, code: str) -> None:
    wrong = {**stand_in(), "command": command, "arguments": ["-c", "print('hello')"]}
    box = box_of({"wrong": wrong, "dice": stand_in(allow=("roll",))}, maximum_calls=2)
    async with opened(box, ready=False):
        bad, good = box.servers
        await bad.is_in(ServerState.AWAY)
        await good.is_in(ServerState.READY)
        assert bad.last_error == code
        assert box.complaints[0].startswith("tool server wrong")
        assert [tool.name for tool in box.offered_to(Role.VIEWER)] == ["dice__roll"]
        assert "shows a 4" in await call(box, "dice__roll")


async def test_a_server_that_never_answers_is_given_up_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_module, "START_SECONDS", 0.5)
    box = box_of({"dice": stand_in("--silent")})
    async with opened(box, ready=False):
        [server] = box.servers
        await server.is_in(ServerState.AWAY)
        assert server.last_error == "tool_no_answer"
        assert "does not answer" in server.complaint


async def test_pauses_grow_to_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def no_pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            raise asyncio.CancelledError

    monkeypatch.setattr(server_module, "FIRST_PAUSE_SECONDS", 1.0)
    [server] = box_of({"dice": {"command": "no-such-program", "allow": ["a"]}}).servers
    monkeypatch.setattr(server_module.asyncio, "sleep", no_pause)
    with pytest.raises(asyncio.CancelledError):
        await server._keep()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


# No orphans --------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--stubborn", "--silent", ""])
async def test_a_program_is_gone_when_the_box_is_closed(option: str) -> None:
    box = box_of({"dice": stand_in(*filter(None, [option]))})
    async with opened(box, ready=option != "--silent"):
        while not children():  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.01)
    assert children() == []
    assert box.servers[0].state is ServerState.STOPPED


async def test_a_program_is_gone_when_the_box_is_closed_while_it_starts_or_is_called() -> None:
    box = box_of({"dice": stand_in()})
    async with opened(box, ready=False):
        pass
    assert children() == []
    box = box_of({"dice": stand_in()})
    async with opened(box):
        calling = asyncio.create_task(call(box, "slow_clock", 5.0, seconds=30))
        await asyncio.sleep(0.1)
    with pytest.raises(ToolError):
        await calling


async def test_a_program_goes_when_the_worker_is_killed() -> None:
    code = (
        "import asyncio\n"
        "from tests.policy_worker.tool_boxes import box_of, opened, stand_in\n"
        "async def main():\n"
        "    async with opened(box_of({'dice': stand_in()})):\n"
        "        print('ready', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", code]
    worker = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.PIPE)
    try:
        assert worker.stdout is not None
        ready = await asyncio.to_thread(worker.stdout.readline)
        assert ready.strip() == b"ready"
        found = children()
        assert [c for c in found if "-m" in c.cmdline()]
    finally:
        worker.kill()
        worker.communicate()
    _, alive = psutil.wait_procs(found, timeout=5)
    assert alive == []


# Over HTTP ---------------------------------------------------------------------------------------


async def test_tools_work_over_http_with_a_token_and_come_back_with_their_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DICE_TOKEN", "the-token-of-dice")
    async with HttpToolServer() as server:
        port = server.port
        given = {"url": server.url, "bearer_from": "DICE_TOKEN", "allow": list(ALL)}
        box = box_of({"dice": {**given, "roles": EVERYBODY, "timeout_seconds": 1.0}})
        box.start()
        [tools] = box.servers
        await tools.is_in(ServerState.READY)
        assert "shows a 4" in await call(box, "roll", sides=20)
        assert server.headers[-1]["authorization"] == "Bearer the-token-of-dice"
        with pytest.raises(ToolTimedOut):
            await call(box, "slow_clock", 0.2, seconds=5)
        with suppress(ToolError):  # an event of ten megabytes is more than the package takes
            assert len(await call(box, "huge", 10.0)) <= MAXIMUM_RESULT_CHARACTERS
    try:
        with pytest.raises(ToolError):
            await call(box, "roll")
        await tools.is_in(ServerState.AWAY)
        assert "cannot be reached" in box.complaints[0] or "has gone" in box.complaints[0]
        async with HttpToolServer(port):
            await tools.is_in(ServerState.READY)
            assert "shows a 4" in await call(box, "roll")
            await box.stop()
    finally:
        await box.stop()


class NoToolServer(HttpStandIn):
    """Answers everything, with nothing that is MCP."""

    def __init__(self, status: int, body: bytes, kind: str, location: str = "") -> None:
        super().__init__()
        self.answer = (status, body, kind, {"Location": location} if location else {})
        self.paths: list[str] = []

    async def route(self, connection: Connection, request: Request) -> None:
        self.paths.append(request.path)
        await connection.answer(*self.answer)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>Log in</html>", "text/html"),
        (200, b"{oops", "application/json"),
        (200, b"[]", "application/json"),
        (200, b"x" * 20_000_000, "application/json"),
        (200, b"data: {oops\n\n", "text/event-stream"),
        (401, b"no", "text/plain"),
        (500, b"no", "text/plain"),
    ],
)
async def test_an_address_that_is_no_tool_server_is_told(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, kind: str
) -> None:
    monkeypatch.setattr(server_module, "START_SECONDS", 2.0)
    async with NoToolServer(status, body, kind) as other:
        box = box_of({"dice": {"url": f"{other.url}/mcp", "allow": ["roll"]}})
        async with opened(box, ready=False):
            await box.servers[0].is_in(ServerState.AWAY)
            assert box.complaints[0].startswith("tool server dice at 127.0.0.1")
            assert box.servers[0].last_error in (
                "tool_no_connection",
                "tool_no_answer",
                "tool_gone",
            )


async def test_a_token_is_not_carried_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DICE_TOKEN", "the-token-of-dice")
    async with (
        NoToolServer(200, b"{}", "application/json") as thief,
        NoToolServer(302, b"", "text/plain", f"{thief.url}/mcp") as other,
    ):
        given = {"url": f"{other.url}/mcp", "bearer_from": "DICE_TOKEN", "allow": ["roll"]}
        async with opened(box_of({"dice": given}), ready=False) as box:
            await box.servers[0].is_in(ServerState.AWAY)
    assert other.paths
    assert thief.paths == []


# What people see ---------------------------------------------------------------------------------


async def test_without_the_package_that_is_told_and_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(box_module, "package_is_there", lambda: False)
    async with opened(box_of({"dice": stand_in()}), ready=False) as box:
        assert box.complaints == [
            "tools need a package that is not there: run "
            '`python -m pip install "kitsu-vtuber[tools]"` with the Python in .venv'
        ]
        assert box.offered_to(Role.VIEWER) == ()
        assert children() == []


def test_a_worker_without_tools_does_not_load_the_package(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from tests.policy_worker.turns import answer, turn, working\n"
        "async def main():\n"
        f"    async with working(pathlib.Path({str(tmp_path)!r})) as (worker, bus):\n"
        "        await answer(worker, turn('hello'))\n"
        "asyncio.run(main())\n"
        "print('mcp' in sys.modules or 'jsonschema' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


async def test_the_operator_sees_servers_and_tools_and_nobody_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, "fox-den-under-the-bridge")
    servers = {"dice": stand_in(allow=("roll", "fail", "poisoned"), environment=[SECRET_VARIABLE])}
    path = tools_file(tmp_path, servers)
    async with served(tmp_path, policy_tools_file=path) as (client, worker, _bus):
        [server] = worker.tools.servers
        await server.is_in(ServerState.READY)
        with pytest.raises(ToolFailed):
            await call(worker.tools, "fail")
        answer = await client.get("/tools")
        detail = worker.health().detail
        for token in ("none", Access(tmp_path).token(Scope.OVERLAY)):
            refused = await client.get("/tools", headers={"Authorization": f"Bearer {token}"})
            assert refused.status_code in (401, 403)
    told = answer.json()["servers"][0]
    assert (told["name"], told["transport"], told["state"]) == ("dice", "stdio", "ready")
    assert [tool["name"] for tool in told["tools"]] == ["roll", "fail"]
    assert told["refused"] == [{"tool": "poisoned", "reason": "description_blocked"}]
    assert (told["calls"], told["failures"], told["last_error"]) == (1, 1, "tool_failed")
    assert "fox-den" not in answer.text
    assert sys.executable not in answer.text
    assert "tools: roll, fail" in detail
    assert "has no usable poisoned" in detail
