"""Telling people what is wrong with engines and replies, without saying it again every turn."""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from apps.policy_worker.engines.errors import EngineError
from libs.contracts.health import ErrorCategory


class Labelled(Protocol):
    label: str


#: The same trouble is told again after this long.
AGAIN_SECONDS = 60.0

#: `Worker.report`: code, message with the mending step, category.
Report = Callable[[str, str, ErrorCategory], Awaitable[None]]


class EngineTroubles:
    """Reports each failure of each engine once, and again a minute later if it goes on."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._told_at: dict[tuple[str, str], float] = {}

    async def engine_failed(self, engine: Labelled, error: EngineError) -> None:
        if self._is_news(engine.label, error.code):
            message = f"{engine.label} gave no whole reply ({error.code}): {error.mend}"
            await self._report(error.code, message, error.category)

    async def not_supported(self, kind: str) -> None:
        if self._is_news("action", kind):
            message = f"She asked for {kind}, which nothing here can do yet; nothing was done."
            await self._report("action_not_supported", message, ErrorCategory.MISSING)

    def _is_news(self, what: str, code: str) -> bool:
        now = time.monotonic()
        told_at = self._told_at.get((what, code))
        if told_at is not None and now - told_at < AGAIN_SECONDS:
            return False
        self._told_at[what, code] = now
        return True
