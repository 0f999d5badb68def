"""Tells the show how a worker is."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

from libs.contracts.health import WorkerBeat
from libs.worker.worker import Health, Worker

BEAT_SECONDS = 1.0
#: How soon a change is told: while there is something to do, and in quiet.
LOOK_SECONDS = 0.1
QUIET_LOOK_SECONDS = 0.5


class Beats:
    """Promises: a beat every second, soon after a change, and at once after an order (`look`)."""

    def __init__(self, worker: Worker, health: Callable[[], Health]) -> None:
        self._worker = worker
        self._health = health
        self._ordered = asyncio.Event()

    def look(self) -> None:
        """Something was ordered that may have changed the worker."""
        self._ordered.set()

    async def run(self) -> None:
        """Until cancelled."""
        worker = self._worker
        due, handled = 0.0, -1
        told: tuple[Any, ...] = ()
        while True:
            self._ordered.clear()
            health = self._health()
            looks = (health, worker.enabled, worker.panic.state, tuple(worker.gauges().items()))
            changed, now = looks != told, time.monotonic()
            busy = changed or worker.counters["handled"] != handled
            handled = worker.counters["handled"]
            if changed or now >= due:
                told, due = looks, now + BEAT_SECONDS
                await self._publish(health)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if busy else QUIET_LOOK_SECONDS):
                    await self._ordered.wait()

    async def _publish(self, health: Health) -> None:
        worker = self._worker
        panic = worker.panic.state
        await worker.publish(
            WorkerBeat(
                show=worker.show,
                module=worker.module,
                instance=worker.instance,
                pid=os.getpid(),
                port=worker.settings.port_of(worker.module),
                state=health.state,
                enabled=worker.enabled,
                detail=health.detail,
                engine=health.engine,
                panic=panic.engaged,
                panic_ordinal=panic.ordinal,
                panic_reason=panic.reason if panic.engaged else "",
                panic_by=panic.by if panic.engaged else "",
                highest_epoch=worker.fences.highest(worker.show),
                counters=dict(worker.counters),
                gauges=dict(worker.gauges()),
            )
        )
