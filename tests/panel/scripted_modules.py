"""Output modules that only hold a panic latch, behind the gate that the real ones have."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from libs.worker.access import Access, Scope
from libs.worker.web_gate import GateRules, OtherPage, WebGate, own_hosts
from tests.panel.scripted_orchestrator import ScriptedOrchestrator
from tests.panel.thread_server import ThreadServer

PANIC = frozenset({"/panic"})


class ScriptedModule:
    """One module's own port. It answers whether it latched, and keeps what it was asked."""

    def __init__(self, name: str, orchestrator: ScriptedOrchestrator, data_dir: Path) -> None:
        self.name = name
        self.access = Access(data_dir)
        self.asked: list[str] = []
        self.latches = True
        self.adds: dict[str, Any] = {}
        """What the answer says beside the latch."""
        self._orchestrator = orchestrator
        self._server = ThreadServer()

    @property
    def port(self) -> int:
        return self._server.port

    def start(self) -> None:
        if self.port == 0:  # to know the port that the gate must answer to
            self._server.start(Starlette())
            self._server.stop()
        panel = self._orchestrator.port
        routes = [Route(p, self._panic, methods=["POST"]) for p in ("/panic", "/panic/release")]
        rules = GateRules(
            own_hosts("127.0.0.1", self.port),
            {"/panic": Scope.HOOK},
            PANIC,
            PANIC,
            f"kitsu_{self.port}",
            OtherPage(frozenset({f"http://127.0.0.1:{panel}"}), PANIC, f"kitsu_{panel}"),
        )
        self._server.start(WebGate(Starlette(routes=routes), rules, self.access))

    def stop(self) -> None:
        self._server.stop()

    async def _panic(self, request: Request) -> JSONResponse:
        self.asked.append(request.url.path)
        answer = {"module": self.name, "engaged": self.latches, "ordinal": 1, **self.adds}
        return JSONResponse(answer)
