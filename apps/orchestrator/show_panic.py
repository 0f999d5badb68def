"""Panic for the whole show: both routes at once, and an account of who latched."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from apps.orchestrator.panel.protocol import StudioPanicStatus
from apps.orchestrator.roster import Roster
from libs.contracts.control import EngagePanic, ReleasePanic
from libs.contracts.envelope import Event
from libs.contracts.modules import MODULES
from libs.settings import ShowSettings
from libs.worker.access import Access, Scope
from libs.worker.panic_control import LATCH_NAME
from libs.worker.plain_httpx import httpx

#: A module that has not answered after this long is reported as unreachable (it may still latch by
#: the other route).
ANSWER_SECONDS = 0.5

#: What is known of OBS when no obs_controller answers.
UNREACHABLE = StudioPanicStatus(state="unreachable", steps=())

ModuleAnswer = Literal["latched", "released", "unreachable"]


def reachable(host: str) -> str:
    """Where a process that listens on this address can be asked from its own machine."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host


@dataclass(frozen=True)
class PanicReport:
    engaged: bool
    modules: dict[str, ModuleAnswer]
    took_ms: float
    highest_epoch: int
    obs: StudioPanicStatus

    def as_json(self) -> dict[str, Any]:
        return {
            "engaged": self.engaged,
            "modules": self.modules,
            "took_ms": round(self.took_ms, 2),
            "obs": self.obs.model_dump(mode="json"),
        }


class ShowPanic:
    """Sends panic and its release to every output module, by the control stream and by their own
    ports at the same time. Neither route waits for the other."""

    def __init__(
        self,
        settings: ShowSettings,
        roster: Roster,
        publish: Callable[[Event], Awaitable[None]],
        set_latch: Callable[[str, str, dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._roster = roster
        self._publish = publish
        self._set_latch = set_latch
        token = Access(settings.kitsu_data_dir).token(Scope.OPERATOR)
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,
            verify=False,  # plain HTTP on this machine: certificates are not worth reading
        )
        self._telling: set[asyncio.Task[None]] = set()
        self.modules: dict[str, ModuleAnswer] = {}

    async def close(self) -> None:
        await self._client.aclose()

    def latched(self, module: str) -> None:
        """A module said so, by whichever route it was told."""
        if module in self.modules:
            self.modules[module] = "latched"

    async def engage(self, reason: str, by: str, ordinal: int, epoch: int) -> PanicReport:
        show = self._settings.kitsu_show
        event = EngagePanic(show=show, reason=reason, by=by, ordinal=ordinal, epoch=epoch)
        body = {"reason": reason, "by": by, "ordinal": ordinal, "epoch": epoch}
        return await self._both_routes(event, "/panic", body)

    async def release(self, by: str, ordinal: int, epoch: int) -> PanicReport:
        event = ReleasePanic(show=self._settings.kitsu_show, by=by, ordinal=ordinal, epoch=epoch)
        body = {"by": by, "ordinal": ordinal, "epoch": epoch}
        return await self._both_routes(event, "/panic/release", body)

    async def _both_routes(
        self,
        event: EngagePanic | ReleasePanic,
        path: str,
        body: dict[str, Any],
    ) -> PanicReport:
        started = time.perf_counter()
        engaged = isinstance(event, EngagePanic)
        stream = asyncio.create_task(self._by_stream(event, engaged))
        targets = [module.id for module in MODULES if module.output]
        heard = await asyncio.gather(*(self._by_port(t, path, body) for t in targets))
        took_ms = (time.perf_counter() - started) * 1000
        if not all(found.complete for found in heard):  # the other route may reach them
            await asyncio.wait({stream}, timeout=ANSWER_SECONDS)
        self._telling.add(stream)
        stream.add_done_callback(self._telling.discard)
        by_module = dict(zip(targets, heard, strict=True))
        self.modules = {name: found.verdict(engaged) for name, found in by_module.items()}
        answers = [answer for found in heard for answer in found.answers]
        highest = max([event.epoch, *(answer.highest_epoch for answer in answers)])
        obs = next((answer.obs for answer in by_module["obs_controller"].answers), None)
        return PanicReport(engaged, dict(self.modules), took_ms, highest, obs or UNREACHABLE)

    async def _by_stream(self, event: EngagePanic | ReleasePanic, engaged: bool) -> None:
        await self._publish(event)
        latch = {"engaged": engaged, "ordinal": event.ordinal, "by": event.by}
        if isinstance(event, EngagePanic):
            latch["reason"] = event.reason
        await self._set_latch(event.show, LATCH_NAME, latch)

    async def _by_port(self, module: str, path: str, body: dict[str, Any]) -> "_Heard":
        """What each instance of a module says, at the ports of its beats and its configured one."""
        living = {beat.port for beat in self._roster.beats(module)}
        ports = self._roster.ports(module)
        host = reachable(self._settings.kitsu_host)
        answers = await asyncio.gather(*(self._post(host, port, path, body) for port in ports))
        heard = {
            port: answer
            for port, answer in zip(ports, answers, strict=True)
            if answer is not None and answer.module == module
        }
        return _Heard(tuple(heard.values()), bool(heard) and living <= heard.keys())

    async def _post(
        self, host: str, port: int, path: str, body: dict[str, Any]
    ) -> "_Answer | None":
        try:
            answer = await self._client.post(f"http://{host}:{port}{path}", json=body)
            answer.raise_for_status()
            return _Answer.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError):
            return None


class _Answer(BaseModel):
    """What a worker says of its latch; `obs` only the obs_controller."""

    module: str
    engaged: bool
    highest_epoch: int = 0
    obs: StudioPanicStatus | None = None


@dataclass(frozen=True)
class _Heard:
    """The answers of one module; `complete` when all of its instances gave one."""

    answers: tuple[_Answer, ...]
    complete: bool

    def verdict(self, engaging: bool) -> ModuleAnswer:
        """One instance that did not do it counts for the module."""
        if not self.complete:
            return "unreachable"
        did = all(answer.engaged is engaging for answer in self.answers)
        return "latched" if did is engaging else "released"
