"""Runs one worker: bus, latch, lease, readers, beats, HTTP port, and an orderly end."""

import asyncio
import contextlib
import gc
import os
import time
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from libs.bus.base import Bus, BusUnavailable
from libs.contracts.control import EngagePanic, ReleasePanic, SetModuleEnabled
from libs.contracts.envelope import Event
from libs.contracts.health import ModuleState, WorkerDescribed, WorkerStopped
from libs.contracts.interruption import StopSpeaking
from libs.contracts.modules import MODULES_BY_ID
from libs.telemetry.metrics import Metrics
from libs.worker.access import Access, Scope
from libs.worker.beats import Beats
from libs.worker.http_port import HttpPort, bind
from libs.worker.panic_control import PanicControl
from libs.worker.problems import CannotRun, Problem
from libs.worker.readers import Readers
from libs.worker.web_gate import GateRules, OtherPage, WebGate, own_hosts
from libs.worker.worker import Health, Worker

#: A worker that was asked to stop finishes what it has in hand for this long.
DRAIN_SECONDS = 3.0
BUS_RETRY_SECONDS = 0.3
LEASE_SECONDS = 5.0
#: A lease is renewed twice in its time: one lost answer does not lose it.
LEASE_RENEWAL_SECONDS = 2.0
#: A worker makes many short-lived objects a turn: they are looked through less often.
COLLECT_AFTER_OBJECTS = 5_000
#: An order is on the control stream before its latch is written, by no more than this.
LATCH_LATE_SECONDS = 1.0


def kitsu_version() -> str:
    try:
        return version("kitsu-vtuber")
    except PackageNotFoundError:
        return "0"


