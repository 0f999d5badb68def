"""Panic for the whole show: both routes at once, and an account of who latched."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic import ValidationError

from apps.orchestrator.panel.protocol import StudioPanicStatus
from apps.orchestrator.roster import Roster
from libs.contracts.control import EngagePanic, ReleasePanic
from libs.contracts.envelope import Event
from libs.contracts.modules import MODULES
from libs.settings import ShowSettings
from libs.worker.access import Access, Scope
from libs.worker.panic_control import LATCH_NAME

#: A module that has not answered after this long is reported as unreachable (it may still latch by
#: the other route).
ANSWER_SECONDS = 0.5

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
        )
        self._telling: set[asyncio.Task[None]] = set()
        self.modules: dict[str, ModuleAnswer] = {}

    async def close(self) -> None:
        await self._client.aclose()

    async def engage(self, reason: str, by: str, ordinal: int, epoch: int) -> PanicReport:
        show = self._settings.kitsu_show
        event = EngagePanic(show=show, reason=reason, by=by, ordinal=ordinal, epoch=epoch)
        body = {"reason": reason, "by": by, "ordinal": ordinal, "epoch": epoch}
        return await self._both_routes(event, "/panic", body, "latched")

    async def release(self, by: str, ordinal: int, epoch: int) -> PanicReport:
        event = ReleasePanic(show=self._settings.kitsu_show, by=by, ordinal=ordinal, epoch=epoch)
        body = {"by": by, "ordinal": ordinal, "epoch": epoch}
        return await self._both_routes(event, "/panic/release", body, "released")

    async def _both_routes(
        self,
        event: EngagePanic | ReleasePanic,
        path: str,
        body: dict[str, Any],
        done: ModuleAnswer,
    ) -> PanicReport:
        started = time.perf_counter()
        engaged = isinstance(event, EngagePanic)
        stream = asyncio.create_task(self._by_stream(event, engaged))
        targets = [module.id for module in MODULES if module.output]
        answers = await asyncio.gather(*(self._by_port(t, path, body) for t in targets))
        took_ms = (time.perf_counter() - started) * 1000
        if None in answers:  # only the other route can reach it
            await asyncio.wait({stream}, timeout=ANSWER_SECONDS)
        self._telling.add(stream)
        stream.add_done_callback(self._telling.discard)
        self.modules = {
            target: done if answer is not None else "unreachable"
            for target, answer in zip(targets, answers, strict=True)
        }
        epochs = [answer.get("highest_epoch", 0) for answer in answers if answer is not None]
        highest = max([event.epoch, *epochs])
        by_module = dict(zip(targets, answers, strict=True))
        obs = _obs_of(by_module.get("obs_controller"))
        return PanicReport(engaged, dict(self.modules), took_ms, highest, obs)

    async def _by_stream(self, event: EngagePanic | ReleasePanic, engaged: bool) -> None:
        await self._publish(event)
        latch = {"engaged": engaged, "ordinal": event.ordinal, "by": event.by}
        if isinstance(event, EngagePanic):
            latch["reason"] = event.reason
        await self._set_latch(event.show, LATCH_NAME, latch)

    async def _by_port(self, module: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The module's answer, from each port its beats name and its configured one."""
        ports = self._roster.ports(module)
        host = reachable(self._settings.kitsu_host)
        answers = await asyncio.gather(*(self._post(host, port, path, body) for port in ports))
        heard = [answer for answer in answers if answer is not None]
        return max(heard, key=lambda answer: int(answer.get("highest_epoch", 0)), default=None)

    async def _post(
        self, host: str, port: int, path: str, body: dict[str, Any]
    ) -> dict[str, Any] | None:
        try:
            answer = await self._client.post(f"http://{host}:{port}{path}", json=body)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            return None
        return found


def _obs_of(answer: dict[str, Any] | None) -> StudioPanicStatus:
    """What the obs_controller says it did in OBS."""
    try:
        return StudioPanicStatus.model_validate((answer or {}).get("obs"))
    except ValidationError:
        return StudioPanicStatus(state="unreachable", steps=())
