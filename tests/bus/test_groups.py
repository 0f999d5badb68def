"""Work and facts: what a consumer group promises, on both servers."""

import asyncio

from libs.bus.base import Subscription
from libs.bus.middleware import AgeLimit, Dedupe, Fencing
from libs.contracts.conversation import IdleReached, ReplyFinished
from libs.contracts.streams import CHAT, CONVERSATION, TURNS, Topic
from libs.telemetry import clock
from tests.bus.sample_events import chat, turn
from tests.bus.stand import Stand, reader, take


def facts(stand: Stand, consumer: str = "one@host#0", **more: int) -> Subscription:
    return Subscription((CHAT,), stand.show, "group", consumer, **more)


async def test_a_group_made_late_still_sees_what_came_before_it(stand: Stand) -> None:
    bus = await stand.bus()
    for text in ("first", "second"):
        await bus.publish(chat(stand.show, text))

    seen = await take(bus, facts(stand), 2)

    assert [delivery.event.text for delivery in seen] == ["first", "second"]
    assert [delivery.deliveries for delivery in seen] == [1, 1]


async def test_events_keep_their_order(stand: Stand) -> None:
    bus = await stand.bus()
    texts = [str(number) for number in range(200)]
    await asyncio.gather(*(bus.publish(chat(stand.show, text)) for text in texts))

    seen = await take(await stand.bus(), facts(stand, prefetch=16), 200)

    assert [delivery.event.text for delivery in seen] == texts


