"""Handlers that return before their event is dealt with: many events, one write."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.bus.base import Delivery
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.chat import ChatMessageReceived
from libs.contracts.health import ErrorReported
from libs.contracts.people import Author
from libs.contracts.streams import CHAT
from libs.settings import ShowSettings
from libs.testing.ports import free_port
from libs.worker.runtime import running
from libs.worker.worker import Worker, handles
from tests.worker.test_runtime import until


def said(text: str) -> ChatMessageReceived:
    author = Author(viewer_id="v", name="v")
    return ChatMessageReceived(message_id=text, platform="test", author=author, text=text)


class ScriptedListener(Worker):
    """Hears everything; what was heard is dealt with when the test says so."""

    module = "orchestrator"

    def __init__(self, settings: ShowSettings, bus: MemoryBus) -> None:
        super().__init__(settings, bus)
        self.heard: list[tuple[str, int]] = []
        self.rests: dict[str, asyncio.Future[None]] = {}

    @handles(ChatMessageReceived)
    async def hear(
        self, event: ChatMessageReceived, delivery: Delivery
    ) -> asyncio.Future[None] | None:
        self.heard.append((event.text, delivery.deliveries))
        if event.text == "at once":
            return None
        return self.rests.setdefault(event.text, asyncio.get_running_loop().create_future())

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.heard]


class Listening:
    def __init__(self, folder: Path) -> None:
        self.server = MemoryServer()
        self.bus = MemoryBus(self.server, source="test@here#0")
        fields = {"kitsu_data_dir": folder, "orch_port": free_port()}
        self.settings = ShowSettings(_env_file=None, **fields)
        self.worker = self.fresh()

    def fresh(self) -> ScriptedListener:
        bus = MemoryBus(self.server, source="orchestrator@here#0")
        return ScriptedListener(self.settings, bus)

    async def pending(self) -> int:
        return (await self.bus.depth(CHAT, "main", "orchestrator")).pending


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[Listening]:
    found = Listening(tmp_path)
    await found.bus.open()
    yield found
    await found.bus.close()


async def test_the_next_event_is_handled_while_the_last_one_waits(listening: Listening) -> None:
    worker = listening.worker
    async with running(worker, worker.bus):
        for text in ("one", "two", "at once"):
            await listening.bus.publish(said(text))
        await until(lambda: worker.texts == ["one", "two", "at once"])
        await asyncio.sleep(0.05)
        assert await listening.pending() == 2
        for rest in worker.rests.values():
            rest.set_result(None)
        while await listening.pending():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_was_not_dealt_with_is_handed_out_again_after_a_kill(
    listening: Listening,
) -> None:
    worker = listening.worker
    async with running(worker, worker.bus):
        for text in ("one", "two"):
            await listening.bus.publish(said(text))
        await until(lambda: worker.texts == ["one", "two"])
        worker.rests["one"].set_result(None)
        await asyncio.sleep(0.05)
        worker.rests["two"].cancel()  # as if it had died with it
    fresh = listening.fresh()
    async with running(fresh, fresh.bus):
        await until(lambda: fresh.texts == ["two"])
        assert fresh.heard == [("two", 2)]
        fresh.rests["two"].set_result(None)


async def test_a_rest_that_fails_is_reported_and_its_event_handed_out_again(
    listening: Listening,
) -> None:
    worker = listening.worker
    async with running(worker, worker.bus):
        await listening.bus.publish(said("one"))
        await until(lambda: worker.texts == ["one"])
        worker.rests.pop("one").set_exception(OSError("no disk"))
        await until(lambda: worker.heard == [("one", 1), ("one", 2)])
        worker.rests["one"].set_result(None)
        reports = await listening.bus.recent(ErrorReported.topic, "main")
        assert any(isinstance(found.event, ErrorReported) for found in reports)
