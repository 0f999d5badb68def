"""The stage's own routes: the overlay page, its connection, and what is on air now."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.stage.character import ShownCharacter
from apps.stage.page_reports import AudioChanged, Hello, Report, parse
from apps.stage.pages import Page, Pages
from libs.worker.access import Scope

OVERLAY_FOLDER = Path(__file__).parent / "overlay"
BEAT_SECONDS = 0.5
#: A page reports about 15 times a second; one that says much more is let go.
MAXIMUM_REPORTS_PER_SECOND = 100

ACCESS_RULES = {
    "/": Scope.PUBLIC,
    "/overlay/": Scope.PUBLIC,
    "/overlay/stream": Scope.OVERLAY,
    "/now": Scope.OVERLAY,
}


class StageWeb:
    """Serves the page and speaks its protocol (`overlay/PROTOCOL.md`).

    `welcome` is called for each new page, `hear` for each report about playing; `now` gives the
    answer of `GET /now`. Nothing a page sends can raise here.
    """

    def __init__(
        self,
        pages: Pages,
        character: ShownCharacter,
        welcome: Callable[[Page], None],
        hear: Callable[[Page, Report], None],
        now: Callable[[], dict[str, Any]],
        panel_origins: tuple[str, ...],
    ) -> None:
        self._pages = pages
        self._character = character
        self._welcome = welcome
        self._hear = hear
        self._now = now
        self._panel_origins = panel_origins
        self.ignored = 0

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._get_page),
            Route("/now", self._get_now),
            WebSocketRoute("/overlay/stream", self._stream),
            *self._character.routes(),
            Mount("/overlay", StaticFiles(directory=OVERLAY_FOLDER)),
        ]

    async def _get_page(self, request: Request) -> Response:
        return FileResponse(
            OVERLAY_FOLDER / "index.html",
            headers={
                "content-security-policy": self._policy(request.headers.get("host", "")),
                "cache-control": "no-cache",
                "x-content-type-options": "nosniff",
                "referrer-policy": "no-referrer",
            },
        )

    def _policy(self, host: str) -> str:
        """Nothing from elsewhere. OBS puts a `<style>` into the page, so inline styles may be."""
        own = host if all(c.isalnum() or c in ".-:[]" for c in host) else ""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data:; connect-src 'self' ws://{own} wss://{own}; "
            "object-src 'none'; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors 'self' {' '.join(self._panel_origins)}"
        )

    async def _get_now(self, request: Request) -> Response:
        return JSONResponse(self._now(), headers={"cache-control": "no-store"})

    async def _stream(self, socket: WebSocket) -> None:
        await socket.accept()
        page = self._pages.join()
        if page is None:
            await socket.close(1013, "too many overlay pages")
            return
        self._welcome(page)
        sending = asyncio.create_task(self._send(socket, page), name=f"page {page.number}")
        beating = asyncio.create_task(self._beat(page), name=f"beat of page {page.number}")
        try:
            await self._listen(socket, page)
        except (WebSocketDisconnect, RuntimeError):  # RuntimeError: closed by us meanwhile
            pass
        finally:
            beating.cancel()
            sending.cancel()
            await asyncio.gather(sending, beating, return_exceptions=True)
            self._pages.leave(page)

    async def _listen(self, socket: WebSocket, page: Page) -> None:
        budget, second = MAXIMUM_REPORTS_PER_SECOND, int(time.monotonic())
        while not page.closed:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if second != int(time.monotonic()):
                budget, second = MAXIMUM_REPORTS_PER_SECOND, int(time.monotonic())
            budget -= 1
            if budget < 0:
                await socket.close(1008, "too many messages")
                return
            self._take(page, message.get("text"))

    def _take(self, page: Page, text: str | None) -> None:
        report = parse(text) if text is not None else None
        if report is None:
            self.ignored += 1
            return
        self._pages.heard(page)
        if isinstance(report, Hello):
            page.said_hello, page.mute, page.audio = True, report.mute, report.audio
        elif isinstance(report, AudioChanged):
            page.audio = report.audio
        self._hear(page, report)

    async def _send(self, socket: WebSocket, page: Page) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            while (item := await page.next_message()) is not None:
                if isinstance(item, str):
                    await socket.send_text(item)
                else:
                    await socket.send_bytes(item)
            await socket.close(1013, "too slow")

    async def _beat(self, page: Page) -> None:
        while True:
            page.send("beat")
            await asyncio.sleep(BEAT_SECONDS)
