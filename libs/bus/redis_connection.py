"""One connection to a Redis-compatible server: connect, exchange, close; no retries, no secrets."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

from libs.bus.base import BusUnavailable, ServerUnsuitable
from libs.bus.redis_address import RedisAddress
from libs.bus.resp_wire import CommandRefused, RespWire

CONNECT_SECONDS = 2.0
#: A server that has not answered an ordinary command by then counts as away.
ANSWER_SECONDS = 2.0
#: Answers to a greeting of a server that will take it later.
_LATER = ("LOADING", "MASTERDOWN", "BUSY")
_FULL = "max number of clients"

Command = Sequence[str | bytes | int]


class RedisConnection:
    """A connection that is used by one task at a time.

    Every failure closes it and raises `BusUnavailable`; `open` begins anew. An exchange that failed
    may or may not have been carried out by the server.
    """

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._wire: RespWire | None = None

    @property
    def is_open(self) -> bool:
        return self._wire is not None and self._wire.is_open

    async def open(self) -> None:
        """Connects anew. Raises `ServerUnsuitable` when the password is refused."""
        await self.close()
        wire: RespWire | None = None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                wire = await self._connect()
            wire.send(self._address.greeting)
            async with asyncio.timeout(ANSWER_SECONDS):
                for _ in self._address.greeting:
                    self._welcome(await wire.reply())
        except ssl.SSLError:
            raise ServerUnsuitable(
                f"no TLS with {self._address.place}: correct KITSU_REDIS_URL (redis:// or rediss://)"
            ) from None
        except (OSError, TimeoutError, NotImplementedError) as error:
            _close(wire)
            raise self._unavailable(error) from None
        except BaseException:
            _close(wire)
            raise
        self._wire = wire

    async def _connect(self) -> RespWire:
        loop, address = asyncio.get_running_loop(), self._address
        if address.path:
            _, wire = await loop.create_unix_connection(RespWire, address.path)
        else:
            _, wire = await loop.create_connection(
                RespWire, address.host, address.port, ssl=address.tls
            )
        return wire

    def _welcome(self, reply: Any) -> None:
        """Raises what its answer to a greeting means, if that is a refusal."""
        if not isinstance(reply, CommandRefused):
            return
        place = self._address.place
        if reply.code in _LATER or _FULL in str(reply):
            raise BusUnavailable(f"the server at {place} takes nobody now ({reply.code})")
        raise ServerUnsuitable(
            f"the server at {place} refuses the user or password ({reply.code[:40]}): "
            "correct KITSU_REDIS_URL"
        )

    async def reopen(self) -> None:
        """As `open`, for a server that was found suitable before: it is only away for now."""
        try:
            await self.open()
        except ServerUnsuitable as error:
            raise BusUnavailable(str(error)) from None

    async def close(self) -> None:
        wire, self._wire = self._wire, None
        _close(wire)

    async def exchange(
        self, commands: Sequence[Command], seconds: float = ANSWER_SECONDS
    ) -> list[Any]:
        """Sends all commands at once and returns their replies in order.

        An error reply stands in its place as a `CommandRefused`.
        """
        wire = self._present()
        try:
            wire.send(commands)
            async with asyncio.timeout(seconds):
                return [await wire.reply() for _ in commands]
        except OSError as error:  # a timeout is one too
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
        try:
            self._present().send([command])
        except OSError as error:
            await self.close()
            raise self._unavailable(error) from None

    async def receive(self, seconds: float) -> Any | None:
        """The next message of a connection that listens; None when none came in that time."""
        wire = self._present()
        try:
            async with asyncio.timeout(seconds):
                return await wire.reply()
        except TimeoutError:
            return None
        except OSError as error:
            await self.close()
            raise self._unavailable(error) from None

    def _present(self) -> RespWire:
        if self._wire is None:
            raise BusUnavailable(f"no connection to the server at {self._address.place}")
        return self._wire

    def _unavailable(self, error: BaseException) -> BusUnavailable:
        place = self._address.place
        if isinstance(error, TimeoutError):
            return BusUnavailable(f"the server at {place} does not answer: is it running?")
        reason = getattr(error, "strerror", None) or type(error).__name__
        return BusUnavailable(f"no connection to the server at {place} ({reason})")


def _close(wire: RespWire | None) -> None:
    if wire is not None:
        wire.close()
