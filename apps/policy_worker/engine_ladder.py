"""Which engine answers: the best one that is there, and whom to ask when it fails."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from apps.policy_worker.engines.base import ReplyEngine, Task
from apps.policy_worker.engines.errors import EngineError

#: How often the better engines are looked for.
PROBE_SECONDS = 10.0
#: An engine that asks to be left alone for longer than this is not asked again in this turn.
SHORTEST_PAUSE_SECONDS = 0.5

_LOG = logging.getLogger("kitsu.policy_worker")


class EngineLadder:
    """For each task its engines, from best to last resort.

    An engine that is not there is not asked until a probe finds it again; one that asked for a
    pause not before that is over; one that failed quickly may be asked `retries` more times. What
    has no engine of its own goes to those of chat, except pictures, which need eyes.
    """

    def __init__(
        self,
        engines: Mapping[Task, Sequence[ReplyEngine]],
        retries: int,
        backoff_seconds: float,
    ) -> None:
        self.retries = retries
        self._backoff_seconds = backoff_seconds
        self.failures: Counter[str] = Counter()
        self.use(engines)

    def use(self, engines: Mapping[Task, Sequence[ReplyEngine]]) -> None:
        self._engines = engines
        self._all = list(dict.fromkeys(e for group in engines.values() for e in group))
        self._there: dict[ReplyEngine, bool] = {}
        self._paused_until: dict[ReplyEngine, float] = {}

    @property
    def current(self) -> ReplyEngine:
        """The engine that the next line of chat goes to first."""
        return (self.there(Task.CHAT) or self._engines[Task.CHAT])[0]

    @property
    def available(self) -> bool:
        return bool(self.there(Task.CHAT))

    @property
    def complaints(self) -> list[str]:
        """What people should know of the engines."""
        return list(dict.fromkeys(engine.complaint for engine in self._all if engine.complaint))

    async def start(self) -> None:
        for engine in self._all:
            await engine.start()
        await self.probe()

    async def stop(self) -> None:
        for engine in self._all:
            await engine.stop()

    async def probe(self) -> None:
        before = self.current
        found = await asyncio.gather(*(engine.available() for engine in self._all))
        self._there = dict(zip(self._all, found, strict=True))
        if self.current is not before:
            _LOG.info("answers now come from %s", self.current.label)

    async def keep_probing(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            await self.probe()

    @property
    def needs_probing(self) -> bool:
        return any(not engine.capabilities.scripted for engine in self._all)

    def there(self, task: Task) -> list[ReplyEngine]:
        """The engines to ask for one turn, in order."""
        return [
            engine
            for engine in self.of(task)
            if self._may_be_asked(engine)
            and (task is not Task.VISION or engine.capabilities.vision)
        ]

    def of(self, task: Task) -> list[ReplyEngine]:
        """All engines for a task, in order, there or not."""
        wanted = list(self._engines.get(task, ()))
        if task is not Task.VISION:
            wanted += self._engines[Task.CHAT]
        return list(dict.fromkeys(wanted))

    def _may_be_asked(self, engine: ReplyEngine) -> bool:
        paused = time.monotonic() < self._paused_until.get(engine, 0.0)
        return self._there.get(engine, False) and not paused

    async def pause_before(self, attempt: int) -> None:
        """The wait before an engine is asked again (attempt 0 is the first)."""
        if attempt:
            await asyncio.sleep(self._backoff_seconds * 2 ** (attempt - 1))

    def failed(self, engine: ReplyEngine, error: EngineError) -> bool:
        """Notes that an engine gave no whole reply. True when it may be asked again at once."""
        self.failures[error.code] += 1
        if error.gone:
            self._there[engine] = False
        if error.pause_seconds > SHORTEST_PAUSE_SECONDS:
            self._paused_until[engine] = time.monotonic() + error.pause_seconds
        _LOG.info("%s gave no whole reply", engine.label, extra={"code": error.code})
        return error.again and self._may_be_asked(engine)
