"""Chat and commands over a real server, also one that dies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps.twitch_ingest.worker import TwitchIngestWorker
from libs.bus.embedded import EmbeddedServer
from libs.bus.redis_streams import RedisBus
from libs.contracts.chat import ChatCommandIssued, ChatMessageReceived
from libs.contracts.modules import MODULES
from libs.contracts.people import Role
from libs.safety import Gate
from libs.testing.running_show import port_name
from libs.worker.runtime import running
from tests.bus.conftest import own_server
from tests.cli.module_port import module_port
from tests.twitch_ingest.conftest import RunningIngest, settings_in, until
from tests.twitch_ingest.scripted_platform import ScriptedPlatform, message

pytestmark = pytest.mark.redis
__all__ = ["own_server"]

Start = Callable[..., Any]


@pytest.fixture
def on_redis(own_server: EmbeddedServer, tmp_path: Path, gate: Gate) -> Start:
    @asynccontextmanager
    async def begin(**changes: Any) -> AsyncIterator[RunningIngest]:
        settings = settings_in(tmp_path, **changes)
        platform = ScriptedPlatform()
        bus = RedisBus(own_server.start(), "twitch_ingest@here#0")
        worker = TwitchIngestWorker(settings, bus, platform, gate)
        beside = RedisBus(own_server.start(), "test@here#0")
        await beside.open()
        try:
            async with running(worker, bus):
                yield RunningIngest(worker, platform, beside, settings)
        finally:
            await beside.close()

    return begin


async def test_a_flood_arrives_whole_and_in_order_and_commands_with_it(on_redis: Start) -> None:
    lines = [message(f"line {number}", f"viewer{number % 50}") for number in range(3_000)]
    orders = [message(f"!scene {number}", "Mod", Role.MODERATOR) for number in range(30)]
    async with on_redis() as show:
        for number, order in enumerate(orders):
            await show.platform.tells(*lines[number * 100 : (number + 1) * 100], order)
        await show.settled()
        found = await show.some(ChatMessageReceived, 3_000)
        issued = await show.some(ChatCommandIssued, 30)
    assert [line.text for line in found] == [line.text for line in lines]
    assert [one.arguments for one in issued] == [str(number) for number in range(30)]


async def test_with_the_server_dead_a_panic_is_heard_and_nothing_is_lost(
    on_redis: Start, own_server: EmbeddedServer
) -> None:
    with ExitStack() as stack:
        ports = {
            module.id: stack.enter_context(module_port({"POST /panic": (200, {})}))
            for module in MODULES
            if module.id == "orchestrator" or (module.output and module.id != "twitch_ingest")
        }
        numbers = {port_name(module): port.number for module, port in ports.items()}
        async with on_redis(**numbers) as show:
            await show.platform.tells(message("before"))
            await show.some(ChatMessageReceived)
            await asyncio.sleep(1.2)  # on disk a second later
            process = psutil.Process(own_server.pid)
            process.kill()
            process.wait()
            await until(lambda: not show.worker.bus.connected)

            await show.platform.tells(
                message("in between"), message("!panic", "Mod", Role.MODERATOR)
            )
            await until(lambda: show.worker.panic.engaged)
            await until(lambda: all(len(port.heard) == 1 for port in ports.values()))

            await asyncio.to_thread(own_server.start)
            (issued,) = await show.some(ChatCommandIssued)
            found = await show.some(ChatMessageReceived, 2)
            await until(lambda: show.bus.connected)
            latched = await show.bus.latch("main", "panic")
    assert [line.text for line in found] == ["before", "in between"]
    assert issued.command == "panic"
    assert latched is not None
    assert latched["engaged"] is True
