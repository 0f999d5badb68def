"""Vectors by any server that speaks OpenAI's `/v1/embeddings` (API reference, Embeddings)."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from apps.orchestrator.engines.base import (
    Failed,
    Garbled,
    TooSlow,
    Unreachable,
    Vectors,
    error_of,
    unit_vectors,
)
from libs.settings.model_servers import is_this_machine, shown

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 3.0
#: Longer than anybody waits: whoever asks has a bound of their own.
READ_SECONDS = 60.0
#: An answer is not larger: 64 texts of 8,192 numbers with twenty digits each.
MAXIMUM_BYTES = 12_000_000


class OpenAICompatibleEmbedding:
    """One model of one server. Raises only `EmbeddingError`s. The key goes nowhere but to that
    server, and no text of a server into an error."""

    name = "openai"

    def __init__(self, base_url: str, key: str, model: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._asked_model = model
        self.model = f"openai/{model}"
        self.label = f"{shown(base_url)} ({model})"
        self._connected: httpx.AsyncClient | None = None

    async def stop(self) -> None:
        if self._connected is not None:
            with suppress(RuntimeError):
                await self._connected.aclose()
            self._connected = None

    async def embed(self, texts: Sequence[str]) -> Vectors:
        body = {"model": self._asked_model, "input": list(texts), "encoding_format": "float"}
        with _as_embedding_errors():
            async with self._client().stream("POST", "/embeddings", json=body) as answer:
                if answer.status_code != 200:
                    raise error_of(answer.status_code)
                raw = await _bounded(answer)
        return unit_vectors(_in_order(raw, len(texts)), len(texts))

    def _client(self) -> "httpx.AsyncClient":
        if self._connected is None:
            from libs.worker.plain_httpx import authorities_for, httpx

            self._connected = httpx.AsyncClient(
                base_url=self._base_url,
                headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                follow_redirects=False,
                trust_env=not is_this_machine(self._base_url),  # no proxy on the way to ourselves
                verify=authorities_for(self._base_url),
            )
        return self._connected


async def _bounded(answer: "httpx.Response") -> bytes:
    raw = bytearray()
    async for piece in answer.aiter_bytes():
        raw += piece
        if len(raw) > MAXIMUM_BYTES:
            raise Garbled("an answer without end")
    return bytes(raw)


def _in_order(raw: bytes, count: int) -> list[Any]:
    """The vectors in the order of their texts, which each of them names."""
    try:
        document: Any = json.loads(raw)
        placed = {entry["index"]: entry["embedding"] for entry in document["data"]}
        return [placed[index] for index in range(count)]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Garbled("not a list of embeddings") from None


@contextmanager
def _as_embedding_errors() -> Iterator[None]:
    import httpx

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise Unreachable("no connection") from None
    except httpx.TimeoutException:
        raise TooSlow("timeout") from None
    except httpx.HTTPError as error:
        raise Failed(type(error).__name__) from None
