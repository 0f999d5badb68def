"""When the panels are told the status."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pydantic import BaseModel

from apps.orchestrator.screens import Screens

#: Status goes to the panels at most this often, unless something urgent happened.
STATUS_SECONDS = 0.1
#: What is urgent comes in bursts: each goes out this soon, most of them together.
URGENT_SECONDS = 0.01
#: It goes at least this often: a panel takes longer silence for a dead connection.
SIGN_OF_LIFE_SECONDS = 2.0


class StatusTeller:
    """Tells the open panels the status soon after a change, sooner after an urgent one (panic,
    OBS), and now and then anyway."""

    def __init__(self, screens: Screens, make: Callable[[], BaseModel]) -> None:
        self._screens = screens
        self._make = make
        self._changed = asyncio.Event()
        self._urgent = asyncio.Event()

    def changed(self, urgent: bool = False) -> None:
        self._changed.set()
        if urgent:
            self._urgent.set()

    async def keep_telling(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SIGN_OF_LIFE_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            self._urgent.clear()
            if len(self._screens):
                self._screens.tell(self._make(), replaces="status")
            with suppress(TimeoutError):
                async with asyncio.timeout(STATUS_SECONDS):
                    await self._urgent.wait()
            await asyncio.sleep(URGENT_SECONDS)
