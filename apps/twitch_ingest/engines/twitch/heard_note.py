"""When chat was last heard, noted on disk: a worker that was killed begins with the gap it left."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

from apps.twitch_ingest.engines.twitch.ear import Ear
from libs.bus.server_record import write_private

log = logging.getLogger("kitsu.twitch_ingest")

#: Between two notes: a gap is told as at most this much longer than it was.
NOTE_SECONDS = 2.0
#: Older notes are of another evening.
LONGEST_GAP_SECONDS = 600.0
RESTARTED = "the twitch_ingest was started again"


class HeardNote:
    """Of one link's `Ear`. A note that cannot be written or read costs the gap, never chat."""

    def __init__(self, path: Path, ear: Ear, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._ear = ear
        self._clock = clock
        self._noted: float | None = None
        self._taken_up = False

    def take_up(self) -> None:
        """Once: what the process before this one heard last is where the first gap begins."""
        if self._taken_up:
            return
        self._taken_up = True
        at = self._read()
        if 0 <= self._clock() - at <= LONGEST_GAP_SECONDS:
            self._ear.last_heard_at = at
            self._ear.lost(RESTARTED)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            await asyncio.to_thread(self.note)

    def note(self) -> None:
        at = self._ear.last_heard_at
        if at is None or at == self._noted:
            return
        try:
            write_private(self._path, f"{at:.3f}\n")
        except OSError as error:
            log.debug("%s cannot be written: %s", self._path.name, error.strerror)
        else:
            self._noted = at

    def _read(self) -> float:
        """NaN: there is no note."""
        with contextlib.suppress(OSError, ValueError), self._path.open(encoding="ascii") as file:
            return float(file.read(64))
        return math.nan
