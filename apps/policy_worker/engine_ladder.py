"""Which engine answers: the best one that is there, and whom to ask when it fails."""

import asyncio
import logging
from collections import Counter

from apps.policy_worker.engines.base import (
    EngineError,
    EngineUnreachable,
    ModelMissing,
    ReplyEngine,
)

#: How often the better engines are looked for.
PROBE_SECONDS = 10.0

_LOG = logging.getLogger("kitsu.policy_worker")


class EngineLadder:
    """Engines from best to last resort.

    An engine that is not there is not asked until a probe finds it again; one that failed quickly
    may be asked `retries` more times.
    """

    def __init__(self, engines: list[ReplyEngine], retries: int, backoff_seconds: float) -> None:
        self._engines = engines
        self.retries = retries
        self._backoff_seconds = backoff_seconds
        self._there: dict[str, bool] = {}
        self.failures: Counter[str] = Counter()

    @property
    def current(self) -> ReplyEngine:
        """The engine that the next turn goes to first."""
        there = [engine for engine in self._engines if self._there.get(engine.name)]
        return (there or self._engines)[0]

    @property
    def available(self) -> bool:
        return any(self._there.values())

    @property
    def complaints(self) -> list[str]:
        """What people should know of the engines that are not there."""
        return [e.complaint for e in self._engines if e.complaint and not self._there.get(e.name)]

    async def start(self) -> None:
        for engine in self._engines:
            await engine.start()
        await self.probe()

    async def stop(self) -> None:
        for engine in self._engines:
            await engine.stop()

    async def probe(self) -> None:
        before = self.current.name
        for engine in self._engines:
            self._there[engine.name] = await engine.available()
        if self.current.name != before:
            _LOG.info("answers now come from %s", self.current.label)

    async def keep_probing(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            await self.probe()

    @property
    def needs_probing(self) -> bool:
        return len(self._engines) > 1 or self._engines[0].name != "scripted"

    def there(self) -> list[ReplyEngine]:
        """The engines to ask for one turn, in order."""
        return [engine for engine in self._engines if self._there.get(engine.name)]

    async def pause_before(self, attempt: int) -> None:
        """The wait before an engine is asked again (attempt 0 is the first)."""
        if attempt:
            await asyncio.sleep(self._backoff_seconds * 2 ** (attempt - 1))

    def failed(self, engine: ReplyEngine, error: EngineError) -> None:
        """Notes that an engine gave no whole reply. One that is gone is not asked any more."""
        self.failures[error.code] += 1
        if isinstance(error, EngineUnreachable | ModelMissing):
            self._there[engine.name] = False
        _LOG.warning("%s gave no whole reply", engine.label, extra={"code": error.code})
