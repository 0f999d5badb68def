"""Ollama: a language model on this or another machine, over its native API.

The client package and its HTTP stack are imported when a server is there, not before: they are the
largest part of this process's memory.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, cast

from apps.policy_worker.engines.address import answers
from apps.policy_worker.engines.base import (
    Capabilities,
    Piece,
    Pieces,
    ReplyRequest,
    Thought,
    ToolCall,
    Truncated,
    Usage,
)
from apps.policy_worker.engines.errors import EngineError, ReplyCutOff
from apps.policy_worker.engines.ollama_errors import ThinkingRefused, as_engine_errors
from apps.policy_worker.engines.prompt import Message, Prompt, prompt_of
from libs.settings.model_servers import is_this_machine, shown

if TYPE_CHECKING:
    from ollama import AsyncClient, ChatResponse

CONNECT_SECONDS = 2.0
#: Longer than anybody waits for a piece: whoever listens has a bound of their own.
READ_SECONDS = 120.0
#: How long the server keeps the model loaded after a reply.
KEEP_ALIVE_SECONDS = 1_800
KEEP_ALIVE = f"{KEEP_ALIVE_SECONDS // 60}m"
PROBE_SECONDS = 1.0
#: A model that is loaded sooner is there at the first probe.
QUICK_LOAD_SECONDS = 0.5


class OllamaEngine:
    """Streams from one model of one server. Raises only `EngineError`s; closing a reply closes its
    connection, and the server stops writing. The model is loaded before the first turn needs it."""

    name = "ollama"
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS

    def __init__(self, url: str, model: str, preload: bool = True) -> None:
        self._url = url
        self.model = model
        self._preload = preload
        self._client: AsyncClient | None = None
        self._send_think = True
        """Models that think do so unless told not to; very old servers refuse to be told."""
        self._loading: asyncio.Task[None] | None = None
        self.label = f"Ollama ({model})"
        self.complaint = ""
        self.capabilities = Capabilities(usage=True, json=True)
        self.host = shown(url)

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        if self._client is not None:
            with suppress(RuntimeError):
                await self._client._client.aclose()
            self._client = None

    async def warm(self) -> None:
        """Loads the client in a thread; else the first request waits for a second for it."""
        if self._client is None:
            client = await asyncio.to_thread(self._make_client)
            self._client = self._client or client

    # Whether it is there ----------------------------------------------------------------------

    async def available(self) -> bool:
        """First a bare connection, which costs nothing; then whether the model is there."""
        self.complaint = await self._find_complaint()
        if self.complaint:
            self._forget_loading()
        return not self.complaint

    async def _find_complaint(self) -> str:
        if not await answers(self._url, PROBE_SECONDS):
            return f"Ollama does not answer at {self.host}: start it with `ollama serve`"
        await self.warm()
        try:
            async with asyncio.timeout(PROBE_SECONDS * 2):
                names = set(await self.model_names())
                if self.model not in names and f"{self.model}:latest" not in names:
                    return f"Ollama has no model {self.model}: run `ollama pull {self.model}`"
                await self._learn_capabilities()
        except (EngineError, TimeoutError):
            return f"Ollama at {self.host} does not answer properly: restart it"
        return await self._load_soon()

    async def model_names(self) -> list[str]:
        """What the server has. Raises `EngineError`."""
        with as_engine_errors():
            listed = await self.client().list()
        return [str(model.model) for model in listed.models]

    async def _learn_capabilities(self) -> None:
        with as_engine_errors():
            told = (await self.client().show(self.model)).capabilities or []
        self.capabilities = Capabilities(
            vision="vision" in told, tools="tools" in told, json=True, usage=True
        )

    async def _load_soon(self) -> str:
        """Has the server load the model. Returns a complaint while that goes on."""
        if not self._preload:
            return ""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load(), name="load model")
        done, _ = await asyncio.wait({self._loading}, timeout=QUICK_LOAD_SECONDS)
        return "" if done else f"Ollama is loading {self.model}"

    async def _load(self) -> None:
        """An empty chat only loads. What is wrong with it, the first turn will say."""
        with suppress(EngineError), as_engine_errors():
            await self.client().chat(model=self.model, messages=[], keep_alive=KEEP_ALIVE)

    def _forget_loading(self) -> None:
        if self._loading is not None and self._loading.done():
            self._loading = None

    # Replies ----------------------------------------------------------------------------------

    def reply(self, request: ReplyRequest) -> Pieces:
        return self.ask(prompt_of(request))

    async def ask(self, prompt: Prompt) -> Pieces:
        """The pieces of the answer to any prompt. Raises `EngineError`."""
        await self.warm()
        try:
            async with aclosing(self._pieces(prompt)) as pieces:
                async for piece in pieces:
                    yield piece
        except ThinkingRefused:  # comes before any piece
            if not self._send_think:
                raise
            self._send_think = False
            async with aclosing(self._pieces(prompt)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _pieces(self, prompt: Prompt) -> Pieces:
        whole = False
        with as_engine_errors():
            stream = await self._ask(prompt)
        try:
            while True:
                with as_engine_errors():
                    answer = await anext(stream, None)
                if answer is None:
                    break
                whole = bool(answer.done)
                for piece in _pieces_of(answer):
                    yield piece
        finally:
            await stream.aclose()
        if not whole:
            raise ReplyCutOff(self.label)

    async def _ask(self, prompt: Prompt) -> AsyncGenerator["ChatResponse", None]:
        stream = await self.client().chat(
            model=self.model,
            messages=[_wire_message(message) for message in prompt.messages],
            tools=[tool.as_json() for tool in prompt.tools] or None,
            stream=True,
            format=cast(Any, prompt.json_schema),
            think=False if self._send_think else None,
            keep_alive=KEEP_ALIVE,
            options={"num_predict": prompt.maximum_tokens, "temperature": prompt.temperature},
        )
        return cast("AsyncGenerator[ChatResponse, None]", stream)

    def client(self) -> "AsyncClient":
        if self._client is None:
            self._client = self._make_client()
        return self._client

    def _make_client(self) -> "AsyncClient":
        from libs.worker.plain_httpx import authorities_for, httpx  # before ollama, which loads it

        from ollama import AsyncClient  # isort: skip

        return AsyncClient(
            host=self._url,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=not is_this_machine(self._url),  # no proxy on the way to ourselves
            verify=authorities_for(self._url),
        )


def _pieces_of(answer: "ChatResponse") -> Iterator[Piece]:
    message = answer.message
    if message.thinking:
        yield Thought(message.thinking)
    if message.content:
        yield message.content
    for number, call in enumerate(message.tool_calls or ()):
        yield ToolCall(str(number), call.function.name, dict(call.function.arguments))
    if answer.done_reason == "length":
        yield Truncated()
    if answer.done:
        yield Usage(answer.prompt_eval_count or 0, answer.eval_count or 0)


def _wire_message(message: Message) -> Mapping[str, Any]:
    found: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_name:
        found["tool_name"] = message.tool_name
    if message.pictures:
        found["images"] = [picture.data for picture in message.pictures]
    if message.tool_calls:
        found["tool_calls"] = [
            {"function": {"name": call.name, "arguments": dict(call.arguments)}}
            for call in message.tool_calls
        ]
    return found
