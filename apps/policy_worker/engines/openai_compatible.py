"""Any server that speaks OpenAI's chat API: OpenAI, Gemini, DeepSeek, Mistral, OpenRouter, LM
Studio, llama.cpp, vLLM and others, by base address and key.

Over httpx: the parts of the protocol that a reply needs are small, and how a stream ends is what
matters most here (see docs/decisions).
"""

import asyncio
import email.utils
import math
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from apps.policy_worker.engines.base import Capabilities, Pieces, ReplyRequest
from apps.policy_worker.engines.errors import (
    ConnectionBroken,
    EngineUnreachable,
    ReplyCutOff,
    ReplyGarbled,
    ReplyStalled,
    RequestRefused,
)
from apps.policy_worker.engines.openai_chunks import ChunkReader, error_of
from apps.policy_worker.engines.openai_request import RequestForm
from apps.policy_worker.engines.prompt import Prompt, prompt_of
from apps.policy_worker.engines.server_sent_events import EventStream, EventTooLong
from libs.settings.model_servers import is_this_machine, shown

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 3.0
#: Longer than anybody waits for a piece: whoever listens has a bound of their own.
READ_SECONDS = 120.0
PROBE_SECONDS = 3.0
#: A server that was well is not looked at again before this; it may be far away and count requests.
WELL_FOR_SECONDS = 60.0
#: An hour: nobody is left alone for longer, whatever a header says.
MAXIMUM_PAUSE_SECONDS = 3_600.0
#: How often one request may change its form.
MAXIMUM_FORMS = 4
#: After the word that the reply is over, the count of tokens and the close may take so long.
AFTERWORD_SECONDS = 0.2
#: Of a refusal this much is read, to learn what was wrong with the request.
_REFUSAL_BYTES = 4_000

_SHUT = {
    401: "does not accept the key: check OPENAI_API_KEY",
    402: "has no credit left for this key: top up the account",
    403: "does not accept the key: check OPENAI_API_KEY",
}


