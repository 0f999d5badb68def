"""How soon a reader finds what others left lying, and how seldom it looks where nobody can."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from libs.bus.base import Delivery, Subscription
from libs.bus.codec import fields_of
from libs.bus.group_reader import (
    IDLE_SECONDS,
    LOOK_EVERY_SECONDS,
    LOOK_RARELY_SECONDS,
    GroupReader,
)
from libs.bus.memory_server import MemoryServer
from libs.bus.memory_store import MemoryStreamStore
from libs.bus.reading import Burial, Reading
from libs.bus.stream_store import GONE_AFTER_SECONDS, LeftOver, StreamStore
from libs.contracts.streams import CHAT
from tests.avatar_controller.virtual_loop import run
from tests.bus.sample_events import chat
from tests.bus.stand import Stand

KEY = CHAT.key("main")
GROUP = "group"
ONE, TWO = "one@host#0", "two@host#1"


class Member(MemoryStreamStore):
    """One member of the group, over a server in memory, and when it looked for what was left."""

    def __init__(self, server: MemoryServer, consumer: str) -> None:
        super().__init__(server)
        self.consumer = consumer
        self.looked_at: list[float] = []
        self.reading = Reading(_bury)

    async def left_over(
        self, keys: Sequence[str], group: str, consumer: str, idle_seconds: float, count: int
    ) -> LeftOver:
        self.looked_at.append(now())
        return await super().left_over(keys, group, consumer, idle_seconds, count)

    def looks(self, since: float, until: float) -> int:
        return sum(since < at <= until for at in self.looked_at)

    def deliveries(self) -> AsyncGenerator[Delivery, None]:
        subscription = Subscription((CHAT,), "main", GROUP, self.consumer)
        return GroupReader(self, subscription, self.reading).deliveries()

    async def take(self) -> Delivery:
        async with aclosing(self.deliveries()) as deliveries:
            return await anext(deliveries)


async def _bury(burial: Burial) -> None:
    raise AssertionError(f"buried: {burial.reason}")


def now() -> float:
    return asyncio.get_running_loop().time()


def say(server: MemoryServer, text: str) -> None:
    server.append(KEY, fields_of(chat("main", text)), 0)


def test_a_member_that_is_alone_with_nothing_in_hand_looks_seldom() -> None:
    async def live() -> None:
        member = Member(MemoryServer(), ONE)
        reading = asyncio.create_task(member.take())
        await asyncio.sleep(60.1)
        assert member.looks(0, 60) <= 60 / LOOK_RARELY_SECONDS + 1
        reading.cancel()

    run(live())


def test_members_that_see_each_other_look_often_until_one_is_gone() -> None:
    async def live() -> None:
        server = MemoryServer()
        one, two = Member(server, ONE), Member(server, TWO)
        readings = [asyncio.create_task(member.take()) for member in (one, two)]
        await asyncio.sleep(10.1)
        for member in (one, two):
            assert member.looks(LOOK_RARELY_SECONDS, 10) >= 8 / LOOK_EVERY_SECONDS - 1
        readings[1].cancel()
        gone_at = now() + GONE_AFTER_SECONDS + LOOK_EVERY_SECONDS
        await asyncio.sleep(60)
        assert one.looks(gone_at, gone_at + 40) <= 40 / LOOK_RARELY_SECONDS + 1
        readings[0].cancel()

    run(live())


@pytest.mark.parametrize("late", [0.01, 0.6, 1.01, 1.5, 1.99])
def test_what_a_newcomer_left_at_once_is_taken_over_within_two_seconds(late: float) -> None:
    async def live() -> None:
        server = MemoryServer()
        member = Member(server, ONE)
        taking = asyncio.create_task(member.take())
        await asyncio.sleep(20.05)
        await asyncio.sleep(member.looked_at[-1] + late - now())
        newcomer = MemoryStreamStore(server)
        say(server, "orphan")
        [left] = await newcomer.read_new([KEY], GROUP, TWO, 1, 0.01)
        died_at = now()
        assert left.fields is not None
        delivery = await taking
        assert delivery.deliveries == 2
        assert now() - died_at <= 2.0

    run(live())


def test_what_its_own_handler_failed_at_is_handed_out_again_soon() -> None:
    async def live() -> None:
        server = MemoryServer()
        member = Member(server, ONE)
        async with aclosing(member.deliveries()) as deliveries:
            first = asyncio.create_task(anext(deliveries))
            await asyncio.sleep(20.05)
            say(server, "try again")
            assert (await first).deliveries == 1
            failed_at = now()
            assert (await anext(deliveries)).deliveries == 2
            assert now() - failed_at <= IDLE_SECONDS + LOOK_RARELY_SECONDS

    run(live())


def test_a_member_that_is_at_work_looks_seldom_too_as_long_as_it_reads_on() -> None:
    """Lines that are handled at once leave nothing behind."""

    async def live() -> None:
        server = MemoryServer()
        member = Member(server, ONE)
        async with aclosing(member.deliveries()) as deliveries:
            for number in range(200):
                say(server, str(number))
                delivery = await anext(deliveries)
                await member.acknowledge(delivery.key, GROUP, delivery.entry_id)
                member.reading.holdings.forget((delivery.key, GROUP, delivery.entry_id))
                await asyncio.sleep(0.3)
        assert member.looks(0, 60) <= 60 / LOOK_RARELY_SECONDS + 1

    run(live())


# Both servers -----------------------------------------------------------------------------------


async def test_a_group_is_quiet_when_nobody_holds_anything_and_nobody_else_read_lately(
    stand: Stand,
) -> None:
    key = CHAT.key(stand.show)
    one, two = await stand.store(), await stand.store()
    await one.create_group(key, GROUP)
    await stand.append(key, fields_of(chat(stand.show, "hello")))

    async def quiet(store: StreamStore, consumer: str) -> bool:
        return (await store.left_over([key], GROUP, consumer, IDLE_SECONDS, 10)).quiet

    assert await quiet(one, ONE)
    [entry] = await one.read_new([key], GROUP, ONE, 1, 0.01)
    assert not await quiet(one, ONE)
    await one.acknowledge(key, GROUP, entry.entry_id)
    assert await quiet(one, ONE)
    assert not await quiet(two, TWO)
