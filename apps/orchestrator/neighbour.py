"""Another worker of this show, asked on its own port: whatever stands there."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, StringConstraints, ValidationError

from apps.orchestrator.roster import Roster
from apps.orchestrator.show_panic import reachable
from libs.settings import ShowSettings
from libs.worker.access import Access, Scope
from libs.worker.plain_httpx import httpx
from libs.worker.problems import Problem

CONNECT_SECONDS = 1.0
#: Of an answer and of a refusal this much is read.
ANSWER_BYTES = 1_000_000
REFUSAL_BYTES = 10_000

Short = Annotated[str, StringConstraints(max_length=200)]
Line = Annotated[str, StringConstraints(max_length=1_000)]
Told = TypeVar("Told", bound=BaseModel)


class Neighbour:
    """Promises: an answer is of the right shape, or there is a `Problem` with the step that mends
    it; what refuses in words of ours is quoted, anything else that refuses is not who we asked."""

    def __init__(
        self,
        settings: ShowSettings,
        roster: Roster,
        module: str,
        missing: str,
        answer_seconds: float,
    ) -> None:
        """`missing`: the title of the problem when the right one does not answer."""
        self._host = reachable(settings.kitsu_host)
        self._roster = roster
        self._module = module
        self._missing = missing
        token = Access(settings.kitsu_data_dir).token(Scope.OPERATOR)
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS),
            trust_env=False,
            verify=False,  # plain HTTP on this machine: certificates are not worth reading
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def told(self, shape: type[Told], path: str) -> Told:
        """What it says of itself there. Raises `Problem`."""
        answer = await self.ask("GET", path)
        try:
            return shape.model_validate_json(answer)
        except ValidationError:
            raise self._not_there() from None

    async def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, whole: bool = True
    ) -> bytes:
        """What the first instance that answers says. `whole`: its body is waited for. Raises
        `Problem`."""
        for port in self._roster.ports(self._module):
            url = f"http://{self._host}:{port}{path}"
            try:
                async with self._client.stream(method, url, json=body) as answer:
                    if answer.status_code >= 400:
                        refusal = await _bounded(answer, REFUSAL_BYTES)
                        raise self._refusal(answer.status_code, refusal)
                    return await _bounded(answer, ANSWER_BYTES) if whole else b""
            except httpx.HTTPError:
                continue
        raise self._not_there()

    def _not_there(self) -> Problem:
        step = f"Start it anew: kitsu restart {self._module}."
        return Problem(503, self._missing, step, "unreachable")

    def _refusal(self, status: int, body: bytes) -> Problem:
        try:
            told = _Refusal.model_validate_json(body)
        except ValidationError:
            return self._not_there()
        if status in (401, 403) or (status == 404 and not told.code):
            return self._not_there()
        return Problem(status, told.title, told.detail, told.code)


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
