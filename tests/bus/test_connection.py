"""The connection itself: addresses, greetings, and servers that say too much or nonsense."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from libs.bus.base import BusUnavailable, ServerUnsuitable
from libs.bus.redis_address import RedisAddress
from libs.bus.redis_connection import RedisConnection
from libs.bus.resp_wire import MOST_UNREAD, CommandRefused

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[RedisConnection]:
    """A connection to a server that is played by `serve`."""

    async def serve_to_the_end(
        incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter
    ) -> None:
        try:
            await serve(incoming, outgoing)
            await incoming.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            outgoing.close()

    listening = await asyncio.start_server(serve_to_the_end, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    connection = RedisConnection(RedisAddress(f"redis://127.0.0.1:{port}"))
    try:
        yield connection
    finally:
        await connection.close()
        listening.close()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("url", "place", "greeting"),
    [
        ("redis://host", "host:6379", [("PING",)]),
        ("redis://:p%40ss%2F@host:7/3", "host:7", [("AUTH", "p@ss/"), ("SELECT", 3), ("PING",)]),
        ("redis://me:pass@[::1]:7", "::1:7", [("AUTH", "me", "pass"), ("PING",)]),
        ("rediss://host/?db=2", "host:6379", [("SELECT", 2), ("PING",)]),
        ("unix:///run/redis.sock?db=1", "/run/redis.sock", [("SELECT", 1), ("PING",)]),
    ],
)
def test_an_address_says_where_the_server_is_and_how_to_sign_in(
    url: str, place: str, greeting: list[tuple[str | int, ...]]
) -> None:
    address = RedisAddress(url)

    assert address.place == place
    assert address.greeting == greeting
    assert "pass" not in repr(address)


@pytest.mark.parametrize("option", ["ssl_cert_reqs=perhaps", "db=one", "unheard_of=1"])
def test_an_option_that_is_not_known_is_refused(option: str) -> None:
    with pytest.raises(ServerUnsuitable, match="KITSU_REDIS_URL"):
        RedisAddress(f"rediss://host/?{option}")


def test_the_certificate_of_a_server_is_checked_unless_the_address_says_otherwise() -> None:
    checked = RedisAddress("rediss://host").tls
    unchecked = RedisAddress("rediss://host?ssl_cert_reqs=none").tls

    assert checked is not None
    assert checked.verify_mode is ssl.CERT_REQUIRED
    assert checked.check_hostname
    assert unchecked is not None
    assert unchecked.verify_mode is ssl.CERT_NONE
    assert RedisAddress("redis://host").tls is None


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"-NOAUTH Authentication required.\r\n", ServerUnsuitable, "refuses the user or password"),
        (b"-LOADING Redis is loading\r\n", BusUnavailable, "takes nobody now"),
        (b"-ERR max number of clients reached\r\n", BusUnavailable, "takes nobody now"),
        (b"HTTP/1.1 400 Bad Request\r\n", BusUnavailable, "no Redis server"),
    ],
)
async def test_a_greeting_that_is_refused_says_whether_waiting_helps(
    answer: bytes, error: type[Exception], words: str
) -> None:
    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        await incoming.read(100)
        outgoing.write(answer)

    async with server(serve) as connection:
        with pytest.raises(error, match=words):
            await connection.open()
        assert not connection.is_open


async def test_replies_stand_in_the_order_of_their_commands_an_error_in_its_place() -> None:
    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        await incoming.readuntil(b"PING\r\n")
        outgoing.write(b"+PONG\r\n")
        await incoming.readuntil(b"last\r\n")
        for part in (b":1\r\n-WRONG", b"TYPE no stream\r\n$5\r\nhe", b"llo\r\n*1\r\n:7\r\n"):
            outgoing.write(part)
            await outgoing.drain()
            await asyncio.sleep(0.01)

    async with server(serve) as connection:
        await connection.open()
        one, refused, text, many = await connection.exchange([("a",), ("b",), ("c",), ("last",)])

    assert (one, text, many) == (1, b"hello", [7])
    assert isinstance(refused, CommandRefused)
    assert refused.code == "WRONGTYPE"


async def test_a_server_that_tells_more_than_is_read_has_to_wait_and_nothing_is_lost() -> None:
    sent = 0

    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        nonlocal sent
        await incoming.readuntil(b"PING\r\n")
        outgoing.write(b"+PONG\r\n")
        for number in range(400):
            outgoing.write(b"*2\r\n:%d\r\n$65536\r\n%s\r\n" % (number, b"x" * 65_536))
            await outgoing.drain()
            sent = number + 1

    async with server(serve) as connection:
        await connection.open()
        await asyncio.sleep(0.5)
        assert sent < 400
        messages = [await connection.receive(2.0) for _ in range(400)]

    assert [message[0] for message in messages if message] == list(range(400))
    assert MOST_UNREAD < 400


async def test_nonsense_in_the_middle_ends_the_connection_after_what_was_right() -> None:
    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        await incoming.readuntil(b"PING\r\n")
        outgoing.write(b"+PONG\r\n:1\r\nnonsense\r\n")

    async with server(serve) as connection:
        await connection.open()
        assert await connection.receive(1.0) == 1
        with pytest.raises(BusUnavailable, match="no Redis server"):
            await connection.receive(1.0)
        assert not connection.is_open


async def test_a_listener_that_hears_nothing_keeps_its_connection() -> None:
    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        await incoming.readuntil(b"PING\r\n")
        outgoing.write(b"+PONG\r\n")
        await asyncio.sleep(0.1)
        outgoing.write(b"+late\r\n")

    async with server(serve) as connection:
        await connection.open()
        assert await connection.receive(0.02) is None
        assert await connection.receive(1.0) == b"late"
