"""A panic that a worker orders by itself: sent from it to every module, by both routes at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from libs.bus.base import BusError
from libs.contracts.control import EngagePanic
from libs.contracts.envelope import Event
from libs.contracts.modules import MODULES
from libs.settings import ShowSettings
from libs.worker.access import Access, Scope
from libs.worker.panic_control import BY_CHARACTERS, LATCH_NAME, REASON_CHARACTERS
from libs.worker.plain_httpx import httpx

#: A module that has not answered after this long is asked once more.
ANSWER_SECONDS = 1.0
#: One that is just starting is asked again; later it reads of the panic itself.
ATTEMPTS = 3
PAUSE_SECONDS = 0.5

SetLatch = Callable[[str, str, dict[str, Any]], Awaitable[None]]


class PanicCall:
    """Promises: neither route waits for the other, nor for the orchestrator; each module is told on
    its own port, so that it works with the orchestrator dead and with the bus away. The
    orchestrator is told on its port only where there is no bus, or one that hangs: else it hears
    of the command."""

    def __init__(
        self,
        settings: ShowSettings,
        publish: Callable[[Event], Awaitable[None]],
        set_latch: SetLatch,
        connected: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._publish = publish
        self._set_latch = set_latch
        self._connected = connected
        self._log = logging.getLogger("kitsu.panic_call")
        token = Access(settings.kitsu_data_dir).token(Scope.OPERATOR)
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,
            verify=False,  # plain HTTP on this machine: certificates are not worth reading
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def engage(self, reason: str, by: str, ordinal: int) -> list[str]:
        """The modules that did not answer on their port (the bus may have reached them)."""
        reason, by = reason[:REASON_CHARACTERS], by[:BY_CHARACTERS]
        order = EngagePanic(
            show=self._settings.kitsu_show,
            reason=reason,
            by=by,
            ordinal=ordinal,
        )
        targets = [module.id for module in MODULES if module.output]
        if not self._connected():
            targets.append("orchestrator")
        stream = asyncio.create_task(self._by_stream(order), name="panic by stream")
        missing = await self._by_ports(targets, order)
        await asyncio.wait({stream}, timeout=ANSWER_SECONDS)
        if not stream.done() and "orchestrator" not in targets:  # the bus hangs
            missing += await self._by_ports(["orchestrator"], order)
        await stream
        if missing:
            self._log.warning("panic: no answer on the port of %s", ", ".join(missing))
        return missing

    async def _by_stream(self, order: EngagePanic) -> None:
        try:
            await self._publish(order)
            latch = {
                "engaged": True,
                "ordinal": order.ordinal,
                "by": order.by,
                "reason": order.reason,
            }
            await self._set_latch(order.show, LATCH_NAME, latch)
        except BusError as problem:
            self._log.warning("panic: not on the bus (%s)", type(problem).__name__)

    async def _by_ports(self, targets: list[str], order: EngagePanic) -> list[str]:
        body = {"reason": order.reason, "by": order.by, "ordinal": order.ordinal}
        missing = targets
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(PAUSE_SECONDS)
            latched = await asyncio.gather(*(self._by_port(module, body) for module in missing))
            missing = [m for m, did in zip(missing, latched, strict=True) if not did]
            if not missing:
                break
        return missing

    async def _by_port(self, module: str, body: dict[str, Any]) -> bool:
        settings = self._settings
        host = settings.orch_host if module == "orchestrator" else settings.kitsu_host
        if host in ("0.0.0.0", "::", ""):
            host = "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        url = f"http://{host}:{settings.port_of(module)}/panic"
        try:
            answer = await self._client.post(url, json=body)
        except httpx.HTTPError:
            return False
        return answer.is_success
