"""One connection to a Redis-compatible server: connect, exchange, close; no retries, no secrets."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, InvalidResponse, RedisError, ResponseError

from libs.bus.base import BusError, BusUnavailable, ServerUnsuitable

CONNECT_SECONDS = 2.0
#: A server that has not answered an ordinary command by then counts as away.
ANSWER_SECONDS = 2.0

Command = Sequence[str | bytes | int]


class CommandRefused(BusError):
    """The server answered with an error; its first word is the code ("NOGROUP", "OOM")."""

    @property
    def code(self) -> str:
        return str(self).partition(" ")[0]


class RedisAddress:
    """Where the server is. The password never leaves this object but towards the server."""

    def __init__(self, url: str) -> None:
        try:
            self._pool = ConnectionPool.from_url(
                url,
                protocol=2,
                socket_timeout=None,
                socket_connect_timeout=CONNECT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        except (ValueError, TypeError, RedisError):
            raise ServerUnsuitable(
                "KITSU_REDIS_URL is not the address of a Redis server; "
                "it should look like redis://:password@host:6379/0"
            ) from None
        known = self._pool.connection_kwargs
        place = f"{known.get('host', 'localhost')}:{known.get('port', 6379)}"
        self.place = str(known.get("path") or place)

    def __repr__(self) -> str:
        return f"RedisAddress({self.place})"

    def make_connection(self) -> AbstractConnection:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        return connection


class RedisConnection:
    """A connection that is used by one task at a time.

    Every failure closes it and raises `BusUnavailable`; `open` begins anew. An exchange that failed
    may or may not have been carried out by the server.
    """

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._connection: AbstractConnection | None = None

    @property
    def is_open(self) -> bool:
        return self._connection is not None and self._connection.is_connected

    async def open(self) -> None:
        """Connects anew. Raises `ServerUnsuitable` when the password is refused."""
        await self.close()
        connection = self._address.make_connection()
        try:
            async with asyncio.timeout(CONNECT_SECONDS + ANSWER_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
        except (AuthenticationError, ResponseError) as error:
            await connection.disconnect(nowait=True)
            raise ServerUnsuitable(
                f"the server at {self._address.place} refuses the user or password "
                f"({_first_word(error)}): correct KITSU_REDIS_URL"
            ) from None
        except ssl.SSLError:
            await connection.disconnect(nowait=True)
            raise ServerUnsuitable(
                f"no TLS with {self._address.place}: correct KITSU_REDIS_URL (redis:// or rediss://)"
            ) from None
        except (RedisError, OSError, TimeoutError) as error:
            await connection.disconnect(nowait=True)
            raise self._unavailable(error) from None
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        self._connection = connection

    async def reopen(self) -> None:
        """As `open`, for a server that was found suitable before: it is only away for now."""
        try:
            await self.open()
        except ServerUnsuitable as error:
            raise BusUnavailable(str(error)) from None

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def exchange(
        self, commands: Sequence[Command], seconds: float = ANSWER_SECONDS
    ) -> list[Any]:
        """Sends all commands at once and returns their replies in order.

        An error reply stands in its place as a `CommandRefused`.
        """
        connection = self._present()
        try:
            async with asyncio.timeout(seconds):
                packed = connection.pack_commands(commands)
                await connection.send_packed_command(packed, check_health=False)
                return [await _reply(connection) for _ in commands]
        except (RedisError, OSError, TimeoutError) as error:
            await self.close()
            raise self._unavailable(error) from None
        except BaseException:
            # The replies of this exchange are still on their way: nothing else may read them.
            await self.close()
            raise

    async def call(self, *command: str | bytes | int, seconds: float = ANSWER_SECONDS) -> Any:
        """One command's reply. Raises `CommandRefused` for an error reply."""
        [reply] = await self.exchange([command], seconds)
        if isinstance(reply, CommandRefused):
            raise reply
        return reply

    async def tell(self, *command: str | bytes | int) -> None:
        """Sends one command whose answer comes by `receive`."""
        connection = self._present()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                packed = connection.pack_command(*command)
                await connection.send_packed_command(packed, check_health=False)
        except (RedisError, OSError, TimeoutError) as error:
            await self.close()
            raise self._unavailable(error) from None

    async def receive(self, seconds: float) -> Any | None:
        """The next message of a connection that listens; None when none came in that time."""
        connection = self._present()
        try:
            return await connection.read_response(timeout=seconds)
        except (RedisError, OSError) as error:
            await self.close()
            raise self._unavailable(error) from None

    def _present(self) -> AbstractConnection:
        # A closed connection of redis-py would reconnect by itself, without our knowledge.
        if self._connection is None or not self._connection.is_connected:
            raise BusUnavailable(f"no connection to the server at {self._address.place}")
        return self._connection

    def _unavailable(self, error: BaseException) -> BusUnavailable:
        place = self._address.place
        if isinstance(error, TimeoutError) or "imeout" in type(error).__name__:
            return BusUnavailable(f"the server at {place} does not answer: is it running?")
        return BusUnavailable(f"no connection to the server at {place} ({_reason(error)})")


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return CommandRefused(str(error))


def _first_word(error: BaseException) -> str:
    return str(error).partition(" ")[0][:40]


def _reason(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    if isinstance(error, InvalidResponse):
        return "what answers there is no Redis server"
    return "it closed the connection" if isinstance(error, RedisError) else type(error).__name__