async def test_every_group_sees_every_fact(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.publish(chat(stand.show, "hello"))

    for group in ("orchestrator", "console"):
        [seen] = await take(bus, Subscription((CHAT,), stand.show, group, "c@h#0"), 1)
        assert seen.event.text == "hello"


async def test_one_group_shares_the_work(stand: Stand) -> None:
    bus = await stand.bus()
    for number in range(6):
        await bus.publish(turn(stand.show, str(number)))
    first, second = (Subscription((TURNS,), stand.show, "policy", f"{n}@h#0") for n in "ab")

    seen = await asyncio.gather(take(bus, first, 3), take(await stand.bus(), second, 3))

    texts = sorted(delivery.event.input.text for part in seen for delivery in part)
    assert texts == ["0", "1", "2", "3", "4", "5"]


async def test_one_subscription_reads_several_topics(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.publish(chat(stand.show, "hello"))
    await bus.publish(IdleReached(show=stand.show, silent_seconds=3.0))

    both = Subscription((CHAT, CONVERSATION), stand.show, "group", "one@host#0")
    seen = await take(bus, both, 2)

    assert {delivery.topic.name for delivery in seen} == {"chat", "conversation"}


async def test_a_consumer_that_comes_back_is_handed_its_own_unfinished_entries_first(
    stand: Stand,
) -> None:
    bus = await stand.bus()
    for text in ("begun", "begun too", "new"):
        await bus.publish(chat(stand.show, text))
    await take(bus, facts(stand), 2, acknowledge=False)
    await bus.close()

    seen = await take(await stand.bus(), facts(stand), 3)

    handed = [(delivery.event.text, delivery.deliveries) for delivery in seen]
    assert handed == [("begun", 2), ("begun too", 2), ("new", 1)]


async def test_what_a_former_life_left_comes_before_anything_new_of_another_lane(
    stand: Stand,
) -> None:
    bus = await stand.bus()
    for text in ("begun", "begun too"):
        await bus.publish(chat(stand.show, text))
    await take(bus, facts(stand), 2, acknowledge=False)
    await bus.publish(IdleReached(show=stand.show, silent_seconds=3.0))
    await bus.close()

    again, handed = await stand.bus(), []

    async def read(topic: Topic, count: int) -> None:
        lane = Subscription((topic,), stand.show, "group", "one@host#0")
        deliveries = reader(again, lane)
        for _ in range(count):
            handed.append((await anext(deliveries)).topic)
            await asyncio.sleep(0.05)  # a handler at work
        await deliveries.aclose()

    await asyncio.gather(read(CONVERSATION, 1), read(CHAT, 2))

    assert handed == [CHAT, CHAT, CONVERSATION]


async def test_only_what_was_acknowledged_is_done(stand: Stand) -> None:
    bus = await stand.bus()
    for text in ("done", "left", "unread"):
        await bus.publish(chat(stand.show, text))
    done, _ = await take(bus, facts(stand), 2, acknowledge=False)
    await bus.acknowledge(done)

    depth = await bus.depth(CHAT, stand.show, "group")

    assert (depth.length, depth.lag, depth.pending) == (3, 1, 1)


async def test_what_a_dead_consumer_left_is_taken_over_by_another(stand: Stand) -> None:
    dying = await stand.bus()
    await dying.publish(chat(stand.show, "orphan"))
    await take(dying, facts(stand, "dead@host#0"), 1, acknowledge=False)
    await dying.close()

    [seen] = await take(await stand.bus(), facts(stand, "alive@host#1"), 1)

    assert (seen.event.text, seen.deliveries) == ("orphan", 2)


async def test_work_that_is_renewed_is_not_taken_over(stand: Stand) -> None:
    busy, idle = await stand.bus(), await stand.bus()
    await busy.publish(chat(stand.show, "long work"))
    [work] = await take(busy, facts(stand, "busy@host#0"), 1, acknowledge=False)

    taking = asyncio.create_task(take(idle, facts(stand, "idle@host#1"), 1))
    for _ in range(8):
        await busy.extend(work)
        await asyncio.sleep(0.2)
    assert not taking.done()
    await busy.acknowledge(work)
    await busy.publish(chat(stand.show, "next"))

    assert [delivery.event.text for delivery in await taking] == ["next"]


async def test_a_handler_that_failed_is_given_the_event_again_in_the_same_worker(
    stand: Stand,
) -> None:
    bus = await stand.bus()
    await bus.publish(chat(stand.show, "try again"))

    seen = []
    deliveries = reader(bus, facts(stand))
    async for delivery in deliveries:
        seen.append(delivery.deliveries)
        if len(seen) == 2:
            await bus.acknowledge(delivery)
            break
    await deliveries.aclose()

    assert seen == [1, 2]


async def test_a_lost_group_is_made_again(stand: Stand) -> None:
    bus = await stand.bus()
    await bus.publish(chat(stand.show, "before"))
    deliveries = reader(bus, facts(stand))
    await bus.acknowledge(await anext(deliveries))

    waiting = asyncio.create_task(anext(deliveries))
    await stand.lose(CHAT.key(stand.show))
    await bus.publish(chat(stand.show, "after"))

    assert (await waiting).event.text == "after"
    await deliveries.aclose()


async def test_a_reader_stops_when_told_and_publishing_goes_on(stand: Stand) -> None:
    bus = await stand.bus()

    async def read_all() -> list[str]:
        return [delivery.event.text async for delivery in reader(bus, facts(stand))]

    reading = asyncio.create_task(read_all())
    await asyncio.sleep(0.05)
    await bus.stop_reading()

    assert await reading == []
    await bus.publish(chat(stand.show, "still sent"))
    assert await stand.length(CHAT.key(stand.show)) == 1


async def test_streams_are_trimmed_to_about_their_bound(stand: Stand) -> None:
    bus = await stand.bus()
    surplus = 500
    events = [turn(stand.show, str(number)) for number in range(TURNS.maximum_entries + surplus)]
    await asyncio.gather(*(bus.publish(event) for event in events))

    length = await stand.length(TURNS.key(stand.show))

    assert TURNS.maximum_entries <= length < TURNS.maximum_entries + 200
    newest = await bus.recent(TURNS, stand.show, 1)
    assert newest[0].event.input.text == str(TURNS.maximum_entries + surplus - 1)


async def test_unfinished_entries_that_were_trimmed_away_do_not_stop_the_reader(
    stand: Stand,
) -> None:
    bus = await stand.bus()
    await bus.publish(turn(stand.show, "trimmed"))
    work = Subscription((TURNS,), stand.show, "policy", "one@host#0")
    await take(bus, work, 1, acknowledge=False)
    await asyncio.gather(*(bus.publish(turn(stand.show, "x")) for _ in range(1_300)))
    await bus.close()

    later = await stand.bus()
    [seen] = await take(later, work, 1)

    assert seen.event.input.text == "x"
    assert later.counters["trimmed_unread"] == 1


async def test_the_age_of_an_event_is_measured_where_it_is_stored(stand: Stand) -> None:

    bus = await stand.bus()
    await bus.publish(chat(stand.show, "short-lived", expires_at=clock.now() + 0.1))
    await bus.publish(chat(stand.show, "long-lived", expires_at=clock.now() + 60))
    await asyncio.sleep(0.2)

    short, long = await take(bus, facts(stand), 2)

    assert AgeLimit().refuse(short) == "expired"
    assert AgeLimit().refuse(long) is None
    assert short.age_seconds > 0.1
    assert long.ttl_seconds is not None
    assert 59 < long.ttl_seconds <= 60


async def test_an_event_that_is_over_before_it_is_sent_is_counted_and_dropped(
    stand: Stand,
) -> None:

    bus = await stand.bus()
    await bus.publish(chat(stand.show, "too late", expires_at=clock.now() - 1))

    assert await stand.length(CHAT.key(stand.show)) == 0
    assert bus.counters["expired_unsent"] == 1


async def test_stale_work_and_second_copies_are_refused(stand: Stand) -> None:
    bus = await stand.bus()
    old = turn(stand.show, "old", epoch=1, turn_id="t1")
    fresh = turn(stand.show, "fresh", epoch=2, turn_id="t2")
    for event in (old, fresh, fresh):
        await bus.publish(event)
    fences, dedupe = Fencing(), Dedupe()
    fences.raise_epoch(stand.show, 2)

    verdicts = []
    for delivery in await take(bus, Subscription((TURNS,), stand.show, "policy", "one@host#0"), 3):
        verdict = fences.refuse(delivery) or dedupe.refuse(delivery)
        verdicts.append(verdict)
        if verdict is None:
            dedupe.done(delivery)

    assert verdicts == ["stale", None, "duplicate"]


async def test_the_publisher_is_named_in_the_event(stand: Stand) -> None:
    bus = await stand.bus("stage@host#3")
    await bus.publish(chat(stand.show, "mine"))
    await bus.publish(chat(stand.show, "another's", source="other@host#0"))

    seen = await take(bus, facts(stand), 2)

    assert [d.event.source for d in seen] == ["stage@host#3", "other@host#0"]


async def test_a_big_event_travels_whole(stand: Stand) -> None:

    bus = await stand.bus()
    text, data = "ü😀" * 50_000, bytes(range(256)) * 800
    await bus.publish(ReplyFinished(show=stand.show, sentences=1, text=text, engine="test"), data)

    [seen] = await take(bus, Subscription((CONVERSATION,), stand.show, "group", "one@host#0"), 1)

    assert seen.event.text == text
    assert seen.data == data
