"""Entries that cannot be dealt with: strange, broken, or deadly. On both servers."""

import asyncio
import os

import pytest

from libs.bus.base import Subscription
from libs.contracts.registry import encode
from libs.contracts.streams import CHAT, CONTROL, LIVE
from tests.bus.sample_events import chat, switch, token
from tests.bus.stand import Stand, reader, take


def facts(stand: Stand, consumer: str = "one@host#0", **more: int) -> Subscription:
    return Subscription((CHAT,), stand.show, "group", consumer, **more)


async def die_over(stand: Stand, subscription: Subscription, taken: int) -> None:
    """A worker takes entries and is gone before it is done with them."""
    bus = await stand.bus()
    await take(bus, subscription, taken, acknowledge=False)
    await bus.close()


async def test_a_poisonous_entry_is_a_dead_letter_after_three_deliveries(stand: Stand) -> None:
    publisher = await stand.bus()
    poison = chat(stand.show, "poison")
    await publisher.publish(poison)
    for _ in range(3):
        await die_over(stand, facts(stand), 1)
    await publisher.publish(chat(stand.show, "healthy"))

    bus = await stand.bus()
    [seen] = await take(bus, facts(stand), 1)

    assert seen.event.text == "healthy"
    [letter] = await bus.dead_letters()
    assert (letter.reason, letter.deliveries) == ("too_many_deliveries", 3)
    assert (letter.topic, letter.show, letter.group) == ("chat", stand.show, "group")
    assert letter.tag == "chat.chat_message_received"
    assert poison.event_id in letter.event_json
    assert (await bus.depth(CHAT, stand.show, "group")).pending == 0


async def test_the_innocent_neighbours_of_a_poisonous_entry_survive(stand: Stand) -> None:
    publisher = await stand.bus()
    for text in ("poison", "one", "two", "three"):
        await publisher.publish(chat(stand.show, text))
    for _ in range(3):  # each life reads ahead and dies over the first entry
        await die_over(stand, facts(stand, prefetch=4), 1)

    bus = await stand.bus()
    seen = await take(bus, facts(stand, prefetch=4), 3)

    assert [delivery.event.text for delivery in seen] == ["one", "two", "three"]
    assert all(delivery.deliveries == 2 for delivery in seen)
    assert len(await bus.dead_letters()) == 1


async def test_takeover_counts_against_one_entry_at_a_time(stand: Stand) -> None:
    publisher = await stand.bus()
    for text in ("poison", "innocent"):
        await publisher.publish(chat(stand.show, text))
    await die_over(stand, facts(stand, "first@host#0", prefetch=2), 2)
    await asyncio.sleep(1.1)
    await die_over(stand, facts(stand, "second@host#0"), 1)

    seen = await take(await stand.bus(), facts(stand, "third@host#0"), 2)

    counts = {delivery.event.text: delivery.deliveries for delivery in seen}
    assert counts == {"poison": 3, "innocent": 2}


async def test_a_dead_letter_is_replayed_with_the_same_id_and_a_new_budget(stand: Stand) -> None:
    bus = await stand.bus()
    event = chat(stand.show, "again please")
    await bus.publish(event, b"raw")
    [delivery] = await take(bus, facts(stand), 1, acknowledge=False)
    await bus.bury(delivery, "engine_missing")
    [letter] = await bus.dead_letters()

    assert (letter.reason, letter.data) == ("engine_missing", b"raw")
    assert await bus.replay_dead_letter(letter.entry_id)

    [again] = await take(bus, facts(stand), 1)
    assert again.event.event_id == event.event_id
    assert (again.deliveries, again.data) == (1, b"raw")
    assert await bus.dead_letters() == []
    assert not await bus.replay_dead_letter(letter.entry_id)


@pytest.mark.parametrize("entry_id", ["", "0-0", "999-1", "not an id", "-", "+", "1-1 2-2"])
async def test_a_letter_that_is_not_there_is_neither_replayed_nor_discarded(
    stand: Stand, entry_id: str
) -> None:
    bus = await stand.bus()

    assert not await bus.replay_dead_letter(entry_id)
    assert not await bus.discard_dead_letter(entry_id)


async def test_dead_letters_are_listed_newest_first_and_discarded_one_by_one(stand: Stand) -> None:
    bus = await stand.bus()
    for text in ("older", "newer"):
        await bus.publish(chat(stand.show, text))
    for delivery in await take(bus, facts(stand), 2, acknowledge=False):
        await bus.bury(delivery, delivery.event.text)

    letters = await bus.dead_letters()
    assert [letter.reason for letter in letters] == ["newer", "older"]
    assert [letter.reason for letter in await bus.dead_letters(limit=1)] == ["newer"]
    assert await bus.discard_dead_letter(letters[0].entry_id)
    assert [letter.reason for letter in await bus.dead_letters()] == ["older"]


