"""Ollama: a language model on this or another machine, over its native API.

The client package and its HTTP stack are imported when a server is there, not before: they are the
largest part of this process's memory.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from apps.policy_worker.engines.base import (
    ConnectionBroken,
    EngineBusy,
    EngineError,
    EngineFailed,
    EngineUnreachable,
    ModelMissing,
    NoFirstToken,
    ReplyCutOff,
    ReplyGarbled,
    ReplyRequest,
    ReplyStalled,
    RequestRefused,
)
from apps.policy_worker.engines.prompt import messages_of

if TYPE_CHECKING:
    from ollama import AsyncClient, ChatResponse

CONNECT_SECONDS = 2.0
#: Loading a model and reading the prompt may take this long.
FIRST_TOKEN_SECONDS = 5.0
#: After the first one, tokens come many times a second.
NEXT_TOKEN_SECONDS = 2.0
#: A spoken reply is short; a model that rambles is stopped here.
MAXIMUM_TOKENS = 300
#: How long the server keeps the model loaded after a reply.
KEEP_ALIVE = "30m"
PROBE_SECONDS = 1.0

#: The status the client gives an error that came inside a running stream.
_IN_STREAM = -1


class OllamaEngine:
    """Streams from one model of one server. Raises only `EngineError`s; closing a reply closes its
    connection, and the server stops writing."""

    name = "ollama"

    def __init__(self, url: str, model: str) -> None:
        self._url = url
        self._model = model
        self._client: AsyncClient | None = None
        self._send_think = True
        """Models that think do so unless told not to; very old servers refuse to be told."""
        self.label = f"Ollama ({model})"
        self.complaint = ""

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        if self._client is not None:
            with suppress(RuntimeError):
                await self._client._client.aclose()
            self._client = None

    async def available(self) -> bool:
        """First a bare connection, which costs nothing; then whether the model is there."""
        self.complaint = await self._find_complaint()
        return not self.complaint

    async def _find_complaint(self) -> str:
        if not await self._answers():
            return f"Ollama does not answer at {_host_of(self._url)}: start it with `ollama serve`"
        try:
            with _as_engine_errors():
                async with asyncio.timeout(PROBE_SECONDS * 2):
                    listed = await self._connected().list()
        except (EngineError, TimeoutError):
            return f"Ollama at {_host_of(self._url)} does not answer properly: restart it"
        names = {str(model.model) for model in listed.models}
        if self._model in names or f"{self._model}:latest" in names:
            return ""
        return f"Ollama has no model {self._model}: run `ollama pull {self._model}`"

    async def _answers(self) -> bool:
        address = urlsplit(self._url)
        port = address.port or (443 if address.scheme == "https" else 80)
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                _, writer = await asyncio.open_connection(address.hostname, port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[str, None]:
        try:
            async with aclosing(self._texts(request)) as texts:
                async for text in texts:
                    yield text
        except RequestRefused as error:  # comes before any text
            if not self._send_think or "think" not in str(error):
                raise
            self._send_think = False
            async with aclosing(self._texts(request)) as texts:
                async for text in texts:
                    yield text

    async def _texts(self, request: ReplyRequest) -> AsyncGenerator[str, None]:
        whole = False
        with _as_engine_errors():
            stream = await self._ask(request)
        try:
            async for piece in _in_time(stream):
                whole = bool(piece.done)
                if piece.message.content:
                    yield piece.message.content
        finally:
            await stream.aclose()
        if not whole:
            raise ReplyCutOff(self.label)

    async def _ask(self, request: ReplyRequest) -> AsyncGenerator["ChatResponse", None]:
        stream = await self._connected().chat(
            model=self._model,
            messages=messages_of(request),
            stream=True,
            think=False if self._send_think else None,
            keep_alive=KEEP_ALIVE,
            options={
                "num_predict": MAXIMUM_TOKENS,
                "temperature": round(0.6 + 0.6 * request.turn.persona.chaos, 2),
            },
        )
        return cast("AsyncGenerator[ChatResponse, None]", stream)

    def _connected(self) -> "AsyncClient":
        if self._client is None:
            import httpx
            from ollama import AsyncClient

            timeout = httpx.Timeout(FIRST_TOKEN_SECONDS + 1, connect=CONNECT_SECONDS)
            self._client = AsyncClient(host=self._url, timeout=timeout)
        return self._client


async def _in_time(
    stream: AsyncGenerator["ChatResponse", None],
) -> AsyncGenerator["ChatResponse", None]:
    """The stream's pieces; all its errors, and pieces that come too late, are `EngineError`s."""
    now = asyncio.get_running_loop().time
    deadline, late = now() + FIRST_TOKEN_SECONDS, cast(type[EngineError], NoFirstToken)
    while True:
        with _as_engine_errors():
            try:
                async with asyncio.timeout_at(deadline):
                    piece = await anext(stream, None)
            except TimeoutError:
                raise late("no token in time") from None
        if piece is None:
            return
        if piece.message.content:
            late = ReplyStalled
        if late is ReplyStalled:
            deadline = now() + NEXT_TOKEN_SECONDS
        yield piece


@contextmanager
def _as_engine_errors() -> Iterator[None]:
    """Which exception of the client means what (ollama 0.6): its own `ResponseError` for an error
    status (at the first piece) and for an error inside the stream (status -1); builtin
    `ConnectionError` or httpx's for transport; JSON errors come through as they are."""
    import httpx
    import ollama

    try:
        yield
    except ollama.ResponseError as error:
        raise _of_status(error.status_code, error.error) from None
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise EngineUnreachable(str(error)) from None
    except (httpx.ReadTimeout, httpx.PoolTimeout) as error:
        raise ReplyStalled(str(error)) from None
    except httpx.HTTPError as error:
        raise ConnectionBroken(str(error)) from None
    except ConnectionError as error:
        raise EngineUnreachable(str(error)) from None
    except ValueError as error:  # broken JSON, or JSON that is no chat response
        raise ReplyGarbled(str(error)) from None


def _of_status(status: int, message: Any) -> EngineError:
    kinds: dict[int, type[EngineError]] = {
        _IN_STREAM: EngineFailed,
        404: ModelMissing,
        429: EngineBusy,
        503: EngineBusy,
    }
    kind = kinds.get(status, EngineFailed if status >= 500 else RequestRefused)
    return kind(str(message)[:200])


def _host_of(url: str) -> str:
    """Host and port, without a password that may stand in the address."""
    address = urlsplit(url)
    return f"{address.hostname}:{address.port}" if address.port else str(address.hostname)
