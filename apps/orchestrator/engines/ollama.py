"""Vectors by Ollama's `/api/embed` (docs/api.md, Generate Embeddings).

The client package and its HTTP stack are imported when they are used: they are large.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from apps.orchestrator.engines.base import (
    EmbeddingError,
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
    from ollama import AsyncClient

CONNECT_SECONDS = 2.0
#: Longer than anybody waits: whoever asks has a bound of their own.
READ_SECONDS = 60.0
#: How long the server keeps the model loaded.
KEEP_ALIVE = "30m"


class OllamaEmbedding:
    """One model of one server. Raises only `EmbeddingError`s."""

    name = "ollama"

    def __init__(self, url: str, model: str) -> None:
        self._url = url
        self._asked_model = model
        self.model = f"ollama/{model}"
        self.label = f"Ollama at {shown(url)} ({model})"
        self._connected: AsyncClient | None = None

    async def stop(self) -> None:
        if self._connected is not None:
            with suppress(RuntimeError):
                await self._connected._client.aclose()
            self._connected = None

    async def embed(self, texts: Sequence[str]) -> Vectors:
        client = self._client()
        with _as_embedding_errors():
            answer = await client.embed(
                model=self._asked_model, input=list(texts), truncate=True, keep_alive=KEEP_ALIVE
            )
            return unit_vectors(answer.embeddings, len(texts))

    def _client(self) -> "AsyncClient":
        if self._connected is None:
            from libs.worker.plain_httpx import authorities_for, httpx  # before ollama loads it

            from ollama import AsyncClient  # isort: skip

            self._connected = AsyncClient(
                host=self._url,
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                follow_redirects=False,
                trust_env=not is_this_machine(self._url),  # no proxy on the way to ourselves
                verify=authorities_for(self._url),
            )
        return self._connected


@contextmanager
def _as_embedding_errors() -> Iterator[None]:
    """The client (version 0.6) lets transport and JSON errors through as they are, and looks into
    the answer unseen; without a server it raises the builtin `ConnectionError`."""
    import httpx
    import ollama

    try:
        yield
    except EmbeddingError:
        raise
    except ollama.ResponseError as error:
        raise error_of(error.status_code) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError):
        raise Unreachable("no connection") from None
    except httpx.TimeoutException:
        raise TooSlow("timeout") from None
    except httpx.HTTPError as error:
        raise Failed(type(error).__name__) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Garbled(type(error).__name__) from None
