"""Latches, notes, leases and looking at streams, on both servers."""

import asyncio

from libs.contracts.streams import CHAT, CONTROL
from tests.bus.sample_events import chat
from tests.bus.stand import Stand


async def test_a_latch_keeps_its_newest_value_for_everyone(stand: Stand) -> None:
    first, second = await stand.bus(), await stand.bus()
    assert await first.latch(stand.show, "panic") is None

    await first.set_latch(stand.show, "panic", {"engaged": True, "ordinal": 1})
    await first.set_latch(stand.show, "panic", {"engaged": False, "ordinal": 2, "why": "ü"})

    assert await second.latch(stand.show, "panic") == {"engaged": False, "ordinal": 2, "why": "ü"}
    assert await second.latch("another-show", "panic") is None


async def test_a_note_forgets_itself(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.set_note("utterance", {"sentence": 3}, ttl_seconds=0.2)
    await bus.set_note("longer", {"sentence": 4}, ttl_seconds=60)

    assert await bus.note("utterance") == {"sentence": 3}
    await asyncio.sleep(0.3)
    assert await bus.note("utterance") is None
    assert await bus.note("longer") == {"sentence": 4}


async def test_a_lease_has_one_holder_at_a_time(stand: Stand) -> None:
    bus = await stand.bus()
    assert await bus.acquire_lease(stand.show, "stage", "a", 60) is None
    assert await bus.acquire_lease(stand.show, "stage", "b", 60) == "a"
    assert await bus.acquire_lease(stand.show, "stage", "a", 60) is None

    await bus.release_lease(stand.show, "stage", "b")
    assert await bus.acquire_lease(stand.show, "stage", "b", 60) == "a"
    await bus.release_lease(stand.show, "stage", "a")
    assert await bus.acquire_lease(stand.show, "stage", "b", 60) is None


async def test_a_lease_that_is_not_renewed_ends(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.acquire_lease(stand.show, "stage", "gone", 0.2)
    await asyncio.sleep(0.3)

    assert await bus.acquire_lease(stand.show, "stage", "next", 60) is None


async def test_only_one_of_many_takes_a_free_lease(stand: Stand) -> None:
    buses = [await stand.bus() for _ in range(5)]
    answers = await asyncio.gather(
        *(bus.acquire_lease(stand.show, "stage", str(n), 60) for n, bus in enumerate(buses))
    )

    assert answers.count(None) == 1


async def test_the_depth_of_a_stream_nobody_reads_is_its_length(stand: Stand) -> None:
    bus = await stand.bus()
    for number in range(3):
        await bus.publish(chat(stand.show, str(number)))

    depth = await bus.depth(CHAT, stand.show, "nobody")
    empty = await bus.depth(CONTROL, stand.show, "nobody")

    assert (depth.topic, depth.length, depth.lag, depth.pending) == ("chat", 3, 3, 0)
    assert (empty.length, empty.lag, empty.pending) == (0, 0, 0)


async def test_the_newest_entries_can_be_looked_at_without_taking_them(stand: Stand) -> None:
    bus = await stand.bus()
    for number in range(5):
        await bus.publish(chat(stand.show, str(number)), b"raw")

    seen = await bus.recent(CHAT, stand.show, limit=3)

    assert [delivery.event.text for delivery in seen] == ["2", "3", "4"]
    assert seen[0].data == b"raw"
    assert (await bus.depth(CHAT, stand.show, "group")).pending == 0
    assert await bus.recent(CHAT, stand.show, limit=0) == []


async def test_a_bus_says_what_it_is_and_closes_twice(stand: Stand) -> None:
    bus = await stand.bus()
    assert bus.connected
    assert bus.description

    await bus.close()
    await bus.close()

    assert not bus.connected
