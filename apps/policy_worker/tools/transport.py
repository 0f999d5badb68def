"""The ways to an MCP server: its standard input and output, or streamable HTTP.

The client package is imported when the first server is opened: it is large, and most shows have no
tools.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from apps.policy_worker.tools.server_log import ServerLog
from apps.policy_worker.tools_file import ServerSettings
from libs.settings.model_servers import is_this_machine
from libs.telemetry.redaction import Redactor

if TYPE_CHECKING:
    import httpx2
    from mcp import Client

CONNECT_SECONDS = 5.0
#: A server may hold a stream open without a word; calls have bounds of their own.
READ_SECONDS = 300.0
#: Largest answer over HTTP.
MAXIMUM_ANSWER_BYTES = 16 * 1024 * 1024


class VariableMissing(Exception):
    """A variable that the file names is not set; the argument is its name."""


def values_of(settings: ServerSettings) -> dict[str, str]:
    """The variables that a server is given. Raises `VariableMissing`."""
    names = [*settings.environment, *([settings.bearer_from] if settings.bearer_from else [])]
    found = {name: os.environ.get(name, "") for name in names}
    for name, value in found.items():
        if not value:
            raise VariableMissing(name)
    return found


@asynccontextmanager
async def connected(
    name: str, settings: ServerSettings, gone: asyncio.Event
) -> AsyncIterator["Client"]:
    """A client whose handshake is done. `gone` is set when nothing can come from the server any
    more. It is asked for tools only: it may not ask us for anything.

    Raises `VariableMissing`, `OSError`, or what the client package raises, also in groups.
    """
    from mcp import Client

    values = values_of(settings)
    way = _over_http(settings, values) if settings.url else _as_child(name, settings, values)
    async with Client(_Watched(way, gone), cache=None) as client:
        yield client


@asynccontextmanager
async def _as_child(
    name: str, settings: ServerSettings, values: dict[str, str]
) -> AsyncIterator[Any]:
    """The package gives a child what its system needs of our environment, and `env` beside it; it
    ends the whole tree of the child's processes with the connection."""
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    log = ServerLog(name, Redactor(values.values()))
    try:
        program = StdioServerParameters(
            command=settings.command,
            args=list(settings.arguments),
            env=values,
            encoding_error_handler="replace",
        )
        async with stdio_client(program, errlog=log.file) as streams:
            log.let_go()
            yield streams
    finally:
        log.let_go()


@asynccontextmanager
async def _over_http(settings: ServerSettings, values: dict[str, str]) -> AsyncIterator[Any]:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    url = str(settings.url)
    token = values.get(settings.bearer_from or "")
    client = httpx2.AsyncClient(
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=httpx2.Timeout(CONNECT_SECONDS, read=READ_SECONDS),
        follow_redirects=False,
        trust_env=not is_this_machine(url),  # no proxy on the way to ourselves
        event_hooks={"response": [_bound]},
    )
    async with client, streamable_http_client(url, http_client=client) as streams:
        yield streams


async def _bound(answer: "httpx2.Response") -> None:
    """Whole answers are bounded here, events of a stream by the package."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, stream: httpx2.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for piece in self._stream:
                size += len(piece)
                if size > MAXIMUM_ANSWER_BYTES:
                    raise httpx2.ReadError("the answer is too large")
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        assert isinstance(answer.stream, httpx2.AsyncByteStream)
        answer.stream = Bounded(answer.stream)


class _Watched:
    """A transport that tells when its incoming side has ended."""

    def __init__(self, way: Any, gone: asyncio.Event) -> None:
        self._way = way
        self._gone = gone

    async def __aenter__(self) -> Any:
        incoming, outgoing = await self._way.__aenter__()
        return _Incoming(incoming, self._gone), outgoing

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._gone.set()
        ended: bool | None = await self._way.__aexit__(kind, error, trace)
        return ended


class _Incoming:
    """The stream of messages from a server; its end is told."""

    def __init__(self, stream: Any, gone: asyncio.Event) -> None:
        self._stream = stream
        self._gone = gone

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await anext(self._stream)
        except BaseException:
            self._gone.set()
            raise

    async def receive(self) -> Any:
        try:
            return await self._stream.receive()
        except BaseException:
            self._gone.set()
            raise

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._gone.set()
        ended: bool | None = await self._stream.__aexit__(kind, error, trace)
        return ended
