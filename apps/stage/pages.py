"""The overlay pages that are connected, and the one among them that may sound."""

import asyncio
import json
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from apps.stage.page_reports import AudioState

#: More pages than this are refused: OBS scenes, a preview, a phone.
MAXIMUM_PAGES = 16
#: A page that takes so little is dropped; it comes back by itself.
MAXIMUM_QUEUED_BYTES = 8 << 20
#: A page that was to sound and says nothing for this long is taken for frozen.
SILENT_PAGE_SECONDS = 2.5

_SOUND_HEADER = struct.Struct("<II")


class Page:
    """One connected page: what waits to be sent to it, and what it has said of itself."""

    def __init__(self, number: int, now: float) -> None:
        self.number = number
        self.said_hello = False
        self.mute = False
        self.audio: AudioState = "blocked"
        self.frozen = False
        self.heard_at = now
        self.closed = False
        self._queue: deque[tuple[str, str | bytes]] = deque()
        self._queued_bytes = 0
        self._more = asyncio.Event()

    @property
    def may_sound(self) -> bool:
        able = self.said_hello and self.audio == "running"
        return able and not (self.mute or self.frozen or self.closed)

    def send(self, kind: str, **fields: Any) -> None:
        self._put(kind, _as_text(kind, fields))

    def send_sound(self, playing: int, offset: int, pcm: bytes) -> None:
        self._put("", _SOUND_HEADER.pack(playing, offset) + pcm)

    def send_first(self, kind: str, **fields: Any) -> None:
        """Before everything that waits; sound and older messages of this kind are dropped."""
        self._queue = deque(item for item in self._queue if item[0])
        self.send_ahead(kind, **fields)

    def send_ahead(self, kind: str, **fields: Any) -> None:
        """Before everything that waits; only older messages of this kind are dropped."""
        kept = [item for item in self._queue if item[0] != kind]
        self._queue = deque([(kind, _as_text(kind, fields)), *kept])
        self._queued_bytes = sum(len(content) for _, content in self._queue)
        self._more.set()

    def close(self) -> None:
        self.closed = True
        self._queue.clear()
        self._more.set()

    async def next_message(self) -> str | bytes | None:
        """What is to be sent next; None when the page is to be let go."""
        while not self._queue and not self.closed:
            self._more.clear()
            await self._more.wait()
        if self.closed:
            return None
        _, content = self._queue.popleft()
        self._queued_bytes -= len(content)
        return content

    def _put(self, kind: str, content: str | bytes) -> None:
        if self._queued_bytes + len(content) > MAXIMUM_QUEUED_BYTES:
            self.close()
            return
        self._queue.append((kind, content))
        self._queued_bytes += len(content)
        self._more.set()


def _as_text(kind: str, fields: dict[str, Any]) -> str:
    return json.dumps({"type": kind, **fields}, ensure_ascii=False)


class Pages:
    """All connected pages. One of them, the voice, may sound: the first that can."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._pages: dict[int, Page] = {}
        self._joined = 0
        self.voice: Page | None = None

    def __iter__(self) -> Iterator[Page]:
        return iter(tuple(self._pages.values()))

    def __len__(self) -> int:
        return len(self._pages)

    def join(self) -> Page | None:
        """A new page; None when there are too many."""
        if len(self._pages) >= MAXIMUM_PAGES:
            return None
        self._joined += 1
        page = Page(self._joined, self._now())
        self._pages[page.number] = page
        return page

    def leave(self, page: Page) -> None:
        page.close()
        self._pages.pop(page.number, None)
        self.elect()

    def heard(self, page: Page) -> None:
        """It said something: it is alive."""
        page.heard_at = self._now()
        page.frozen = False

    def elect(self) -> Page | None:
        """The page that sounds: it stays the same as long as it can, then the next one in line."""
        now = self._now()
        for page in self._pages.values():
            if now - page.heard_at > SILENT_PAGE_SECONDS:
                page.frozen = True
        if self.voice is None or not self.voice.may_sound:
            self.voice = next((page for page in self._pages.values() if page.may_sound), None)
        return self.voice

    def send_all(self, kind: str, **fields: Any) -> None:
        for page in self:
            page.send(kind, **fields)

    def send_all_first(self, kind: str, **fields: Any) -> None:
        for page in self:
            page.send_first(kind, **fields)

    def send_all_ahead(self, kind: str, **fields: Any) -> None:
        for page in self:
            page.send_ahead(kind, **fields)

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "page": page.number,
                "mute": page.mute,
                "audio": page.audio,
                "frozen": page.frozen,
                "voice": page is self.voice,
            }
            for page in self
        ]
