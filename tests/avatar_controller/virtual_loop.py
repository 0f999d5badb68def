"""An event loop whose clock jumps to what is due: minutes pass at once."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Waits for nothing; the time it would have waited has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def busy(self, seconds: float) -> None:
        """Something keeps the process from its loop for so long."""
        self._virtual.now += seconds


def run(work: Coroutine[Any, Any, None], loop: VirtualLoop | None = None) -> None:
    loop = loop or VirtualLoop()
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()
