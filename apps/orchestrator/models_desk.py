"""Which models answer, and pulling one: asked of the policy worker on its own port."""

from typing import Annotated, Any

import httpx
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from apps.orchestrator.roster import Roster
from apps.orchestrator.show_panic import reachable
from libs.settings import ShowSettings
from libs.worker.access import Access, Scope
from libs.worker.problems import Problem

#: The policy worker itself asks Ollama for what it says here.
ANSWER_SECONDS = 8.0
CONNECT_SECONDS = 1.0
#: Of a refusal this much is read.
REFUSAL_BYTES = 10_000

MODULE = "policy_worker"
STEP = "Start it anew: kitsu restart policy_worker."

Short = Annotated[str, StringConstraints(max_length=200)]
Line = Annotated[str, StringConstraints(max_length=1_000)]


class Engine(BaseModel):
    """`there`: it can be asked now; `first`: it is asked first."""

    engine: Short
    label: Short
    model: Short = ""
    complaint: Line = ""
    there: bool = False
    first: bool = False


class ListedModel(BaseModel):
    name: Short
    size_bytes: int = 0


class Ollama(BaseModel):
    address: Short = ""
    answers: bool = False
    models: list[ListedModel] = Field(default=[], max_length=1_000)


class Pull(BaseModel):
    model: Short
    status: Short = ""
    completed_bytes: int = 0
    total_bytes: int = 0
    percent: float = 0.0
    done: bool = False
    ok: bool = False
    reason: Short = ""
    message: Line = ""


class ModelsTold(BaseModel):
    """`functions` by name (chat, code, vision): who is asked, in order."""

    functions: dict[Short, list[Engine]] = Field(max_length=20)
    ollama: Ollama
    missing: list[Short] = Field(default=[], max_length=20)
    """What Ollama is to answer with and does not have."""
    pull: Pull | None = None


class ModelsDesk:
    """Promises: whatever stands on the policy worker's port, the answer is of the right shape or a
    `Problem` with the step that mends it."""

    def __init__(self, settings: ShowSettings, roster: Roster) -> None:
        self._host = reachable(settings.kitsu_host)
        self._roster = roster
        token = Access(settings.kitsu_data_dir).token(Scope.OPERATOR)
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def told(self) -> ModelsTold:
        answer = await self._ask("GET", "/models")
        try:
            return ModelsTold.model_validate_json(answer)
        except ValidationError:
            raise _not_there() from None

    async def pull(self, model: str) -> ModelsTold:
        """Begins a pull, or finds it running. It goes on by itself; `told` says how far it is."""
        await self._ask("POST", "/models/pull", {"model": model}, whole=False)
        return await self.told()

    async def stop_pull(self) -> ModelsTold:
        await self._ask("DELETE", "/models/pull")
        return await self.told()

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, whole: bool = True
    ) -> bytes:
        """What the first instance that answers says. `whole`: its body is waited for."""
        for port in self._roster.ports(MODULE):
            url = f"http://{self._host}:{port}{path}"
            try:
                async with self._client.stream(method, url, json=body) as answer:
                    if answer.status_code >= 400:
                        raise _refusal(answer.status_code, await _bounded(answer, REFUSAL_BYTES))
                    return await _bounded(answer, 1_000_000) if whole else b""
            except httpx.HTTPError:
                continue
        raise _not_there()


def _not_there() -> Problem:
    return Problem(503, "The brain does not answer", STEP, "unreachable")


async def _bounded(answer: httpx.Response, maximum_bytes: int) -> bytes:
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > maximum_bytes:
            break
    return body[:maximum_bytes]


class _Refusal(BaseModel):
    title: Short
    detail: Line = ""
    code: Short = ""


def _refusal(status: int, body: bytes) -> Problem:
    """What the policy worker refused, in its words; anything else that refuses is not it."""
    try:
        told = _Refusal.model_validate_json(body)
    except ValidationError:
        return _not_there()
    if status in (401, 403, 404):
        return _not_there()
    return Problem(status, told.title, told.detail, told.code)
