"""`kitsu up`: the bus, the modules, their control port, from start to end."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from apps.cli.addresses import open_in_browser, overlay_address, panel_link
from apps.cli.settings import CliSettings
from apps.cli.supervisor.child import Child, Command, Exit
from apps.cli.supervisor.family import Family, told
from apps.cli.supervisor.run_state import RunState, RunStateFile
from apps.cli.supervisor.server import EmbeddedServerLike, keep_running
from apps.cli.supervisor.view import Row, View
from libs.worker.access import Access

#: After this long the addresses are shown, whatever is not ready yet.
PATIENCE_SECONDS = 30.0
#: A module that ends with this code before it was ever ready has wrong settings.
WRONG_SETTINGS = 2

log = logging.getLogger("kitsu.supervisor")


@dataclass(frozen=True)
class Bus:
    """What the modules talk over. `server` is ours to keep running, if there is one."""

    description: str
    server: EmbeddedServerLike | None = None
    address: str = field(default="", repr=False)


class Supervisor:
    """Runs the children until it is asked to stop, by signal or over its control port.

    Promises: exit code 0 after an asked-for end, 2 when a module refuses its settings at the first
    start; when `run` returns no child is running and the run state is gone.
    """

    def __init__(
        self, settings: CliSettings, commands: list[Command], bus: Bus, view: View, open_panel: bool
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._view = view
        self._open_panel = open_panel
        self._family = Family(
            [
                Child(command, settings.kitsu_log_root, self._changed, self._died)
                for command in commands
            ]
        )
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._started = False
        self._began = time.monotonic()
        self._exit_code = 0
        self._seen: dict[str, str] = {}

    async def run(self, state: RunStateFile, own: RunState) -> int:
        """`own` is the claim that was made on `state`."""
        restore_signals = _on_signals(asyncio.get_running_loop(), self._signalled)
        tasks = [self._watched("announce", self._announce())]
        for child in self._family.children:
            self._family.adopt(self._watched(f"child {child.name}", child.run()))
        port = None
        try:
            if self._bus.server is not None:
                server, event = self._bus.server, self._view.event
                watch = keep_running(server, self._bus.address, event, self._family.replace_all)
                tasks.append(self._watched("embedded server", watch))
            port = await self._open_control_port()
            state.announce(replace(own, control_port=port.port))
            await self._stop.wait()
        finally:
            await self._end(tasks)
            if port is not None:
                await port.close()
            state.release()
            restore_signals()
        return self._exit_code

    def status(self) -> dict[str, Any]:
        """For `kitsu status` and `kitsu restart`."""
        return {
            "uptime_seconds": round(time.monotonic() - self._began, 1),
            "bus": self._bus.description,
            "modules": {row.module: asdict(row) for row in self._family.rows()},
        }

    def _watched(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task whose death by an error ends everything: a supervisor with holes is worse."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and task.exception() is not None:
                log.critical("task %s died", name, exc_info=task.exception())
                self._view.event(f"internal error in '{name}'; see: kitsu logs supervisor", "fail")
                self._exit_code = 1
                self._stop.set()

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(ended)
        return task

    # Start ---------------------------------------------------------------------------------------

    async def _open_control_port(self) -> Any:
        # Loaded here, when the children are already starting.
        from apps.cli.supervisor.control_port import ControlPort

        port = ControlPort(
            Access(self._settings.kitsu_data_dir), self.status, self._restart, self._stop.set
        )
        await port.open()
        return port

    async def _announce(self) -> None:
        """Says where everything is as soon as all are ready."""
        try:
            await asyncio.wait_for(self._family.all_ready(), PATIENCE_SECONDS)
        except TimeoutError:
            late = ", ".join(row.module for row in self._family.rows() if row.state != "ready")
            self._view.event(f"not ready yet: {late}; see: kitsu logs", "warn")
        self._started = True
        rows = self._family.rows()
        took = time.monotonic() - self._began
        log.info("up", extra={"took_seconds": round(took, 2)})
        self._view.started(rows, self._facts(rows, took))
        modules = {row.module for row in rows}
        if self._open_panel and "orchestrator" in modules:
            open_in_browser(panel_link(self._settings))

    def _facts(self, rows: list[Row], took: float) -> list[tuple[str, str]]:
        modules = {row.module for row in rows}
        facts = []
        if "orchestrator" in modules:
            facts.append(("Panel", panel_link(self._settings)))
        if "stage" in modules:
            facts.append(("Overlay", overlay_address(self._settings)))
        facts.append(("Bus", self._bus.description))
        facts.append(("Logs", str(self._settings.kitsu_log_root)))
        facts.append(("Ready", f"after {took:.1f} s; Ctrl+C stops everything"))
        facts += [
            ("Note", f"{row.module} is {row.state}: {row.detail}")
            for row in rows
            if row.state != "ready" and row.detail
        ]
        return facts

    # While running -------------------------------------------------------------------------------

    def _changed(self, child: Child) -> None:
        rows = self._family.rows()
        if not self._started:
            self._view.show(rows, "Kitsu is starting")
        for row in rows:
            before = self._seen.get(row.module)
            self._seen[row.module] = row.state
            if self._started and before != row.state and not self._stop.is_set():
                self._tell(row)

    def _tell(self, row: Row) -> None:
        if row.state in ("starting", "waiting", "stopped"):
            return  # its death was told already
        level = "ok" if row.state == "ready" else "warn"
        detail = f" ({row.detail})" if row.detail else ""
        self._view.event(f"{row.module} is {row.state}{detail}", level)

    def _died(self, child: Child, exit_: Exit) -> None:
        line, level = told(child, exit_)
        log.error("%s %s", child.name, exit_.how, extra={"output": exit_.last_words})
        first_start = not child.health.was_ever_ready
        if exit_.code == WRONG_SETTINGS and first_start and not self._started:
            self._view.event(f"{child.name} refuses to start:\n{exit_.last_words}", "fail")
            self._exit_code = WRONG_SETTINGS
            self._stop.set()
            return
        self._view.event(line, level)
        self._changed(child)

    async def _restart(self, module: str) -> dict[str, Any]:
        self._view.event(f"restarting {module}, as asked")
        return await self._family.restart(module)

    # End -----------------------------------------------------------------------------------------

    def _signalled(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._view.close()
        self._view.event("stopping")
        killed = await self._family.stop(self._hurry)
        if killed:
            self._view.event(f"had to be killed: {', '.join(killed)}", "warn")
        if self._bus.server is not None:
            self._bus.server.stop()
        log.info("down", extra={"killed": ", ".join(killed)})
        self._view.event("all stopped", "ok")


def _on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Callable[[], None]:
    """Every way in which a terminal or a system asks for the end. Returns how to undo it."""

    def heard(number: int, frame: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(stop)

    names = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # What whoever started us has switched off (nohup, a shell's background job) stays off.
    wanted = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, heard) for number in wanted}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
