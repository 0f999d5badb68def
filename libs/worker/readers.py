"""Reads the bus for one worker and hands each delivery to its handler."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from libs.bus.base import Bus, Delivery, Subscription
from libs.bus.middleware import AgeLimit, Dedupe, Middleware
from libs.contracts.control import EngagePanic, ReleasePanic, SetModuleEnabled
from libs.contracts.envelope import Event
from libs.contracts.health import ErrorCategory
from libs.contracts.interruption import StopSpeaking
from libs.contracts.streams import CONTROL, StreamClass, Topic
from libs.worker.worker import Handler, Worker

#: Work in hand is renewed this often, well inside the second after which it may be taken over.
RENEW_SECONDS = 0.3
#: Work that was just begun comes before reading on: so much of it needs nobody else's answer.
BEGIN_SECONDS = 0.002
#: Facts are bookkeeping: read in small batches, handled in order.
FACTS_PREFETCH = 16
#: Lanes of their own are for what may come in floods.
LANE_PREFETCH = 100
#: Events whose handlers returned but that are not dealt with yet; above that reading waits.
MAXIMUM_UNFINISHED = 1_000

ControlHook = Callable[[Event], Awaitable[None]]

#: Control events that the runtime itself acts on, in every worker.
RUNTIME_EVENTS: tuple[type[Event], ...] = (
    EngagePanic,
    ReleasePanic,
    SetModuleEnabled,
    StopSpeaking,
)


class Renewal:
    """Keeps work in hand ours while it lasts. Quick work costs one timer."""

    def __init__(self, bus: Bus, delivery: Delivery) -> None:
        self._bus = bus
        self._delivery = delivery
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(RENEW_SECONDS, self._begin)

    def end(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._renew(), name="renew")

    async def _renew(self) -> None:
        while True:
            await self._bus.extend(self._delivery)
            await asyncio.sleep(RENEW_SECONDS)


class Readers:
    """One reading loop for each way of delivery, and each lane, that this worker's handlers need.

    Promises: control is never behind other reading; facts of one lane are handled one by one in
    order; work is handled at most `work_concurrency` at a time and renewed while it lasts; what
    middleware refuses is acknowledged and counted; what a handler raises is reported and handed
    out again.
    """

    def __init__(self, worker: Worker, bus: Bus, control_hook: ControlHook) -> None:
        self._worker = worker
        self._bus = bus
        self._control_hook = control_hook
        self._handlers = worker.handlers()
        self._middleware: tuple[Middleware, ...] = (worker.fences, AgeLimit(), Dedupe())
        self._in_hand: set[asyncio.Task[None]] = set()

    def start(self, control_look_back_seconds: float) -> None:
        """Control is read from so long ago on: what was ordered while this worker started."""
        look_back = {
            StreamClass.CONTROL: control_look_back_seconds,
            StreamClass.AUDIO: self._worker.audio_look_back_seconds,
        }
        self._worker.spawn("know events", self._know_events())
        for (stream_class, lane), topics in self._topics().items():
            seconds = look_back.get(stream_class, 0.0)
            subscription = self._subscription(stream_class, topics, seconds)
            read = {
                StreamClass.WORK: self._read_work,
                StreamClass.AUDIO: self._read_while_wanted,
            }.get(stream_class, self._read_in_order)
            self._worker.spawn(f"read {stream_class} {lane}".strip(), read(subscription))

    async def _know_events(self) -> None:
        """Builds what decodes handled events; else the first of each kind waits for it."""
        for event_type in self._handlers:
            event_type.model_rebuild()
            await asyncio.sleep(0)

    async def drain(self, seconds: float) -> None:
        """Waits for work in hand; what is not done then stays unacknowledged for the next one."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=seconds)
        for task in list(self._in_hand):
            task.cancel()
        await asyncio.gather(*self._in_hand, return_exceptions=True)

    def _topics(self) -> dict[tuple[StreamClass, str], tuple[Topic, ...]]:
        """What is read together."""
        wanted = {event_type.topic for event_type in self._handlers} | {CONTROL}
        found: dict[tuple[StreamClass, str], tuple[Topic, ...]] = {}
        for topic in sorted(wanted, key=lambda topic: topic.name):
            together = (topic.stream_class, topic.lane)
            found[together] = (*found.get(together, ()), topic)
        return found

    def _subscription(
        self, stream_class: StreamClass, topics: tuple[Topic, ...], look_back_seconds: float
    ) -> Subscription:
        worker = self._worker
        grouped = stream_class in (StreamClass.WORK, StreamClass.FACTS)
        return Subscription(
            topics=topics,
            show=worker.show,
            group=worker.module if grouped else "",
            consumer=worker.instance if grouped else "",
            prefetch=_prefetch(stream_class, topics[0].lane),
            look_back_seconds=look_back_seconds,
            only=self._tags(topics) if stream_class is StreamClass.LIVE else frozenset(),
        )

    def _tags(self, topics: tuple[Topic, ...]) -> frozenset[str]:
        handled = (t for t in self._handlers if t.topic in topics)
        return frozenset(t.model_fields["type"].default for t in handled)

    async def _read_in_order(self, subscription: Subscription) -> None:
        unfinished = asyncio.Semaphore(MAXIMUM_UNFINISHED)
        async for delivery in self._bus.subscribe(subscription):
            rest = await self._begin(delivery)
            if rest is not None:
                await unfinished.acquire()
                task = asyncio.create_task(self._finish_later(delivery, rest), name="finish")
                self._in_hand.add(task)
                task.add_done_callback(self._in_hand.discard)
                task.add_done_callback(lambda _: unfinished.release())

    async def _read_while_wanted(self, subscription: Subscription) -> None:
        """Sound, for a worker that does not want it always; what it heard twice is a duplicate."""
        wanted = self._worker.audio_wanted
        while True:
            await wanted.wait()
            deliveries = self._bus.subscribe(subscription)
            async with contextlib.aclosing(deliveries):
                async for delivery in deliveries:
                    if not wanted.is_set():
                        break
                    await self._handle(delivery)
                else:
                    return  # the bus is being closed

    async def _read_work(self, subscription: Subscription) -> None:
        slots = asyncio.Semaphore(self._worker.work_concurrency)
        await slots.acquire()
        async for delivery in self._bus.subscribe(subscription):
            task = asyncio.create_task(self._work(delivery, slots), name="work")
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)
            await asyncio.sleep(BEGIN_SECONDS)
            await slots.acquire()

    async def _work(self, delivery: Delivery, slots: asyncio.Semaphore) -> None:
        renewal = Renewal(self._bus, delivery)
        try:
            await self._handle(delivery)
        finally:
            renewal.end()
            slots.release()

    async def _handle(self, delivery: Delivery) -> None:
        rest = await self._begin(delivery)
        if rest is not None:
            await self._finish(delivery, rest)

    async def _begin(self, delivery: Delivery) -> Awaitable[None] | None:
        """Calls the handler. Returns what is to be waited for; None: it is all over."""
        worker, event = self._worker, delivery.event
        refused = self._refused(delivery)
        if refused is not None:
            worker.counters[f"dropped_{refused}"] += 1
            await self._bus.acknowledge(delivery)
            return None
        try:
            if isinstance(event, RUNTIME_EVENTS):
                await self._control_hook(event)
            handler = self._handler(event)
            rest = await handler(event, delivery) if handler is not None else None
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a handler is supervised here
            await self._failed(delivery, error)
            return None
        if rest is None:
            await self._done(delivery)
        return rest

    async def _finish_later(self, delivery: Delivery, rest: Awaitable[None]) -> None:
        """Others are read meanwhile: what is renewed is not taken for left lying."""
        renewal = Renewal(self._bus, delivery)
        try:
            await self._finish(delivery, rest)
        finally:
            renewal.end()

    async def _finish(self, delivery: Delivery, rest: Awaitable[None]) -> None:
        try:
            await rest
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a handler's rest is supervised here
            await self._failed(delivery, error)
        else:
            await self._done(delivery)

    async def _done(self, delivery: Delivery) -> None:
        for middleware in self._middleware:
            middleware.done(delivery)
        self._worker.counters["handled"] += 1
        await self._bus.acknowledge(delivery)

    def _refused(self, delivery: Delivery) -> str | None:
        if not delivery.topic.pooled and delivery.event.show != self._worker.show:
            return "foreign_show"
        for middleware in self._middleware:
            if reason := middleware.refuse(delivery):
                return reason
        silenced = self._worker.panic.engaged and self._worker.drop_work_in_panic
        if silenced and delivery.event.fenced:
            return "panic"
        return None

    def _handler(self, event: Event) -> Handler | None:
        return self._handlers.get(type(event))

    async def _failed(self, delivery: Delivery, error: Exception) -> None:
        tag = delivery.event.type
        self._worker.log.error("handling %s failed", tag, exc_info=error)
        message = (
            f"{self._worker.module} could not handle {tag} ({type(error).__name__}); see its log"
        )
        with contextlib.suppress(Exception):
            await self._worker.report("handler_failed", message, ErrorCategory.INTERNAL)


def _prefetch(stream_class: StreamClass, lane: str) -> int:
    if stream_class is not StreamClass.FACTS:
        return 1
    return LANE_PREFETCH if lane else FACTS_PREFETCH
