"""Ears that take a browser's microphone: the real input behind the gate of the real ones."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette

from apps.asr_worker.inputs.base import Block
from apps.asr_worker.inputs.panel import PANEL_PATH, PanelInput
from libs.worker.access import Access
from libs.worker.web_gate import GateRules, OtherPage, WebGate, own_hosts
from tests.panel.scripted_orchestrator import ScriptedOrchestrator
from tests.panel.thread_server import ThreadServer


class ScriptedEars:
    """Their own port; `blocks` is all that was heard."""

    def __init__(self, orchestrator: ScriptedOrchestrator, data_dir: Path) -> None:
        self.access = Access(data_dir)
        self.input = PanelInput()
        self.blocks: list[Block] = []
        self._orchestrator = orchestrator
        self._server = ThreadServer()

    @property
    def port(self) -> int:
        return self._server.port

    def start(self) -> None:
        """They listen at once."""
        if self.port == 0:  # to know the port that the gate must answer to
            self._server.start(Starlette())
            self._server.stop()
        panel = self._orchestrator.port
        page = OtherPage(
            frozenset({f"http://127.0.0.1:{panel}"}),
            frozenset(),
            f"kitsu_{panel}",
            frozenset({PANEL_PATH}),
        )
        rules = GateRules(
            own_hosts("127.0.0.1", self.port), cookie_name=f"kitsu_{self.port}", other_page=page
        )
        app = Starlette(routes=self.input.routes())
        self._server.start(WebGate(app, rules, self.access))
        self.listen(True)

    def stop(self) -> None:
        self._server.stop()

    def listen(self, on: bool) -> None:
        self._server.run(self.input.open() if on else self.input.close())

    def take(self) -> None:
        """Adds what has come since to `blocks`."""

        async def take() -> None:
            if self.input.present:
                self.blocks += await self.input.take()

        self._server.run(take())

    @property
    def sound(self) -> NDArray[np.float32]:
        """All that was heard, from -1 to 1."""
        pcm = b"".join(block.pcm for block in self.blocks)
        return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
