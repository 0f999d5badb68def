"""Everything a bus writes, in order, over one connection; kept while the server is away."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.bus.base import BusError, BusUnavailable
from libs.bus.reading import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS
from libs.bus.redis_connection import Command, CommandRefused, RedisConnection

#: Requests and bytes kept while the server is away; above that the oldest is dropped and counted.
MAXIMUM_REQUESTS = 20_000
MAXIMUM_BYTES = 64 * 1024 * 1024
#: Requests sent in one go, when several wait.
_BATCH_REQUESTS = 100
_BATCH_BYTES = 1024 * 1024
#: Error codes of a server that will take the same command later.
_LATER = ("LOADING", "READONLY", "MASTERDOWN", "MISCONF", "BUSY")

_log = logging.getLogger("kitsu.bus")


@dataclass(eq=False)
class Request:
    """Commands that belong together.

    `build` is called at the moment of sending; None from it means: too late, drop it. A durable
    request is kept while the server is away; a newer one in the same `slot` replaces it. `settled`
    is called once, when the server has answered or the request is given up.
    """

    build: Callable[[], Sequence[Command] | None]
    durable: bool = False
    size: int = 0
    slot: str = ""
    settled: Callable[[Any], None] | None = None
    waiting: asyncio.Future[Any] | None = None
    superseded: bool = field(default=False, repr=False)

    def resolve(self, reply: Any) -> None:
        """Tells who waits: the reply, or None for a request that is kept for later."""
        if self.waiting is not None and not self.waiting.done():
            if isinstance(reply, BusError):
                self.waiting.set_exception(reply)
            else:
                self.waiting.set_result(reply)
        self.waiting = None

    def settle(self, reply: Any) -> None:
        self.resolve(reply)
        if self.settled is not None:
            self.settled(reply)


class Outbox:
    """The writer of one bus.

    Promises: requests reach the server in the order in which they were given; nothing is sent by
    two tasks at once; giving up the wait for an answer does not break the connection. A durable
    request whose answer was lost is sent again (readers recognise its event id).
    """

    def __init__(self, connection: RedisConnection, counters: Counter[str]) -> None:
        self._connection = connection
        self._counters = counters
        self._queue: deque[Request] = deque()
        self._bytes = 0
        self._slots: dict[str, Request] = {}
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._trouble = ""

    @property
    def connected(self) -> bool:
        return self._task is not None and not self._task.done() and self._connection.is_open

    def __len__(self) -> int:
        return len(self._queue)

    def start(self) -> None:
        """With the connection already open."""
        self._task = asyncio.create_task(self._run(), name="bus outbox")

    async def close(self, flush_seconds: float) -> None:
        """Sends what is left for at most that long, then closes the connection."""
        task, self._task = self._task, None
        if task is not None:
            try:
                async with asyncio.timeout(flush_seconds):
                    await self._idle.wait()
            except TimeoutError:
                _log.warning("%d events could not be sent before closing", len(self._queue))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        while self._queue:
            self._take_one().settle(BusUnavailable("the bus is closed"))
        await self._connection.close()

    async def send(self, request: Request) -> Any:
        """The server's reply; None for a durable request that had to be kept for later.

        Raises `BusUnavailable` for another one, and `CommandRefused` when the server refuses it.
        """
        if self._task is None or self._task.done():
            raise BusUnavailable("the bus is not open")
        if not self.connected:
            if not request.durable:
                raise BusUnavailable(self._trouble or "the server is away")
            self._put(request)
            self._counters["parked"] += 1
            return None
        request.waiting = asyncio.get_running_loop().create_future()
        waiting = request.waiting
        self._put(request)
        return await waiting

    def post(self, request: Request) -> bool:
        """Sends without waiting for an answer. False: dropped, the server is away or too slow."""
        if not self.connected or len(self._queue) > MAXIMUM_REQUESTS // 20:
            return False
        self._put(request)
        return True

    def _put(self, request: Request) -> None:
        if request.slot:
            older = self._slots.get(request.slot)
            if older is not None:
                older.superseded = True
            self._slots[request.slot] = request
        self._queue.append(request)
        self._bytes += request.size
        while len(self._queue) > MAXIMUM_REQUESTS or self._bytes > MAXIMUM_BYTES:
            self._counters["outbox_dropped"] += 1
            self._take_one().settle(BusUnavailable("the outbox is full"))
        self._idle.clear()
        self._work.set()

    def _take_one(self) -> Request:
        request = self._queue.popleft()
        self._bytes -= request.size
        if self._slots.get(request.slot) is request:
            del self._slots[request.slot]
        return request

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                if not self._connection.is_open:
                    await self._connection.reopen()
                    self._counters["reconnects"] += 1
                    self._trouble = ""
                    _log.info("the bus is back; %d events waited", len(self._queue))
                if self._queue:
                    await self._send_batch()
                    failures = 0
                else:
                    self._idle.set()
                    self._work.clear()
                    await self._work.wait()
            except BusUnavailable as error:
                if not self._trouble:
                    _log.warning("the bus is away, events are kept: %s", error)
                self._trouble = str(error)
                self._park()
                if failures:  # the first attempt to reconnect is made at once
                    pause = FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 10)
                    await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, pause))
                failures += 1
            except Exception:  # noqa: BLE001 - supervised here: a worker without its outbox is mute
                _log.exception("a batch of requests failed and was given up")
                await asyncio.sleep(FIRST_PAUSE_SECONDS)

    async def _send_batch(self) -> None:
        batch: list[tuple[Request, int]] = []
        commands: list[Command] = []
        size = 0
        while self._queue and len(batch) < _BATCH_REQUESTS and size < _BATCH_BYTES:
            request = self._take_one()
            built = None if request.superseded else request.build()
            if built is None:
                request.settle(None)
                continue
            batch.append((request, len(built)))
            commands.extend(built)
            size += request.size
        if not batch:
            return
        try:
            replies = await self._connection.exchange(commands)
        except BaseException:
            self._put_back([request for request, _ in batch])
            raise
        self._settle(batch, replies)

    def _settle(self, batch: list[tuple[Request, int]], replies: list[Any]) -> None:
        position = 0
        for number, (request, length) in enumerate(batch):
            position += length
            reply = replies[position - 1]
            if isinstance(reply, CommandRefused):
                if reply.code in _LATER:
                    self._put_back([left for left, _ in batch[number:]])
                    raise BusUnavailable(f"the server takes no writes now ({reply.code})")
                if request.waiting is None:
                    self._counters["refused"] += 1
                    _log.error("the server refused an event: %s", reply)
            request.settle(reply)

    def _put_back(self, requests: list[Request]) -> None:
        """In front of the queue, in their old order; what is not durable is given up."""
        for request in reversed(requests):
            if request.durable and not request.superseded:
                self._queue.appendleft(request)
                self._bytes += request.size
                if request.slot:
                    newer = self._slots.setdefault(request.slot, request)
                    request.superseded = newer is not request
            elif request.durable:
                request.settle(None)
            else:
                request.settle(BusUnavailable("the server went away before it answered"))

    def _park(self) -> None:
        """The server is away: nobody waits for it any longer."""
        kept: deque[Request] = deque()
        for request in self._queue:
            if request.durable:
                self._counters["parked"] += request.waiting is not None
                request.resolve(None)
                kept.append(request)
            else:
                self._bytes -= request.size
                request.settle(BusUnavailable(self._trouble))
        self._queue = kept
