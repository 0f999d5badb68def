"""The microphone of the browser that shows the panel.

The page opens `WS /microphone` on this process' own port and sends first a text frame, JSON
`{"rate_hz": 16000, "label": "…"}`, then binary frames: a little-endian uint32, the position of the
frame's first sample since the page began to capture, and mono s16le samples. It is told
`{"type": "ready"}` when its sound is taken, else why not, and the socket is closed.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.asr_worker.inputs.base import RATE_HZ, Block, Source
from apps.asr_worker.inputs.panel_frames import Frames, NotSound, Sound
from libs.audio.ring import SoundRing
from libs.safety import clean_chat
from libs.telemetry import clock

#: Where the panel's page brings its sound.
PANEL_PATH = "/microphone"
#: What is not taken within so long is lost, oldest first.
RING_SECONDS = 5.0
#: A page that sends nothing for so long is gone, whatever the network says.
SILENT_SECONDS = 3.0
LABEL_CHARACTERS = 120
HELLO_BYTES = 2_000

#: Close codes that the page understands.
NOT_OPEN, MISTAKEN, SILENT, REPLACED = 4404, 4400, 4408, 4409

HOW_TO_GIVE = (
    "no browser gives its microphone: open the panel and press “Use this browser's microphone”"
)

log = logging.getLogger("kitsu.asr_worker.panel")


class _Greeting(BaseModel):
    rate_hz: int
    label: str = ""


@dataclass(eq=False)
class _Page:
    """One page that brings sound."""

    socket: WebSocket
    label: str
    frames: Frames = field(repr=False)


class PanelInput:
    """A `SoundInput` that one page of the panel feeds; the newest page that asks is that one.

    Promises: a page is taken only while this input is open; the page before it is told that another
    took its place; one that sends no sound, or anything else than sound, is closed; what is not
    taken in time is lost oldest first and counted, as is what the page itself left out.
    """

    def __init__(self, now: Callable[[], float] = clock.now) -> None:
        self._now = now
        self._ring: SoundRing | None = None
        """Of this opening; none while it is closed."""
        self._next_position = 0
        self._lost_before = 0
        self._page: _Page | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()

    @property
    def source(self) -> Source:
        return "panel"

    @property
    def device(self) -> str:
        return self._page.label if self._page is not None else ""

    @property
    def present(self) -> bool:
        return self._page is not None

    @property
    def problem(self) -> str:
        return "" if self.present else HOW_TO_GIVE

    @property
    def lost_samples(self) -> int:
        return self._lost_before + (self._ring.lost_samples if self._ring is not None else 0)

    async def open(self) -> None:
        self._lost_before = self.lost_samples
        self._ring, self._next_position = SoundRing(int(RING_SECONDS * RATE_HZ)), 0

    async def close(self) -> None:
        self._lost_before, self._ring = self.lost_samples, None
        page, self._page = self._page, None
        if page is not None:
            self._replace(page)

    async def take(self) -> list[Block]:
        ring = self._ring
        if ring is None:
            raise RuntimeError("the input is not open")
        await ring.wait()
        return [Block(piece.position, piece.pcm, piece.at) for piece in ring.take()]

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute(PANEL_PATH, self._serve)]

    # The page ---------------------------------------------------------------------------------

    async def _serve(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            label = await _hello(socket)
            if self._ring is None:
                await _send_away(socket, NOT_OPEN, "nobody listens to a browser's microphone now")
                return
            page = _Page(socket, label, Frames(self._now))
            before, self._page = self._page, page
            if before is not None:
                self._replace(before)
            await self._hear(page)
        except NotSound as mistake:
            log.warning("a page sent no sound: %s", mistake)
            await _send_away(socket, MISTAKEN, str(mistake))
        except TimeoutError:
            await _send_away(socket, SILENT, "no sound came for a while")
        except WebSocketDisconnect:
            pass
        finally:
            if self._page is not None and self._page.socket is socket:
                self._page = None

    async def _hear(self, page: _Page) -> None:
        await page.socket.send_text(json.dumps({"type": "ready", "label": page.label}))
        while self._page is page:
            async with asyncio.timeout(SILENT_SECONDS):
                message = await page.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is None:
                raise NotSound("text where sound was expected")
            sound = page.frames.take(message["bytes"])
            if self._page is page and self._ring is not None and sound.pcm:
                self._keep(sound, self._ring)
        await self._say_why(page)

    def _keep(self, sound: Sound, ring: SoundRing) -> None:
        """Positions count on from page to page."""
        position = self._next_position + sound.left_out
        self._next_position = position + len(sound.pcm) // 2
        ring.append(position, sound.pcm, sound.at)

    def _replace(self, page: _Page) -> None:
        """Nobody waits until a page that may be gone has understood."""
        goodbye = asyncio.create_task(self._say_why(page), name="send a page away")
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)

    async def _say_why(self, page: _Page) -> None:
        """To a page that is not the one any more; the second time it does nothing."""
        if self._page is None:
            await _send_away(page.socket, NOT_OPEN, "nobody listens now")
        else:
            await _send_away(page.socket, REPLACED, "another page gives its microphone now")


async def _hello(socket: WebSocket) -> str:
    """The page's own word for its microphone. Raises `NotSound`."""
    async with asyncio.timeout(SILENT_SECONDS):
        message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    text = message.get("text")
    if text is None or len(text) > HELLO_BYTES:
        raise NotSound("no greeting, or one that is too long")
    try:
        told = _Greeting.model_validate_json(text)
    except ValidationError:
        raise NotSound("the greeting is not one") from None
    if told.rate_hz != RATE_HZ:
        raise NotSound(f"sound must come at {RATE_HZ} Hz")
    return clean_chat(told.label, maximum=LABEL_CHARACTERS) or "a browser's microphone"


async def _send_away(socket: WebSocket, code: int, why: str) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code, why)