GOOD = encode(chat("any", "good"))
HOSTILE = {
    "no fields we know": {b"x": b"y"},
    "no json": {b"t": b"chat.chat_message_received", b"v": b"1"},
    "no tag": {b"v": b"1", b"j": GOOD},
    "unknown tag": {b"t": b"chat.never_heard_of", b"v": b"1", b"j": GOOD},
    "python path as tag": {b"t": b"os.system", b"v": b"1", b"j": GOOD},
    "tag of another event": {b"t": b"chat.viewer_banned", b"v": b"1", b"j": GOOD},
    "tag in invalid utf-8": {b"t": b"\xff\xfe", b"v": b"1", b"j": GOOD},
    "huge tag": {b"t": b"t" * 200_000, b"v": b"1", b"j": GOOD},
    "newer version": {b"t": b"chat.chat_message_received", b"v": b"2", b"j": GOOD},
    "version no number": {b"t": b"chat.chat_message_received", b"v": b"one", b"j": GOOD},
    "endless version": {b"t": b"chat.chat_message_received", b"v": b"9" * 10_000, b"j": GOOD},
    "not json": {b"t": b"chat.chat_message_received", b"v": b"1", b"j": os.urandom(2_000)},
    "json in invalid utf-8": {b"t": b"chat.chat_message_received", b"v": b"1", b"j": b'"\xc3"'},
    "json of another shape": {b"t": b"chat.chat_message_received", b"v": b"1", b"j": b"[1,2]"},
    "deep json": {b"t": b"chat.chat_message_received", b"v": b"1", b"j": b"[" * 100_000},
    "lifetime no number": {
        b"t": b"chat.chat_message_received",
        b"v": b"1",
        b"j": GOOD,
        b"l": b"-1e9",
    },
    "everything empty": {b"t": b"", b"v": b"", b"j": b"", b"l": b"", b"d": b""},
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_an_entry_that_is_no_event_we_know_is_kept_counted_and_passed_by(
    stand: Stand, kind: str
) -> None:
    bus = await stand.bus()
    await stand.append(CHAT.key(stand.show), HOSTILE[kind])
    await bus.publish(chat(stand.show, "good"))

    [seen] = await take(bus, facts(stand), 1)

    assert seen.event.text == "good"
    assert bus.counters["unknown"] == 1
    [letter] = await bus.dead_letters()
    assert letter.reason in ("malformed", "unknown_type", "unknown_version")
    assert letter.event_json == HOSTILE[kind].get(b"j", b"").decode("utf-8", "replace")
    assert (await bus.depth(CHAT, stand.show, "group")).pending == 0
    assert len(await bus.recent(CHAT, stand.show)) == 2


async def test_a_strange_control_entry_is_kept_once_however_many_read_it(stand: Stand) -> None:
    first, second = await stand.bus(), await stand.bus()
    everything = Subscription((CONTROL,), stand.show, look_back_seconds=60)
    await stand.append(CONTROL.key(stand.show), {b"t": b"control.strange", b"v": b"1", b"j": b"{}"})
    await first.publish(switch(stand.show, "stage"))

    for bus in (first, second):
        [seen] = await take(bus, everything, 1)
        assert seen.event.module == "stage"

    assert len(await first.dead_letters()) == 1


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\n",
        b"a b c\n{}",
        b"conversation.reply_chunk 1 99999999999999999999\n{}",
        b"conversation.reply_chunk 1 -5\n{}",
        b"conversation.reply_chunk 7 2\n{}",
        b"\x00" * 300_000,
    ],
)
async def test_a_strange_live_message_is_counted_and_passed_by(stand: Stand, frame: bytes) -> None:
    bus = await stand.bus()
    deliveries = reader(bus, Subscription((LIVE,), stand.show))
    waiting = asyncio.create_task(anext(deliveries))

    while not waiting.done():  # nobody tells when the listener is there
        await bus.publish(token(stand.show, "before"))
        await asyncio.sleep(0.02)
    await stand.send(LIVE.key(stand.show), frame)
    await bus.publish(token(stand.show, "good"))

    while (await anext(deliveries)).event.text != "good":
        pass
    assert bus.counters["unknown"] == 1
    await deliveries.aclose()
