"""An orchestrator over the memory bus, and what its tests may ask of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from apps.orchestrator.settings import OrchestratorSettings
from apps.orchestrator.worker import OrchestratorWorker
from libs.bus.base import Delivery
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.conversation import ReplyFinished, TurnCommitted
from libs.contracts.envelope import Event
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.telemetry import clock
from libs.testing.running_show import free_module_ports
from libs.worker.access import Access, Scope

Some = TypeVar("Some", bound=Event)


class Stand:
    """An orchestrator, and a connection to its bus."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        given: dict[str, Any] = {
            "kitsu_data_dir": folder,
            "turn_thinking_seconds": 2,
            **free_module_ports(),
            **settings,
        }
        self.settings = OrchestratorSettings(_env_file=None, **given)
        self.server = MemoryServer()
        self.bus = MemoryBus(self.server, source="test@here#0")
        self.url = f"http://127.0.0.1:{self.settings.orch_port}"
        self.worker = self.fresh()

    def fresh(self) -> OrchestratorWorker:
        bus = MemoryBus(self.server, source="orchestrator@here#0")
        self.worker = OrchestratorWorker(self.settings, bus)
        return self.worker

    @property
    def headers(self) -> dict[str, str]:
        token = Access(self.settings.kitsu_data_dir).token(Scope.OPERATOR)
        return {"Authorization": f"Bearer {token}"}

    async def request(
        self, method: str, path: str, body: Any = None, at: str = "orchestrator"
    ) -> httpx.Response:
        url = f"http://127.0.0.1:{self.settings.port_of(at)}{path}"
        async with httpx.AsyncClient(headers=self.headers, timeout=10) as client:
            return await client.request(method, url, json=body)

    @staticmethod
    def delivery(event: Event, **fields: Any) -> Delivery:
        """The event as a reader would be handed it."""
        return Delivery(event, event.topic, **fields)

    async def raw(
        self, method: str, path: str, body: bytes, scope: str = "operator"
    ) -> httpx.Response:
        """A request whose body is sent as it is; without a scope it carries no token."""
        headers = {"Content-Type": "application/json"}
        if scope:
            token = Access(self.settings.kitsu_data_dir).token(Scope(scope))
            headers["Authorization"] = f"Bearer {token}"
        async with httpx.AsyncClient(headers=headers, timeout=10) as client:
            return await client.request(method, self.url + path, content=body)

    async def post(self, path: str, body: Any = None, at: str = "orchestrator") -> Any:
        answer = await self.request("POST", path, body, at)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def get(self, path: str) -> Any:
        return (await self.request("GET", path)).json()

    async def all(self, kind: type[Some]) -> list[Some]:
        stored = await self.bus.recent(kind.topic, "main", 1_000)
        return [d.event for d in stored if isinstance(d.event, kind)]

    async def next(self, kind: type[Some], matches: Callable[[Some], object] = bool) -> Some:
        async with asyncio.timeout(5):
            while not (found := [e for e in await self.all(kind) if matches(e)]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return found[-1]

    async def committed(self, text: str) -> TurnCommitted:
        return await self.next(TurnCommitted, lambda e: e.input.text == text)

    async def play(
        self,
        turn: TurnCommitted,
        heard: str,
        full: str = "",
        reply: str = "complete",
        **fields: Any,
    ) -> None:
        """What policy worker and stage say of a turn that was spoken. `reply`: its outcome."""
        full = full or heard
        finished = ReplyFinished.caused_by(
            turn, sentences=1, text=full, engine="test", outcome=reply
        )
        await self.bus.publish(finished)
        now = clock.now()
        await self.bus.publish(
            PlaybackStarted.caused_by(
                turn, text=full, output="silent", started_at=now, first_chunk_at=now - 0.01
            )
        )
        values = {"outcome": PlaybackOutcome.COMPLETED, **fields}
        await self.bus.publish(
            PlaybackFinished.caused_by(
                turn,
                heard_text=heard,
                full_text=full,
                position_seconds=1,
                duration_seconds=1,
                **values,
            )
        )
