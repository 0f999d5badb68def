"""What models an Ollama server has, and getting more."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from apps.policy_worker.engines.errors import ModelMissing, ReplyCutOff
from apps.policy_worker.engines.ollama_errors import as_engine_errors
from libs.safety import clean_chat
from libs.settings.model_servers import is_this_machine, shown

if TYPE_CHECKING:
    from ollama import AsyncClient, ProgressResponse

CONNECT_SECONDS = 2.0
#: Checking twenty gigabytes against their digest says nothing for minutes.
SILENCE_SECONDS = 600.0
LIST_SECONDS = 3.0


@dataclass(frozen=True)
class Listed:
    name: str
    size_bytes: int


@dataclass(frozen=True)
class Progress:
    """How far a pull is. Totals grow, for the server tells of each layer when it comes to it."""

    status: str
    completed_bytes: int = 0
    total_bytes: int = 0


class OllamaCatalogue:
    """A connection of its own for each question: these are rare, and a pull takes long."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.host = shown(url)

    async def models(self) -> list[Listed]:
        """Raises `EngineError`."""
        client = self._client(LIST_SECONDS)
        try:
            with as_engine_errors():
                found = (await client.list()).models
        finally:
            await _close(client)
        return [Listed(str(model.model), int(model.size or 0)) for model in found]

    async def pull(self, model: str) -> AsyncGenerator[Progress, None]:
        """Has the server fetch a model; closing this early stops that. Raises `EngineError`:
        `ModelMissing` when there is no such model anywhere."""
        client = self._client(SILENCE_SECONDS)
        layers: dict[str, tuple[int, int]] = {}
        last = ""
        try:
            with _as_pull_errors():
                stream = await client.pull(model, stream=True)
                lines = cast("AsyncGenerator[ProgressResponse, None]", stream)
                async with aclosing(lines):
                    async for line in lines:
                        last = str(line.status)
                        if line.digest:
                            layers[line.digest] = (line.completed or 0, line.total or 0)
                        yield Progress(
                            clean_chat(last, 100),
                            sum(done for done, _ in layers.values()),
                            sum(total for _, total in layers.values()),
                        )
        finally:
            await _close(client)
        if last != "success":
            raise ReplyCutOff("the pull ended without success")

    def _client(self, read_seconds: float) -> "AsyncClient":
        from libs.worker.plain_httpx import authorities_for, httpx  # before ollama, which loads it

        from ollama import AsyncClient  # isort: skip

        return AsyncClient(
            host=self._url,
            timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=not is_this_machine(self._url),
            verify=authorities_for(self._url),
        )


async def _close(client: "AsyncClient") -> None:
    with suppress(RuntimeError):
        await client._client.aclose()


@contextmanager
def _as_pull_errors() -> Iterator[None]:
    """An error inside a running pull mostly says that there is no such model."""
    import ollama

    with as_engine_errors():
        try:
            yield
        except ollama.ResponseError as error:
            if "does not exist" in str(error.error):
                raise ModelMissing("no such model") from None
            raise
