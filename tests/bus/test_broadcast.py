"""Control, audio and live: what every reader sees, on both servers."""

import asyncio

import pytest

from libs.bus.base import Subscription
from libs.contracts.streams import AUDIO, CHAT, CONTROL, LIVE
from tests.bus.sample_events import part_of_speech, sound, switch, token
from tests.bus.stand import Stand, reader, take


async def test_every_reader_sees_every_control_event(stand: Stand) -> None:
    buses = [await stand.bus() for _ in range(3)]
    everything = Subscription((CONTROL,), stand.show, look_back_seconds=60)
    for module in ("stage", "tts_worker"):
        await buses[0].publish(switch(stand.show, module))

    for bus in buses:
        seen = await take(bus, everything, 2)
        assert [delivery.event.module for delivery in seen] == ["stage", "tts_worker"]


async def test_a_reader_begins_as_far_back_as_it_asks(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.publish(sound(stand.show, 1))
    await asyncio.sleep(0.5)
    await bus.publish(sound(stand.show, 2))

    short = await take(bus, Subscription((AUDIO,), stand.show, look_back_seconds=0.3), 1)
    long = await take(bus, Subscription((AUDIO,), stand.show, look_back_seconds=30), 2)

    assert [delivery.event.index for delivery in short] == [2]
    assert [delivery.event.index for delivery in long] == [1, 2]


async def test_without_looking_back_a_reader_sees_what_comes_after_it_subscribed(
    stand: Stand,
) -> None:
    bus = await stand.bus()
    await bus.publish(switch(stand.show, "before"))
    await asyncio.sleep(0.1)
    deliveries = reader(bus, Subscription((CONTROL,), stand.show))
    await bus.publish(switch(stand.show, "after"))

    assert (await anext(deliveries)).event.module == "after"
    await deliveries.aclose()


async def test_sound_travels_as_raw_bytes_in_order(stand: Stand) -> None:
    bus = await stand.bus()
    pcm = [bytes([number]) * 4_800 for number in range(50)]
    for number, data in enumerate(pcm):
        await bus.publish(sound(stand.show, number), data)

    seen = await take(bus, Subscription((AUDIO,), stand.show, look_back_seconds=60), 50)

    assert [delivery.data for delivery in seen] == pcm
    assert {delivery.group for delivery in seen} == {""}


async def test_acknowledging_what_has_no_group_does_nothing(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.publish(switch(stand.show, "stage"))
    everything = Subscription((CONTROL,), stand.show, look_back_seconds=60)
    [seen] = await take(bus, everything, 1)
    await bus.acknowledge(seen)
    await bus.extend(seen)

    assert len(await take(bus, everything, 1)) == 1


async def test_live_events_reach_who_listens_and_only_them(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.publish(token(stand.show, "nobody hears this"))
    deliveries = reader(bus, Subscription((LIVE,), stand.show))
    waiting = asyncio.create_task(anext(deliveries))
    while not waiting.done():  # nobody tells when the listener is there
        await bus.publish(token(stand.show, "heard"), b"\x00raw\n")
        await asyncio.sleep(0.02)

    seen = waiting.result()

    assert (seen.event.text, seen.data) == ("heard", b"\x00raw\n")
    assert await bus.recent(LIVE, stand.show) == []
    await deliveries.aclose()


async def test_of_live_events_only_those_that_are_wanted_arrive(stand: Stand) -> None:
    bus = await stand.bus()
    wanted = Subscription((LIVE,), stand.show, only=frozenset({"conversation.reply_chunk"}))
    deliveries = reader(bus, wanted)
    waiting = asyncio.create_task(anext(deliveries))
    while not waiting.done():
        await bus.publish(part_of_speech(stand.show, "not for this one"))
        await bus.publish(token(stand.show, "wanted"))
        await asyncio.sleep(0.02)

    assert waiting.result().event.text == "wanted"
    await deliveries.aclose()


async def test_listeners_and_readers_stop_when_told(stand: Stand) -> None:
    bus = await stand.bus()

    async def read(subscription: Subscription) -> int:
        return len([delivery async for delivery in reader(bus, subscription)])

    reading = [
        asyncio.create_task(read(Subscription((topic,), stand.show)))
        for topic in (LIVE, CONTROL, AUDIO)
    ]
    await asyncio.sleep(0.1)
    await bus.stop_reading()

    assert await asyncio.gather(*reading) == [0, 0, 0]


async def test_shows_do_not_hear_each_other(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.publish(switch("another-show", "theirs"))
    await bus.publish(switch(stand.show, "ours"))

    [seen] = await take(bus, Subscription((CONTROL,), stand.show, look_back_seconds=60), 1)

    assert seen.event.module == "ours"


@pytest.mark.parametrize(
    "wrong",
    [
        {"topics": ()},
        {"topics": (CHAT, CONTROL)},
        {"topics": (CONTROL, LIVE)},
        {"topics": (CHAT,)},
        {"topics": (CHAT,), "group": "g"},
        {"topics": (CONTROL,), "group": "g", "consumer": "c"},
        {"topics": (CHAT,), "group": "g", "consumer": "c", "prefetch": 0},
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Subscription(show="main", **wrong)  # type: ignore[arg-type]
