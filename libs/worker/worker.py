"""What a worker is: handlers by event type, and a few hooks that the runtime calls."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from libs.bus.base import Bus, Delivery
from libs.bus.middleware import Fencing
from libs.contracts.envelope import Event
from libs.contracts.health import ErrorCategory, ErrorReported, ModuleState
from libs.settings import ShowSettings
from libs.worker.access import Scope
from libs.worker.panic_latch import PanicLatch

EventType = TypeVar("EventType", bound=Event)
Handler = Callable[[Any, Delivery], Awaitable[Awaitable[None] | None]]

_HANDLES = "_kitsu_handles"


def handles(*event_types: type[Event]) -> Callable[[Handler | Any], Any]:
    """Marks a method `async def f(self, event, delivery)` as the handler of these event types.

    It returns None, or what must be done before its event is acknowledged.
    """

    def mark(method: Any) -> Any:
        setattr(method, _HANDLES, event_types)
        return method

    return mark


@dataclass(frozen=True)
class Health:
    """What status and panel show of a worker. `detail` is one line for people."""

    state: ModuleState = ModuleState.READY
    detail: str = ""
    engine: str = ""


class Worker:
    """One module of a show. Subclasses give handlers (`@handles`) and override the hooks below.

    The runtime (`libs.worker.runtime`) does the rest: it reads the bus, drops what is expired,
    stale or already done, acknowledges, renews, holds the panic latch, beats, serves the port.

    A handler that returns has dealt with its event. One that raises has not: work is handed out
    again (at most `MAXIMUM_DELIVERIES` times, then it is a dead letter) and the error is reported.
    A handler may return something to wait for instead: the next event is handled meanwhile, and its
    own is dealt with when that is done. So many events can share one write to a disk.
    While panic is engaged `drop_work_in_panic` makes the runtime drop work and audio unhandled.
    """

    module: ClassVar[str]
    work_concurrency: ClassVar[int] = 1
    """How many work entries (turns, sentences) are handled at the same time."""
    audio_look_back_seconds: ClassVar[float] = 0.0
    """How far back a newly started reader of audio begins."""
    drop_work_in_panic: ClassVar[bool] = True
    panel_sockets: ClassVar[frozenset[str]] = frozenset()
    """WebSocket paths of `routes` that the panel's page may open here itself."""
    keyed_gets: ClassVar[frozenset[str]] = frozenset()
    """Paths of `routes` where a GET does something: only a key counts there, never a cookie."""

    def __init__(self, settings: ShowSettings, bus: Bus) -> None:
        self.settings = settings
        self.bus = bus
        self.show = settings.kitsu_show
        self.instance = f"{self.module}@{settings.hostname}#{settings.kitsu_slot}"
        self.log = logging.getLogger(f"kitsu.{self.module}")
        self.fences = Fencing()
        self.panic = PanicLatch(settings.kitsu_data_dir / "latches", self.instance)
        self.counters: Counter[str] = Counter()
        self.enabled = True
        self.audio_wanted = asyncio.Event()
        """Cleared by a worker that has no use for sound now: nothing of it is read until it is set,
        and then from `audio_look_back_seconds` ago on."""
        self.audio_wanted.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.task_died = asyncio.Event()

    # Hooks -------------------------------------------------------------------------------------

    async def wake_up(self) -> None:
        """What must work without a bus: called first, when the port is open."""

    async def start(self) -> None:
        """Loads engines and opens devices. Called once, with the bus open, before any handler."""

    async def stop(self) -> None:
        """Called once, after reading has stopped and handlers have drained."""

    def health(self) -> Health:
        """Cheap; called at every beat."""
        return Health()

    def gauges(self) -> Mapping[str, int]:
        """Numbers that go up and down, for status; cheap, called at every beat."""
        return {}

    def routes(self) -> list[BaseRoute]:
        """This worker's own HTTP and WebSocket routes, beside /live /ready /metrics /panic."""
        return []

    def build_app(self) -> Starlette:
        """The HTTP application that the runtime adds its own routes to."""
        return Starlette(routes=self.routes())

    def access_rules(self) -> Mapping[str, Scope]:
        """The scope each path of `routes` needs; a path that is not named needs OPERATOR.

        A key that ends in `/` stands for all paths below it.
        """
        return {}

    def body_limits(self) -> Mapping[str, int]:
        """Paths of `routes` whose bodies may be larger than others, and how large, in bytes."""
        return {}

    def body_types(self) -> Mapping[str, str]:
        """Paths of `routes` whose bodies are no JSON, and the content type they must have."""
        return {}

    async def panic_engaged(self, reason: str) -> None:
        """Panic was engaged (or found engaged at start): silence now, locally, without the bus.

        `epoch_raised` is not called for a panic: drop all work here too.
        """

    async def panic_released(self) -> None:
        """Only after an explicit release."""

    async def panic_answer(self) -> Mapping[str, Any]:
        """What this worker adds to its answer to `POST /panic` and `/panic/release`."""
        return {}

    async def epoch_raised(self, show: str, epoch: int) -> None:
        """The show was interrupted; the fences are already up. Drop older work now."""

    async def turn_cut(self, show: str, turn_id: str, reason: str = "") -> None:
        """One turn was cut (`reason`: why); the fences are already up. Drop its work now."""

    async def enabled_changed(self, enabled: bool) -> None:
        """The module was switched on or off; `self.enabled` is already set."""

    # Services ----------------------------------------------------------------------------------

    async def publish(self, event: Event, data: bytes = b"") -> None:
        await self.bus.publish(event, data)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs a named background task. One that ends with an error is reported."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    async def report(
        self, code: str, message: str, category: ErrorCategory = ErrorCategory.INTERNAL
    ) -> None:
        """Tells operator and log about an error: a code, and a sentence with the mending step."""
        self.log.error(message, extra={"code": code})
        self.counters[f"error_{code}"] += 1
        await self.publish(
            ErrorReported(
                show=self.show, module=self.module, code=code, message=message, category=category
            )
        )

    def handlers(self) -> dict[type[Event], Handler]:
        """Handler by event type, found by `@handles`."""
        found: dict[type[Event], Handler] = {}
        for name in dir(type(self)):
            for event_type in getattr(getattr(type(self), name), _HANDLES, ()):
                found[event_type] = getattr(self, name)
        return found

    async def cancel_tasks(self) -> None:
        """Cancels what `spawn` started and waits for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        self.log.error("task %s died", task.get_name(), exc_info=task.exception())
        self.counters["tasks_died"] += 1
        self.task_died.set()
