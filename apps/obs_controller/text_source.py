"""Writes into one text source of OBS: the newest text wins."""

import asyncio
import logging

from apps.obs_controller.caption_text import Alphabet
from apps.obs_controller.engines.base import NOT_FOUND, Request, StudioError
from apps.obs_controller.link import ObsLink, Priority

log = logging.getLogger("kitsu.obs_controller.captions")

#: A text source is written to no more often than this.
PAUSE_SECONDS = 0.1


class TextSource:
    """Promises: after a while it shows the last text given; texts in between may be skipped; while
    panic holds what is on air nothing is written, and a text from before it never comes back."""

    def __init__(self, link: ObsLink, name: str) -> None:
        self._link = link
        self._name = name
        self._wanted = ""
        self._shown: str | None = None
        self._due = asyncio.Event()
        self._alphabet = Alphabet()
        self._emptied = 0
        self.missing = False

    def show(self, text: str) -> None:
        if text != self._wanted:
            self._wanted = text
            self._due.set()

    def emptied(self) -> None:
        """Panic ends what was being said, and empties the source itself."""
        self._emptied += 1
        self._wanted, self._shown = "", None

    def reconnected(self) -> None:
        """Another OBS, or the same after a restart: nothing is known of what it shows."""
        self._shown = None
        self._alphabet = Alphabet()
        self._due.set()

    async def run(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            if self._wanted == self._shown or not self._link.ready:
                continue
            await self._write(self._wanted)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _write(self, text: str) -> None:
        request = Request(
            "SetInputSettings",
            {
                "inputName": self._name,
                "inputSettings": {"text": self._alphabet.fit(text)},
                "overlay": True,
            },
        )
        emptied = self._emptied
        try:
            result = (await self._link.batch([request], Priority.BACKGROUND))[0]
        except StudioError:
            return  # written again when OBS is back
        self._shown = text if emptied == self._emptied else None
        self.missing = result.code == NOT_FOUND
        if not result.ok:
            log.warning("text source '%s': %s", self._name, result.comment or result.code)
