"""The one owner of the connection to OBS: connect, resync, ready, down, and again."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from apps.obs_controller.allowed import check
from apps.obs_controller.engines.base import (
    CannotConnect,
    Connection,
    ConnectionLost,
    Request,
    Result,
    StudioError,
)
from libs.contracts.studio import StudioLink

log = logging.getLogger("kitsu.obs_controller.link")

#: A request in the thread must have ended after this long, whatever its own limits do.
BELT_SECONDS = 5.0
#: A hang is noticed by this question, after this long plus a request's own limit.
HEARTBEAT_SECONDS = 2.0
LOOK_SECONDS = 0.25
#: Between two attempts: doubled from the first to the last, with jitter.
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0
WRONG_PASSWORD_PAUSE_SECONDS = 30.0
#: While panic waits for OBS to come back, it is looked for more often.
URGENT_PAUSE_SECONDS = 0.3
URGENT_PASSWORD_PAUSE_SECONDS = 5.0
#: An OBS that is closing is left alone for this long.
CLOSING_SECONDS = 1.0


class Priority(IntEnum):
    URGENT = 0
    """Panic."""
    RELEASE = 1
    """Putting back what was before it; a new panic stops that like any order."""
    ORDER = 2
    BACKGROUND = 3
    """Captions, heartbeat, looking around."""


class Held(StudioError):
    """Panic is engaged: what is on air is not touched."""


class NotConnected(StudioError):
    """There is no OBS to ask; nothing was sent."""


@dataclass(order=True)
class _Job:
    priority: Priority
    number: int
    requests: Sequence[Request] = field(compare=False)
    on_air: bool = field(compare=False)
    done: "asyncio.Future[list[Result]]" = field(compare=False)


class ObsLink:
    """Promises: one thread talks to OBS at a time, in order of priority; every request gets its own
    answer or an error; a connection with any doubt is thrown away and made anew; while `held`, only
    urgent requests may touch what is on air, also those that were waiting already.

    `resync` runs after each connecting, before the link is ready; `hear` is given events of the
    present connection only, in the event loop.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        resync: Callable[[], Awaitable[str]],
        hear: Callable[[str, Mapping[str, Any]], None],
        changed: Callable[[], None],
    ) -> None:
        self._connect = connect
        self._resync = resync
        self._hear = hear
        self._changed = changed
        self._jobs: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._lost: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()
        self._open = False
        self._was_ready = False
        self.state = StudioLink.WAITING
        self.detail = ""
        self.connections = 0
        self.held = False

    @property
    def ready(self) -> bool:
        return self.state is StudioLink.READY

    # Requests ---------------------------------------------------------------------------------

    async def call(self, kind: str, /, **data: Any) -> Result:
        """One request as an order. Raises `NotConnected`, `ConnectionLost` or `Held`."""
        return (await self.batch([Request(kind, data)]))[0]

    async def batch(
        self, requests: Sequence[Request], priority: Priority = Priority.ORDER
    ) -> list[Result]:
        """All requests in one go, nothing in between; a refused one does not stop the others."""
        permissions = [check(request) for request in requests]
        on_air = any(permission.on_air for permission in permissions)
        if not self._open:
            raise NotConnected(self.detail)
        self._refuse_if_held(priority, on_air)
        done: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(_Job(priority, next(self._numbers), requests, on_air, done))
        return await done

    def never(self, detail: str) -> None:
        """There is no OBS in this show, and none is looked for."""
        self.state, self.detail = StudioLink.NOT_CONFIGURED, detail

    def hold(self, held: bool) -> None:
        """From now on (or no longer) what is on air is panic's alone."""
        self.held = held
        if held:
            self._wake.set()

    def drop(self, reason: str, closing: bool = False) -> None:
        """Ends the present connection at once; a new one is tried."""
        if self._lost is not None and not self._lost.done():
            self._lost.set_exception(ConnectionLost(reason, closing=closing))

    def _refuse_if_held(self, priority: Priority, on_air: bool) -> None:
        if self.held and on_air and priority is not Priority.URGENT:
            raise Held("Panic is engaged.")

    # Life -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            closing = False
            try:
                await self._live()
            except CannotConnect as problem:
                self._now(problem.link, str(problem))
            except ConnectionLost as problem:
                closing = problem.closing
                if problem.hanging:
                    self._now(StudioLink.HANGING, f"{problem}. {_HANGING_STEP}")
                else:
                    self._now(StudioLink.WAITING, f"{problem}. {_WAITING_STEP}")
            failures = 0 if self._was_ready else failures + 1
            await self._pause(CLOSING_SECONDS if closing else self._pause_seconds(failures))

    async def _live(self) -> None:
        """One connection from its beginning to its end, which is always an error."""
        loop = asyncio.get_running_loop()
        connection = self._connect()
        pool = ThreadPoolExecutor(1, "obs requests")
        lost = self._lost = loop.create_future()
        self._was_ready = False
        helpers: list[asyncio.Task[None]] = []

        def hear(kind: str, data: Mapping[str, Any]) -> None:
            loop.call_soon_threadsafe(heard, kind, data)

        def heard(kind: str, data: Mapping[str, Any]) -> None:
            if self._lost is lost:
                self._hear(kind, data)

        try:
            await loop.run_in_executor(pool, connection.open, hear)
            helpers.append(asyncio.create_task(self._pump(connection, pool, lost)))
            self._open = True
            self.connections += 1
            await self._get_ready(lost)
            helpers.append(asyncio.create_task(self._beat()))
            await self._watch(connection, lost)
        finally:
            self._open, self._lost = False, None
            connection.close()
            for task in helpers:
                task.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
            self._fail_waiting()
            if not lost.cancel():
                lost.exception()  # seen by `_watch`, or come too late to matter

    async def _get_ready(self, lost: "asyncio.Future[None]") -> None:
        """Raises `ConnectionLost` at once, also when it was somebody else's request that failed:
        nobody would answer those of `resync` any more."""

        async def resync() -> None:
            detail = await self._resync()
            self._was_ready = True
            self._now(StudioLink.READY, detail)

        work = asyncio.create_task(resync(), name="obs resync")
        both: set[asyncio.Future[None]] = {work, lost}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                lost.result()
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _pump(
        self, connection: Connection, pool: ThreadPoolExecutor, lost: "asyncio.Future[None]"
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            job = await self._jobs.get()
            if job.done.done():
                continue
            try:
                self._refuse_if_held(job.priority, job.on_air)
                async with asyncio.timeout(BELT_SECONDS):
                    results = await loop.run_in_executor(pool, connection.send, job.requests)
            except Held as problem:
                _fail(job, problem)
            except Exception as problem:  # noqa: BLE001 - else all who ask would wait for ever
                loss = _loss(problem)
                _fail(job, loss)
                if not lost.done():
                    lost.set_exception(loss)
                return
            except asyncio.CancelledError:
                _fail(job, ConnectionLost("The connection to OBS ended"))
                raise
            else:
                if not job.done.done():
                    job.done.set_result(results)

    async def _watch(self, connection: Connection, lost: "asyncio.Future[None]") -> None:
        """Raises `ConnectionLost` as soon as anything says so."""
        while True:
            await asyncio.wait({lost}, timeout=LOOK_SECONDS)
            if lost.done():
                lost.result()
            if not connection.alive:
                raise ConnectionLost("OBS is gone: it ended or crashed")

    async def _beat(self) -> None:
        """A question now and then, whose missing answer ends the connection like any other's. It is
        asked beside `_watch`, which must never wait for an answer itself."""
        with contextlib.suppress(StudioError):
            while True:
                await asyncio.sleep(HEARTBEAT_SECONDS)
                await self.batch([Request("GetStats")], Priority.BACKGROUND)

    def _fail_waiting(self) -> None:
        while not self._jobs.empty():
            _fail(self._jobs.get_nowait(), ConnectionLost("The connection to OBS ended"))

    def _now(self, state: StudioLink, detail: str) -> None:
        if (state, detail) != (self.state, self.detail):
            log.info("OBS: %s", detail, extra={"link": state.value})
            self.state, self.detail = state, detail
            self._changed()

    # Pauses -----------------------------------------------------------------------------------

    def _pause_seconds(self, failures: int) -> float:
        if self.state is StudioLink.WRONG_PASSWORD:
            return URGENT_PASSWORD_PAUSE_SECONDS if self.held else WRONG_PASSWORD_PAUSE_SECONDS
        longest = URGENT_PAUSE_SECONDS if self.held else LONGEST_PAUSE_SECONDS
        doubled = FIRST_PAUSE_SECONDS * float(2 ** min(failures, 10))
        return random.uniform(0.5, 1.0) * min(longest, doubled)

    async def _pause(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass


_HANGING_STEP = "It hangs: wait, or end it and start it again."
_WAITING_STEP = "It is looked for all the time; start it again if it does not come back."


def _loss(problem: Exception) -> ConnectionLost:
    """What a request that ended like this says of the connection."""
    if isinstance(problem, ConnectionLost):
        return problem
    if isinstance(problem, TimeoutError):
        return ConnectionLost("OBS does not answer", hanging=True)
    log.error("an answer of OBS could not be read", exc_info=problem)
    return ConnectionLost(f"OBS says what is not understood ({type(problem).__name__})")


def _fail(job: _Job, problem: Exception) -> None:
    if not job.done.done():
        job.done.set_exception(problem)
        job.done.exception()  # whoever waited may be gone: not an error of its own
