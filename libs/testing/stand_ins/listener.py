"""What every HTTP stand-in does: listen on loopback, serve connections, remember requests."""

import abc
import asyncio
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from libs.testing.stand_ins.embedding_faults import MetEmbedding
from libs.testing.stand_ins.http_wire import Connection, Request
from libs.testing.stand_ins.model_talk import AsksFor


@dataclass
class SeenChat:
    """One chat request as the server saw it."""

    body: dict[str, Any]
    fault: str = ""
    tokens_sent: int = 0
    outcome: str = "open"
    """open, done, fault, error or client-gone"""


class HttpStandIn(abc.ABC):
    """`async with` it: it listens at `url`. Subclasses answer requests in `route`.

    `faults` are taken one by one by the next chats; `script` holds exact replies for the next ones,
    or the tools that the model asks for.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.faults: deque[str] = deque()
        self.script: deque[str | AsksFor] = deque()
        self.chats: list[SeenChat] = []
        self.embedding_faults: deque[str] = deque()
        """Names of `embedding_faults.FAULTS`, taken one by one by the next requests for vectors."""
        self.embedded: list[list[str]] = []
        """The texts of each request for vectors."""
        self.connections = 0
        """Clients that ever connected."""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def listening(self) -> bool:
        return self._server is not None and self._server.is_serving()

    @abc.abstractmethod
    async def route(self, connection: Connection, request: Request) -> None:
        """Answers one request."""

    async def asked(self, count: int) -> None:
        """Waits until so many chats were asked for."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.chats) >= count)

    async def idle(self) -> None:
        """Waits until no chat is being answered."""
        async with self._changed:
            await self._changed.wait_for(lambda: all(c.outcome != "open" for c in self.chats))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    def next_embedding(self, texts: list[str]) -> MetEmbedding:
        self.embedded.append(texts)
        return MetEmbedding.parse(self.embedding_faults.popleft() if self.embedding_faults else "")

    async def saw(self, chat: SeenChat) -> None:
        self.chats.append(chat)
        await self._tell()

    async def while_listened_to(
        self, connection: Connection, seen: SeenChat, writing: Awaitable[None]
    ) -> None:
        """Writes a reply; stops at once when the client goes away."""
        write = asyncio.ensure_future(writing)
        watch = asyncio.create_task(connection.gone())
        try:
            await asyncio.wait({write, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not write.done():
                seen.outcome = "client-gone"
                raise ConnectionResetError("the client has gone")
            await write
        except ConnectionError:
            seen.outcome = "client-gone" if seen.outcome == "open" else seen.outcome
            raise
        finally:
            for task in (write, watch):
                task.cancel()
            await asyncio.gather(write, watch, return_exceptions=True)
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        connection = Connection(reader, writer)
        try:
            while (request := await connection.next_request()) is not None:
                await self.route(connection, request)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            with suppress(asyncio.CancelledError):
                await connection.close()
