"""Overlay pages opened in a browser, and what their probe says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from libs.contracts.health import ModuleState
from tests.stage.conftest import RunningStage, until

TEXT = "Hello chat, I am a small fox and I am talking now"


class OpenPage:
    """One overlay page, what it complained about, and what its probe says.

    To look at it is no click: `page.evaluate` would count as one, and let her speak.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.sockets = 0
        """How often it went to the stage."""
        self._debugger: Any = None
        page.on("websocket", self._count_socket)
        page.on("console", self._hear_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _count_socket(self, _socket: Any) -> None:
        self.sockets += 1

    async def probe(self) -> dict[str, Any]:
        return dict(await self.look("window.kitsuProbe ? kitsuProbe.read() : {}"))

    async def is_visible(self, element: str) -> bool:
        return bool(await self.look(f"document.getElementById('{element}').checkVisibility()"))

    async def look(self, expression: str) -> Any:
        """The value of an expression in the page."""
        if self._debugger is None:
            self._debugger = await self.page.context.new_cdp_session(self.page)
        wish = {"expression": expression, "returnByValue": True, "userGesture": False}
        answer = await self._debugger.send("Runtime.evaluate", wish)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    async def watch(self, seconds: float) -> list[dict[str, Any]]:
        """What the probe said over a while."""
        seen = []
        for _ in range(round(seconds / 0.03)):
            seen.append(await self.probe())
            await asyncio.sleep(0.03)
        return seen

    async def until(self, **wanted: Any) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while True:
                seen = await self.probe()
                if seen and all(seen[name] == value for name, value in wanted.items()):
                    return seen
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def open_page(
    browser: Any, stage: RunningStage, options: str = "", width: int = 1280, height: int = 720
) -> AsyncIterator[OpenPage]:
    """At half the frames of a show: many are drawn in software at the same time here."""
    frames = "" if "fps=" in options else "&fps=30"
    context = await browser.new_context(viewport={"width": width, "height": height})
    try:
        opened = OpenPage(await context.new_page())
        await opened.page.goto(stage.page(options + frames))
        await opened.until(connected=True)
        yield opened
    finally:
        await context.close()


async def voice_page(stage: RunningStage) -> None:
    """Waits until some page has been elected."""
    await until(lambda: stage.worker.health().state is ModuleState.READY)
