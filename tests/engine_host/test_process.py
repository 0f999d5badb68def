"""Real child processes, good ones and bad ones."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import psutil
import pytest

from libs.engine_host.process import LOGGED_LINES, EngineHost, HostDied, HostFailed

MODULE = "tests.engine_host.odd_engine"


@pytest.fixture
async def host() -> AsyncIterator[EngineHost]:
    host = await EngineHost.launch("odd", sys.executable, MODULE)
    yield host
    await host.end()


async def test_an_order_with_sound_is_answered(host: EngineHost) -> None:
    answer = await host.ask("count", {}, b"\x01\n\xff" * 100_000)
    assert (answer["bytes"], answer["sum"]) == (300_000, (1 + 10 + 255) * 100_000)


async def test_orders_wait_for_each_other(host: EngineHost) -> None:
    orders = [host.ask("count", {}, bytes([1]) * n) for n in range(20)]
    assert [answer["bytes"] for answer in await asyncio.gather(*orders)] == list(range(20))


async def test_a_refusal_has_its_code_and_moves_no_cursor(host: EngineHost) -> None:
    with pytest.raises(HostFailed, match="too hard") as refused:
        await host.ask("refuse", {})
    assert refused.value.code == "too_hard"
    assert "\x1b" not in str(refused.value)


async def test_an_error_of_the_engine_is_told_and_the_next_order_is_taken(host: EngineHost) -> None:
    with pytest.raises(HostFailed, match="ZeroDivisionError: of zero"):
        await host.ask("raise", {})
    assert (await host.ask("count", {}, b"ab"))["bytes"] == 2


async def test_a_process_that_ends_is_noticed_and_tells_why(host: EngineHost) -> None:
    waiting = asyncio.create_task(host.ask("count", {}))
    await waiting
    with pytest.raises(HostDied, match="Aborted: no such device") as died:
        await host.ask("die", {})
    assert died.value.last_told == {"trying": "the impossible"}
    assert not host.alive
    with pytest.raises(HostDied):
        await host.ask("count", {})


async def test_a_killed_process_ends_all_that_waits_for_it(host: EngineHost) -> None:
    waiting = [asyncio.create_task(host.ask("sleep", {"seconds": 60})) for _ in range(3)]
    await asyncio.sleep(0.3)
    psutil.Process(host.pid).kill()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [HostDied] * 3
    await asyncio.wait_for(host.died.wait(), 2)


async def test_a_host_that_hangs_is_ended(host: EngineHost) -> None:
    await host.ask("count", {})  # it is up
    with pytest.raises(HostDied, match="said nothing for 0 s"):
        await host.ask("sleep", {"seconds": 60}, timeout_seconds=0.4)
    await asyncio.wait_for(host.died.wait(), 3)


async def test_waiting_for_others_is_not_hanging(host: EngineHost) -> None:
    await host.ask("count", {})  # it is up
    first = asyncio.create_task(host.ask("sleep", {"seconds": 1.0}, timeout_seconds=20))
    await asyncio.sleep(0)
    second = await host.ask("sleep", {"seconds": 1.0}, timeout_seconds=1.8)
    assert second["slept"]
    assert (await first)["slept"]


async def test_an_order_that_nobody_wants_ends_and_frees_the_host(host: EngineHost) -> None:
    await host.ask("count", {})
    long = asyncio.create_task(host.ask("sleep", {"seconds": 60}))
    queued = asyncio.create_task(host.ask("sleep", {"seconds": 60}))
    await asyncio.sleep(0.2)
    for task in (queued, long):
        task.cancel()
    await asyncio.gather(long, queued, return_exceptions=True)
    answer = await host.ask("count", {}, b"abc", timeout_seconds=20)
    assert answer["bytes"] == 3


async def test_what_a_library_prints_disturbs_nothing(
    host: EngineHost, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "kitsu.odd"):
        await host.ask("chatter", {})
        assert (await host.ask("count", {}, b"abc"))["bytes"] == 3
        await host.end()
    assert 0 < len(caplog.records) <= LOGGED_LINES
    assert max(len(record.getMessage()) for record in caplog.records) <= 500


@pytest.mark.parametrize("way", ["nonsense", "shout"])
async def test_a_program_that_is_no_host_is_ended(way: str) -> None:
    host = await EngineHost.launch("odd", sys.executable, MODULE, way)
    with pytest.raises(HostDied, match="it sent"):
        await host.ask("count", {}, timeout_seconds=20)
    await host.end()


async def test_a_python_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(OSError, match="no-such-python"):
        await EngineHost.launch("odd", "/no-such-python", MODULE)


async def test_a_program_that_ends_at_once_is_dead() -> None:
    host = await EngineHost.launch("odd", sys.executable, "no_such_module_at_all")
    with pytest.raises(HostDied, match="no_such_module_at_all"):
        await host.ask("count", {})
    await host.end()


async def test_secrets_of_this_process_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("HF_TOKEN", "hf-1")
    host = await EngineHost.launch("odd", sys.executable, MODULE, EXTRA="here")
    names = (await host.ask("environment", {}))["names"]
    await host.end()
    assert "EXTRA" in names
    assert not {"ASR_OPENAI_API_KEY", "HF_TOKEN"} & set(names)


def test_a_host_does_not_outlive_its_parent() -> None:
    code = (
        "import asyncio, os, sys\n"
        "from libs.engine_host.process import EngineHost\n"
        "async def main():\n"
        f"    host = await EngineHost.launch('odd', sys.executable, '{MODULE}')\n"
        "    await host.ask('count', {})\n"
        "    print(host.pid, flush=True)\n"
        "    os._exit(9)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    pid = int(parent.stdout)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=5)
    assert not psutil.pid_exists(pid) or os.name == "nt"
