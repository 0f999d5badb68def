"""`!panic` in chat on a whole show, with the orchestrator dead and the bus stopped."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from libs.contracts.modules import MODULES
from libs.testing.running_show import RunningShow
from tests.system.test_panic_without_orchestrator import latched

pytestmark = [pytest.mark.system, pytest.mark.timeout(150)]

OUTPUTS = {module.id for module in MODULES if module.output}


@contextmanager
def without(show: RunningShow, pid: int) -> Iterator[None]:
    """The orchestrator and the server of the bus are dead, and nobody can start them again."""
    supervisor = show.processes()[0]
    servers = [p for p in show.processes() if "valkey" in p.name() or "redis" in p.name()]
    assert servers
    supervisor.suspend()
    for process in (psutil.Process(pid), *servers):
        process.kill()
    try:
        yield
    finally:
        supervisor.resume()


async def test_chat_silences_the_show_without_orchestrator_and_bus(
    silent_show: RunningShow,
) -> None:
    """The order comes from a recorded chat, which takes the way of any other."""
    show = silent_show
    log = show.folder / "chat.jsonl"
    who = {"id": "1", "viewer_id": "9", "name": "Mod", "role": "moderator"}
    log.write_text(json.dumps({"at": 0.2, "text": "!panic doxxing", **who}), "utf-8")
    pid = await show.pid("orchestrator")
    assert pid is not None
    with without(show, pid):
        await show.post("/replay", {"file": str(log)}, module="twitch_ingest")
        async with asyncio.timeout(15):
            while latched(show) < OUTPUTS:  # noqa: ASYNC110 - files of other processes
                await asyncio.sleep(0.02)
        assert "orchestrator" not in latched(show)
    await show.wait_ready()
    async with asyncio.timeout(15):  # it is back, and hears of the panic
        while not (await show.get("/status"))["panic"]["engaged"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