class OpenAICompatibleEngine:
    """Streams from one model of one server. Raises only `EngineError`s; closing a reply closes its
    connection. The key goes nowhere but to that server, and no text of a server into an error."""

    name = "openai"
    keep_alive_seconds: float = math.inf
    """Such servers tell nobody when they let go of a model, and most never do."""
    capabilities = Capabilities(vision=True, tools=True, json=True, usage=True)

    def __init__(self, base_url: str, key: str, model: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._form = RequestForm(model)
        self.label = f"{shown(base_url)} ({model or 'no model named'})"
        self._client: httpx.AsyncClient | None = None
        self._well_until = 0.0
        self._shut_until = 0.0
        self.host = shown(base_url)
        self.complaint = ""

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        if self._client is not None:
            with suppress(RuntimeError):
                await self._client.aclose()
            self._client = None

    @property
    def model(self) -> str:
        return self._form.model

    async def warm(self) -> None:
        """Loads the client in a thread; else the first request waits for it."""
        if self._client is None:
            client = await asyncio.to_thread(self._make_client)
            self._client = self._client or client

    # Whether it is there ----------------------------------------------------------------------

    async def available(self) -> bool:
        now = time.monotonic()
        if now < self._shut_until:
            return False
        if now < self._well_until:
            return True
        self.complaint = ""
        there = await self._look()
        if there:
            self._well_until = time.monotonic() + WELL_FOR_SECONDS
        return there

    async def _look(self) -> bool:
        await self.warm()
        from libs.worker.plain_httpx import httpx

        try:
            answer = await self._connected().get("/models", timeout=PROBE_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL):
            self.complaint = f"{self.host} does not answer: check OPENAI_BASE_URL and the network"
            return False
        if answer.status_code in _SHUT:
            self._shut(answer.status_code)
            return False
        if answer.status_code >= 500:
            self.complaint = f"{self.host} is out of order (status {answer.status_code})"
            return False
        return self._has_model(_listed(answer))

    def _has_model(self, listed: list[str]) -> bool:
        """A list without the model is only a warning: not every server lists all it has."""
        model = self._form.model
        if not model and listed and is_this_machine(self._base_url):
            self._form.model = model = listed[0]
            self.label = f"{self.host} ({model})"
        if not model:
            self.complaint = f"no model is named for {self.host}: set OPENAI_MODEL"
            return False
        if listed and not any(name == model or name.endswith(f"/{model}") for name in listed):
            self.complaint = f"{self.host} does not list {model}: check OPENAI_MODEL"
        return True

    def _shut(self, status: int) -> None:
        """The key or the account is not taken: nothing is sent for a while."""
        self.complaint = f"{self.host} {_SHUT[status]}"
        self._shut_until = time.monotonic() + WELL_FOR_SECONDS

    # Replies ----------------------------------------------------------------------------------

    def reply(self, request: ReplyRequest) -> Pieces:
        return self.ask(prompt_of(request))

    async def ask(self, prompt: Prompt) -> Pieces:
        """The pieces of the answer to any prompt. Raises `EngineError`."""
        await self.warm()
        for _ in range(MAXIMUM_FORMS):
            try:
                async with aclosing(self._pieces(prompt)) as pieces:
                    async for piece in pieces:
                        yield piece
            except _OtherFormWanted:  # comes before any piece
                continue
            return
        raise RequestRefused("no form of the request is taken")

    async def _pieces(self, prompt: Prompt) -> Pieces:
        reader = ChunkReader()
        with _as_engine_errors():
            async with aclosing(self._events(prompt, reader)) as events:
                async for data in events:
                    for piece in reader.read(data):
                        yield piece
        if not reader.whole:
            raise ReplyCutOff("the stream ended without a word")
        for piece in reader.finish():
            yield piece

    async def _events(self, prompt: Prompt, reader: ChunkReader) -> AsyncGenerator[str, None]:
        """The data of the stream's events, until the reader knows that all is said."""
        stream = EventStream()
        body = self._form.body(prompt)
        async with self._connected().stream("POST", "/chat/completions", json=body) as answer:
            if answer.status_code != 200:
                await self._refused(answer)
            async for piece in _until_over(answer, reader):
                for data in stream.feed(piece):
                    yield data
            for data in stream.finish():
                yield data

    async def _refused(self, answer: "httpx.Response") -> None:
        """Raises what the status means, or `_OtherFormWanted`."""
        self._well_until = 0.0
        if answer.status_code in _SHUT:
            self._shut(answer.status_code)
        if answer.status_code in (400, 422):
            text = ""
            async for piece in answer.aiter_text():
                text += piece
                if len(text) > _REFUSAL_BYTES:
                    break
            if self._form.give_way(text):
                raise _OtherFormWanted
        raise error_of(answer.status_code, _pause_of(answer.headers.get("retry-after", "")))

    def _connected(self) -> "httpx.AsyncClient":
        if self._client is None:
            self._client = self._make_client()
        return self._client

    def _make_client(self) -> "httpx.AsyncClient":
        from libs.worker.plain_httpx import authorities_for, httpx

        return httpx.AsyncClient(
            base_url=self._base_url,
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=not is_this_machine(self._base_url),  # no proxy on the way to ourselves
            verify=authorities_for(self._base_url),
        )


@contextmanager
def _as_engine_errors() -> Iterator[None]:
    from libs.worker.plain_httpx import httpx

    try:
        yield
    except EventTooLong:
        raise ReplyGarbled("an event without end") from None
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise EngineUnreachable("no connection") from None
    except httpx.TimeoutException:
        raise ReplyStalled("timeout") from None
    except httpx.HTTPError as error:
        raise ConnectionBroken(type(error).__name__) from None


async def _until_over(answer: "httpx.Response", reader: ChunkReader) -> AsyncGenerator[bytes, None]:
    """The bytes of the answer. Some servers keep the connection open when all is said."""
    if answer.headers.get("content-type", "").startswith("application/json"):
        yield b"data: " + (await answer.aread()).replace(b"\n", b" ") + b"\n\n"  # not streamed
        return
    pieces = answer.aiter_bytes()
    while not reader.done:
        try:
            async with asyncio.timeout(AFTERWORD_SECONDS if reader.whole else None):
                piece = await anext(pieces, None)
        except TimeoutError:
            return
        if piece is None:
            return
        yield piece


class _OtherFormWanted(Exception):
    """The server does not know a part of the request that can be done without."""


def _listed(answer: "httpx.Response") -> list[str]:
    """The names in an answer to `/models`; none where that is something else."""
    try:
        document: Any = answer.json()
    except (ValueError, RecursionError):
        return []
    data = document.get("data") if isinstance(document, dict) else None
    entries = data if isinstance(data, list) else []
    names = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return [name for name in names if isinstance(name, str)]


def _pause_of(retry_after: str) -> float:
    """Seconds of a `Retry-After` header: a number, or a date (RFC 9110, section 10.2.3)."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), MAXIMUM_PAUSE_SECONDS) if seconds == seconds else 0.0
