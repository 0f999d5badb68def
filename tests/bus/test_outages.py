"""A server that dies, stalls or comes back empty, and one that is not fit to carry a show."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest
import redis.asyncio

from libs.bus.base import Bus, BusUnavailable, ServerUnsuitable, Subscription
from libs.bus.embedded import EmbeddedServer
from libs.bus.redis_streams import RedisBus
from libs.contracts.streams import CHAT, CONTROL, LIVE
from libs.telemetry import clock
from tests.bus.conftest import need_server
from tests.bus.sample_events import chat, switch, token
from tests.bus.stand import reader, take, until

pytestmark = pytest.mark.redis

FACTS = Subscription((CHAT,), "main", "group", "one@host#0")
MakeBus = Callable[[], Awaitable[RedisBus]]


@pytest.fixture
async def make_bus(own_server: EmbeddedServer) -> AsyncIterator[MakeBus]:
    buses: list[RedisBus] = []

    async def make() -> RedisBus:
        bus = RedisBus(own_server.start(), "tester@host#0")
        buses.append(bus)
        await bus.open()
        return bus

    yield make
    for bus in buses:
        await bus.close()


def kill(server: EmbeddedServer) -> None:
    process = psutil.Process(server.pid)
    process.kill()
    process.wait()


async def test_nothing_published_while_the_server_is_dead_is_lost_or_out_of_order(
    own_server: EmbeddedServer, make_bus: MakeBus
) -> None:
    writer, listener = await make_bus(), await make_bus()
    await writer.publish(chat("main", "0"))
    reading = asyncio.create_task(take(listener, FACTS, 100))
    await until(lambda: listener.counters.get("delivered", 0) == 1)
    await asyncio.sleep(1.2)  # everysec: what is acknowledged now is on disk a second later

    kill(own_server)
    for number in range(1, 100):
        await writer.publish(chat("main", str(number)))
    assert not writer.connected
    assert writer.counters["outbox"] == 99
    await asyncio.to_thread(own_server.start)

    seen = await reading
    assert [delivery.event.text for delivery in seen] == [str(number) for number in range(100)]
    await until(lambda: writer.counters["outbox"] == 0)
    assert writer.connected


async def test_what_expires_in_the_outbox_is_not_sent(
    own_server: EmbeddedServer, make_bus: MakeBus
) -> None:
    bus = await make_bus()
    kill(own_server)
    await bus.publish(chat("main", "short-lived", expires_at=clock.now() + 0.2))
    await bus.publish(chat("main", "long-lived", expires_at=clock.now() + 60))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(own_server.start)

    [seen] = await take(bus, FACTS, 1)

    assert seen.event.text == "long-lived"
    assert bus.counters["expired_unsent"] == 1
    assert seen.ttl_seconds is not None
    assert seen.ttl_seconds < 59.8  # the time in the outbox counts


async def test_of_a_latch_the_newest_value_is_written_when_the_server_is_back(
    own_server: EmbeddedServer, make_bus: MakeBus
) -> None:
    bus = await make_bus()
    kill(own_server)
    for ordinal in range(5):
        await bus.set_latch("main", "panic", {"ordinal": ordinal})
    assert await bus.latch("main", "panic") is None
    await asyncio.to_thread(own_server.start)
    await until(lambda: bus.connected and bus.counters["outbox"] == 0)

    assert await bus.latch("main", "panic") == {"ordinal": 4}


async def test_questions_to_a_dead_server_are_refused_and_live_events_dropped(
    own_server: EmbeddedServer, make_bus: MakeBus
) -> None:
    bus = await make_bus()
    kill(own_server)
    await bus.publish(chat("main", "finds out"))
    await bus.publish(token("main", "dropped"))

    assert bus.counters["live_dropped"] == 1
    assert await bus.note("x") is None
    await bus.release_lease("main", "stage", "a")
    for question in (
        bus.acquire_lease("main", "stage", "a", 5),
        bus.depth(CHAT, "main", "group"),
        bus.dead_letters(),
        bus.recent(CHAT, "main"),
    ):
        with pytest.raises(BusUnavailable):
            await question


async def test_an_acknowledgement_made_while_the_server_is_away_counts(
    own_server: EmbeddedServer, make_bus: MakeBus
) -> None:
    bus = await make_bus()
    await bus.publish(chat("main", "once"))
    deliveries = reader(bus, FACTS)
    delivery = await anext(deliveries)
    await asyncio.sleep(1.2)
    kill(own_server)
    await bus.acknowledge(delivery)
    waiting = asyncio.create_task(anext(deliveries))
    await asyncio.to_thread(own_server.start)
    await until(lambda: bus.connected and bus.counters["outbox"] == 0)
    await bus.publish(chat("main", "next"))

    assert (await waiting).event.text == "next"
    assert (await bus.depth(CHAT, "main", "group")).pending == 1
    await deliveries.aclose()


async def test_listeners_come_back_with_the_server(
    own_server: EmbeddedServer, make_bus: MakeBus
) -> None:
    bus = await make_bus()
    control = reader(bus, Subscription((CONTROL,), "main"))
    live = reader(bus, Subscription((LIVE,), "main"))
    waiting = [asyncio.create_task(anext(control)), asyncio.create_task(anext(live))]
    await asyncio.sleep(0.1)
    kill(own_server)
    await asyncio.to_thread(own_server.start)
    await bus.publish(switch("main", "stage"))
    while not waiting[1].done():
        await bus.publish(token("main", "hello"))
        await asyncio.sleep(0.02)

    assert (await waiting[0]).event.module == "stage"
    assert waiting[1].result().event.text == "hello"
    await control.aclose()
    await live.aclose()


async def test_a_server_that_comes_back_without_its_data_does_not_stop_the_show(
    own_server: EmbeddedServer, make_bus: MakeBus, tmp_path: Path
) -> None:
    bus = await make_bus()
    await bus.publish(chat("main", "before"))
    deliveries = reader(bus, FACTS)
    await bus.acknowledge(await anext(deliveries))
    waiting = asyncio.create_task(anext(deliveries))
    kill(own_server)
    (tmp_path / "bus" / "appendonlydir").rename(tmp_path / "old")
    await asyncio.to_thread(own_server.start)
    await bus.publish(chat("main", "after"))

    assert (await waiting).event.text == "after"
    await deliveries.aclose()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
async def test_a_server_that_stalls_holds_nobody_up_for_long_and_loses_nothing(
    own_server: EmbeddedServer, make_bus: MakeBus
) -> None:
    writer, listener = await make_bus(), await make_bus()
    await writer.publish(chat("main", "0"))
    reading = asyncio.create_task(_distinct_texts(listener, 10))
    await until(lambda: listener.counters.get("delivered", 0) == 1)

    os.kill(own_server.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(20):
            for number in range(1, 10):
                await writer.publish(chat("main", str(number)))
        assert not writer.connected
    finally:
        os.kill(own_server.pid, signal.SIGCONT)

    assert await reading == [str(number) for number in range(10)]


async def _distinct_texts(bus: Bus, count: int) -> list[str]:
    """An event whose answer was lost comes twice, with the same id."""
    texts: dict[str, str] = {}
    deliveries = reader(bus, FACTS)
    async for delivery in deliveries:
        await bus.acknowledge(delivery)
        texts[delivery.event.event_id] = delivery.event.text
        if len(texts) == count:
            break
    await deliveries.aclose()
    return list(texts.values())


async def test_giving_up_a_publish_neither_breaks_the_connection_nor_loses_the_event(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus()
    for number in range(50):
        publishing = asyncio.create_task(bus.publish(chat("main", str(number))))
        await asyncio.sleep(0)
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)

    seen = await take(bus, FACTS, 50)

    assert [delivery.event.text for delivery in seen] == [str(number) for number in range(50)]
    assert bus.counters.get("reconnects", 0) == 0


async def test_closing_sends_what_is_left(own_server: EmbeddedServer, make_bus: MakeBus) -> None:
    bus = await make_bus()
    publishing = [asyncio.create_task(bus.publish(chat("main", str(n)))) for n in range(300)]
    await asyncio.sleep(0)
    await bus.close()
    await asyncio.gather(*publishing)

    assert len(await take(await make_bus(), FACTS, 300)) == 300


async def test_a_full_outbox_drops_the_oldest_and_counts_it(
    own_server: EmbeddedServer, make_bus: MakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.bus.outbox.MAXIMUM_REQUESTS", 10)
    bus = await make_bus()
    kill(own_server)
    for number in range(15):
        await bus.publish(chat("main", str(number)))
    await asyncio.to_thread(own_server.start)

    seen = await take(bus, FACTS, 10)

    assert [delivery.event.text for delivery in seen] == [str(number) for number in range(5, 15)]
    assert bus.counters["outbox_dropped"] == 5


async def test_a_refused_event_is_an_error_for_its_publisher(
    own_server: EmbeddedServer, make_bus: MakeBus
) -> None:
    bus = await make_bus()
    back_door = redis.asyncio.Redis.from_url(own_server.start())
    await back_door.set(CHAT.key("main"), "not a stream")
    await back_door.aclose()

    with pytest.raises(Exception, match=r"refused chat\.chat_message_received.*WRONGTYPE"):
        await bus.publish(chat("main", "hello"))
    await bus.publish(switch("main", "stage"))
    assert bus.connected


# Servers that will not do ----------------------------------------------------------------------


@pytest.fixture
def url(own_server: EmbeddedServer) -> str:
    return own_server.start()


async def _configure(url: str, *settings: str) -> None:
    server = redis.asyncio.Redis.from_url(url)
    await server.execute_command("CONFIG", "SET", *settings)
    await server.aclose()


async def test_a_server_that_evicts_is_refused(url: str) -> None:
    await _configure(url, "maxmemory-policy", "allkeys-lru")

    with pytest.raises(ServerUnsuitable, match="set maxmemory-policy to noeviction"):
        await RedisBus(url).open()


async def test_a_read_only_replica_is_refused(url: str) -> None:
    server = redis.asyncio.Redis.from_url(url)
    await server.execute_command("REPLICAOF", "127.0.0.1", "1")
    await server.aclose()

    with pytest.raises(ServerUnsuitable, match=r"read-only replica.*primary"):
        await RedisBus(url).open()


async def test_a_wrong_password_is_refused_without_being_told(url: str) -> None:
    wrong = url.replace(url.split("@")[0], "redis://:hunter2-secret")

    with pytest.raises(ServerUnsuitable, match="correct KITSU_REDIS_URL") as refused:
        await RedisBus(wrong).open()

    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(RedisBus(wrong))


@pytest.mark.parametrize(
    "wrong",
    ["", "localhost", "http://localhost", "redis://:hunter2@[bad", "redis://:hunter2@host:port/0"],
)
def test_a_wrong_address_is_refused_without_being_told(wrong: str) -> None:
    with pytest.raises(ServerUnsuitable, match="redis://:password@host:6379/0") as refused:
        RedisBus(wrong)

    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_nobody_at_the_address_is_said_so() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with pytest.raises(BusUnavailable, match=f"127.0.0.1:{port}") as away:
        await RedisBus(f"redis://:hunter2@127.0.0.1:{port}/0").open()
    assert "hunter2" not in str(away.value)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"-ERR what\r\n" * 9])
async def test_something_else_at_the_address_is_no_bus(answer: bytes) -> None:
    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        await incoming.read(100)
        outgoing.write(answer)
        outgoing.close()

    other = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    try:
        with pytest.raises((BusUnavailable, ServerUnsuitable), match=f"127.0.0.1:{port}"):
            await RedisBus(f"redis://127.0.0.1:{port}/0").open()
    finally:
        other.close()
        await other.wait_closed()


async def test_the_password_is_in_no_text(
    own_server: EmbeddedServer, make_bus: MakeBus, caplog: pytest.LogCaptureFixture
) -> None:
    password = own_server.start().split(":")[2].split("@")[0]
    bus = await make_bus()
    texts = [bus.description, repr(bus), str(bus.counters), own_server.description]
    kill(own_server)
    await bus.publish(chat("main", "finds out"))
    with pytest.raises(BusUnavailable) as away:
        await bus.dead_letters()
    texts += [str(away.value), repr(away.value), caplog.text, own_server.log_path.read_text()]

    assert not [text for text in texts if password in text]


async def test_the_show_clock_follows_the_server(url: str) -> None:
    clock.set_offset(1_000.0)
    bus = RedisBus(url)
    try:
        await bus.open()
        assert abs(clock.now() - time.time()) < 1.0  # the server runs on this machine
    finally:
        clock.set_offset(0.0)
        await bus.close()


def test_servers_are_here_when_they_are_required() -> None:
    need_server()
