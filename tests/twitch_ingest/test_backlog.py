"""What waits for the bus, and what is dropped when it is away for long."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from apps.twitch_ingest.backlog import AT_A_TIME, Backlog
from libs.bus.base import BusUnavailable
from libs.contracts.chat import ChatMessageDeleted, ChatMessageReceived
from libs.contracts.envelope import Event
from tests.twitch_ingest.conftest import until
from tests.twitch_ingest.scripted_platform import author


class Away:
    """A bus that may be away, slow or failing."""

    def __init__(self) -> None:
        self.connected = True
        self.took: list[Event] = []
        self.at_once = 0
        self.highest = 0
        self.fails = False

    async def publish(self, event: Event) -> None:
        self.took.append(event)
        self.at_once += 1
        self.highest = max(self.highest, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        if self.fails:
            raise BusUnavailable("away")


def line(number: int) -> ChatMessageReceived:
    return ChatMessageReceived(
        message_id=str(number), platform="twitch", author=author(), text=f"line {number}"
    )


@asynccontextmanager
async def flowing(bus: Away, counters: Counter[str], maximum: int) -> AsyncIterator[Backlog]:
    backlog = Backlog(bus.publish, lambda: bus.connected, counters, maximum)
    task = asyncio.create_task(backlog.run())
    try:
        yield backlog
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_many_are_on_their_way_at_once_and_in_order() -> None:
    bus = Away()
    async with flowing(bus, Counter(), 5_000) as backlog:
        for number in range(500):
            backlog.add(line(number))
        await until(lambda: len(bus.took) == 500)
    assert [event.message_id for event in bus.took] == [str(n) for n in range(500)]  # type: ignore[attr-defined]
    assert bus.highest == AT_A_TIME


async def test_while_the_bus_is_away_the_oldest_lines_go_and_what_takes_back_stays() -> None:
    bus, counters = Away(), Counter[str]()
    bus.connected = False
    async with flowing(bus, counters, 10) as backlog:
        deletion = ChatMessageDeleted(message_id="x", platform="twitch")
        backlog.add(deletion)
        for number in range(100):
            backlog.add(line(number))
        assert len(backlog) == 10
        bus.connected = True
        await until(lambda: len(bus.took) == 10)
    assert bus.took[0] is deletion
    assert [event.message_id for event in bus.took[1:]] == [str(n) for n in range(91, 100)]  # type: ignore[attr-defined]
    assert counters["backlog_dropped"] == 91


async def test_where_there_is_no_line_the_oldest_of_all_goes() -> None:
    bus, counters = Away(), Counter[str]()
    bus.connected = False
    async with flowing(bus, counters, 5) as backlog:
        for number in range(8):
            backlog.add(ChatMessageDeleted(message_id=str(number), platform="twitch"))
        assert len(backlog) == 5
    assert counters["backlog_dropped"] == 3


async def test_who_can_wait_waits_for_room() -> None:
    bus = Away()
    bus.connected = False
    async with flowing(bus, Counter(), 10) as backlog:
        await backlog.room()
        for number in range(6):
            backlog.add(line(number))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await backlog.room()
        bus.connected = True
        async with asyncio.timeout(5):
            await backlog.room()


async def test_an_event_that_the_bus_refuses_is_counted_and_the_next_one_goes() -> None:
    bus, counters = Away(), Counter[str]()
    bus.fails = True
    async with flowing(bus, counters, 10) as backlog:
        backlog.add(line(1))
        await until(lambda: counters["not_published"] == 1)
        backlog.add(line(2))
        await until(lambda: len(bus.took) == 2)
