"""Telling people what is wrong with engines, tools and replies, and not again every turn."""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from apps.policy_worker.engines.errors import EngineError
from apps.policy_worker.tools.errors import ToolError
from libs.contracts.health import ErrorCategory


class Labelled(Protocol):
    label: str


#: The same trouble is told again after this long.
AGAIN_SECONDS = 60.0

#: `Worker.report`: code, message with the mending step, category.
Report = Callable[[str, str, ErrorCategory], Awaitable[None]]


class EngineTroubles:
    """Reports each failure of each engine, and of tools, once, and again a minute later if it goes
    on."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._told_at: dict[tuple[str, str], float] = {}

    async def engine_failed(self, engine: Labelled, error: EngineError) -> None:
        if self._is_news(engine.label, error.code):
            message = f"{engine.label} gave no whole reply ({error.code}): {error.mend}"
            await self._report(error.code, message, error.category)

    async def tool_failed(self, error: ToolError) -> None:
        if self._is_news("tool", error.code):
            message = f"A tool gave her nothing ({error.code}): {error.mend}"
            await self._report(error.code, message, ErrorCategory.ENGINE)

    def _is_news(self, what: str, code: str) -> bool:
        now = time.monotonic()
        told_at = self._told_at.get((what, code))
        if told_at is not None and now - told_at < AGAIN_SECONDS:
            return False
        self._told_at[what, code] = now
        return True