class Runtime:
    """The life of one worker.

    The HTTP port opens first and closes last: a panic is heard while the bus is still away.
    """

    def __init__(self, worker: Worker, bus: Bus) -> None:
        self._worker = worker
        self._bus = bus
        self._module = MODULES_BY_ID[worker.module]
        self._beats = Beats(worker, self.health)
        self._panic = PanicControl(worker, bus, self._beats.look)
        self._readers = Readers(worker, bus, self._hear_control)
        self._metrics = Metrics(worker.module)
        self._stop = asyncio.Event()
        self._phase = ModuleState.STARTING
        self._started_at = time.monotonic()
        self._bus_was_away = False
        self.exit_reason = ""

    def request_stop(self, reason: str = "asked to stop") -> None:
        """Ends `run` in good order. Safe to call often and from handlers."""
        self.exit_reason = self.exit_reason or reason
        self._stop.set()

    @property
    def ready(self) -> bool:
        return self._phase is ModuleState.READY

    async def run(self) -> None:
        """Until `request_stop`, or until a background task of the worker dies (then raises)."""
        port = self._open_port()
        await port.open()
        try:
            await self._worker.wake_up()
            if await self._unless_stopped(self._open_bus()):
                await self._live()
        finally:
            await self._end()
            await port.close()

    async def _live(self) -> None:
        worker = self._worker
        if not await self._unless_stopped(self._take_lease()):
            return
        latches_read_at = time.monotonic()
        await self._panic.restore()
        await self._restore_switch_and_epoch()
        await worker.start()
        self._readers.start(time.monotonic() - latches_read_at + LATCH_LATE_SECONDS)
        self._phase = ModuleState.READY
        gc.collect()
        gc.set_threshold(COLLECT_AFTER_OBJECTS, 20, 20)
        gc.freeze()  # what start-up made stays: collections need not look at it again
        await self._describe()
        worker.spawn("beat", self._beats.run())
        worker.log.info("ready", extra={"bus": self._bus.description})
        died = asyncio.create_task(worker.task_died.wait())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({died, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (died, stopped):
            waiting.cancel()
        if worker.task_died.is_set() and not self._stop.is_set():
            self.exit_reason = "a background task died"
            raise CannotRun(f"{worker.module}: a background task died; see the log above")

    async def _end(self) -> None:
        worker = self._worker
        was_ready = self._phase is ModuleState.READY
        self._phase = ModuleState.DOWN
        with contextlib.suppress(Exception):
            await self._bus.stop_reading()
        await self._readers.drain(DRAIN_SECONDS)
        if was_ready:
            try:
                await worker.stop()
                await worker.publish(
                    WorkerStopped(
                        show=worker.show,
                        module=worker.module,
                        instance=worker.instance,
                        reason=self.exit_reason,
                    )
                )
            except Exception:  # the end of a worker is supervised here
                worker.log.exception("stopping was not clean")
        await worker.cancel_tasks()
        with contextlib.suppress(Exception):
            await self._bus.release_lease(worker.show, self._lease_name(), self._holder())
        await self._bus.close()

    # Start ------------------------------------------------------------------------------------

    async def _unless_stopped(self, work: Any) -> bool:
        """Runs `work` to its end; False when a stop was asked for first."""
        task = asyncio.ensure_future(work)
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return False
        await task
        return True

    async def _open_bus(self) -> None:
        while True:
            try:
                await self._bus.open()
            except BusUnavailable as error:
                if not self._bus_was_away:
                    self._worker.log.warning("waiting for the bus: %s", error)
                self._bus_was_away = True
                await asyncio.sleep(BUS_RETRY_SECONDS)
            else:
                return

    def _holder(self) -> str:
        return f"{self._worker.instance}!{os.getpid()}"

    def _lease_name(self) -> str:
        return self._worker.module if self._module.singleton else self._worker.instance

    async def _take_lease(self) -> None:
        """One instance of a singleton a show; one process a consumer name of a pool.

        A lease of a dead process on this machine is taken over at once; one of another machine
        when it runs out.
        """
        said = False
        while True:
            holder = await self._try_lease()
            if holder is None:
                break
            if not said:
                self._worker.log.warning("another instance is running (%s): standing by", holder)
                said = True
            await asyncio.sleep(BUS_RETRY_SECONDS)
        self._worker.spawn("lease", self._keep_lease())

    async def _try_lease(self) -> str | None:
        show, name = self._worker.show, self._lease_name()
        try:
            holder = await self._bus.acquire_lease(show, name, self._holder(), LEASE_SECONDS)
            if holder is not None and self._is_dead_here(holder):
                await self._bus.release_lease(show, name, holder)
                holder = await self._bus.acquire_lease(show, name, self._holder(), LEASE_SECONDS)
        except BusUnavailable:
            return "unknown: the bus is away"
        return holder

    def _is_dead_here(self, holder: str) -> bool:
        import psutil  # only a standing-by instance needs it

        instance, _, pid = holder.rpartition("!")
        same_machine = f"@{self._worker.settings.hostname}#" in instance
        return same_machine and pid.isdigit() and not psutil.pid_exists(int(pid))

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(LEASE_RENEWAL_SECONDS)
            with contextlib.suppress(BusUnavailable):
                show, name = self._worker.show, self._lease_name()
                holder = await self._bus.acquire_lease(show, name, self._holder(), LEASE_SECONDS)
                if holder is not None:
                    self._worker.log.error("lost the lease to %s: leaving", holder)
                    self.request_stop("lost its lease")

    async def _restore_switch_and_epoch(self) -> None:
        worker = self._worker
        switch = await self._bus.latch(worker.show, f"enabled:{worker.module}")
        if switch is not None and switch.get("enabled") is False:
            worker.enabled = False
            await worker.enabled_changed(False)
        epoch = await self._bus.latch(worker.show, "epoch")
        if epoch is not None and isinstance(epoch.get("epoch"), int):
            worker.fences.raise_epoch(worker.show, epoch["epoch"])

    # Control ----------------------------------------------------------------------------------

    async def _hear_control(self, event: Event) -> None:
        try:
            await self._obey(event)
        finally:
            self._beats.look()

    async def _obey(self, event: Event) -> None:
        worker = self._worker
        if isinstance(event, EngagePanic | ReleasePanic):
            await self._panic.hear(event)
        elif isinstance(event, SetModuleEnabled):
            if event.module == worker.module and worker.enabled != event.enabled:
                worker.enabled = event.enabled
                await worker.enabled_changed(event.enabled)
        elif isinstance(event, StopSpeaking):
            if event.turn_id is not None:
                worker.fences.cut_turn(event.turn_id)
                await worker.turn_cut(event.show, event.turn_id, event.reason)
            else:
                worker.fences.raise_epoch(event.show, event.epoch)
                await worker.epoch_raised(event.show, event.epoch)

    # Health -----------------------------------------------------------------------------------

    def health(self) -> Health:
        """The worker's own word, unless the runtime knows better."""
        if self._phase is not ModuleState.READY:
            waiting = "waiting for the bus" if not self._bus.connected else "starting"
            return Health(self._phase, waiting)
        if not self._worker.enabled:
            return Health(ModuleState.OFF, "switched off", self._worker.health().engine)
        health = self._worker.health()
        if not self._bus.connected:
            return Health(
                ModuleState.DEGRADED, "the bus is away; it is being tried again", health.engine
            )
        return health

    async def _describe(self) -> None:
        worker = self._worker
        await worker.publish(
            WorkerDescribed(
                show=worker.show,
                module=worker.module,
                instance=worker.instance,
                pid=os.getpid(),
                port=worker.settings.port_of(worker.module),
                kitsu_version=kitsu_version(),
            )
        )

    # HTTP -------------------------------------------------------------------------------------

    def _open_port(self) -> HttpPort:
        worker = self._worker
        settings = worker.settings
        host = settings.orch_host if worker.module == "orchestrator" else settings.kitsu_host
        port = settings.port_of(worker.module)
        setting = (
            "ORCH_PORT" if worker.module == "orchestrator" else f"{worker.module}_port".upper()
        )
        listener = bind(host, port, setting)
        app = worker.build_app()
        app.router.routes[:0] = [
            Route("/live", self._get_live),
            Route("/ready", self._get_ready),
            Route("/metrics", self._get_metrics),
            *(self._panic.routes() if self._module.output else ()),
        ]
        app.add_exception_handler(Problem, _answer_problem)
        scopes = {
            "/live": Scope.PUBLIC,
            "/ready": Scope.PUBLIC,
            "/metrics": Scope.OVERLAY,
            "/panic": Scope.HOOK,
            **worker.access_rules(),
        }
        panic = frozenset({"/panic"})
        rules = GateRules(
            own_hosts(host, port),
            scopes,
            panic,
            panic | worker.keyed_gets,
            f"kitsu_{port}",
            self._panel_page(panic if self._module.output else frozenset()),
            body_limits=worker.body_limits(),
            body_types=worker.body_types(),
        )
        return HttpPort(WebGate(app, rules, Access(settings.kitsu_data_dir)), listener)

    def _panel_page(self, paths: frozenset[str]) -> OtherPage | None:
        """The panel may press panic here itself when its orchestrator does not answer, and open
        what this worker has for it."""
        settings, sockets = self._worker.settings, self._worker.panel_sockets
        if not paths and not sockets:
            return None
        hosts = own_hosts(settings.orch_host, settings.orch_port)
        origins = frozenset(f"http://{host}" for host in hosts)
        return OtherPage(origins, paths, f"kitsu_{settings.orch_port}", sockets)

    async def _get_live(self, request: Request) -> Response:
        uptime = round(time.monotonic() - self._started_at, 1)
        return JSONResponse(
            {"module": self._module.id, "pid": os.getpid(), "uptime_seconds": uptime}
        )

    async def _get_ready(self, request: Request) -> Response:
        health = self.health()
        ready = self._phase is ModuleState.READY
        body = {"module": self._module.id, "ready": ready, "state": health.state}
        return JSONResponse(
            {**body, "detail": health.detail, "engine": health.engine}, 200 if ready else 503
        )

    async def _get_metrics(self, request: Request) -> Response:
        body, content_type = self._metrics.render(
            {**self._worker.counters, **{f"bus_{k}": v for k, v in self._bus.counters.items()}}
        )
        return Response(body, media_type=content_type)


async def _answer_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()


@contextlib.asynccontextmanager
async def running(worker: Worker, bus: Bus) -> AsyncIterator[Runtime]:
    """The worker running in this event loop, for tests and tools; ready when entered."""
    runtime = Runtime(worker, bus)
    task = asyncio.create_task(runtime.run(), name=f"run {worker.module}")
    try:
        while not runtime.ready:
            if task.done():
                await task
            await asyncio.sleep(0.005)
        yield runtime
    finally:
        runtime.request_stop("left")
        await task
