"""Panic in one worker: the latch, its two routes, and what is done when it moves."""

import time
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from libs.bus.base import Bus, BusError
from libs.contracts.control import EngagePanic, PanicEngaged, PanicReleased, ReleasePanic
from libs.worker.panic_latch import PanicState
from libs.worker.problems import Problem
from libs.worker.worker import Worker

PanicRoute = Literal["control_stream", "own_port", "restored"]

#: Name of the latched state on the bus.
LATCH_NAME = "panic"


REASON_CHARACTERS = 200
BY_CHARACTERS = 64

#: An answer that a browser kept would be a panic that was never sent.
NOT_KEPT = {"Cache-Control": "no-store"}
#: Who engaged panic by the address with a key.
BY_LINK = "the panic link"
#: Who engaged it by a phrase that the ears know.
BY_VOICE = "the host's voice"


class PanicRequest(BaseModel):
    """Body of `POST /panic` and `POST /panic/release` on a worker's own port."""

    reason: str = Field(default="", max_length=REASON_CHARACTERS)
    by: str = Field(default="operator", max_length=BY_CHARACTERS)
    ordinal: int | None = Field(default=None, ge=0)
    epoch: int | None = Field(default=None, ge=0)


class PanicControl:
    """Engages and releases one worker's latch, whichever way the order came.

    Promises: silence first, then the latch file, then the bus; nothing here waits for the bus
    before the worker is silent.
    """

    def __init__(self, worker: Worker, bus: Bus, changed: Callable[[], None]) -> None:
        """`changed` is called when the latch has changed: others may hear of it by this alone."""
        self._worker = worker
        self._bus = bus
        self._changed = changed

    async def engage(
        self, reason: str, by: str, ordinal: int | None, epoch: int, route: PanicRoute
    ) -> None:
        worker = self._worker
        if not worker.panic.engage(reason, by, ordinal):
            return
        self._shut_fences(epoch)
        self._changed()
        started = time.perf_counter()
        await worker.panic_engaged(reason)
        worker.counters["panics"] += 1
        took_ms = (time.perf_counter() - started) * 1000
        worker.log.warning("panic engaged", extra={"reason": reason, "took_ms": round(took_ms, 2)})
        fact = PanicEngaged(
            show=worker.show,
            module=worker.module,
            ordinal=worker.panic.state.ordinal,
            reason=reason,
            route=route,
        )
        worker.spawn("tell of panic", self._tell(fact))

    async def release(self, by: str, ordinal: int | None, epoch: int) -> None:
        worker = self._worker
        was_engaged = worker.panic.release(by, ordinal)
        self._shut_fences(epoch)
        self._changed()
        if not was_engaged:
            return
        await worker.panic_released()
        worker.log.warning("panic released", extra={"by": by})
        fact = PanicReleased(
            show=worker.show, module=worker.module, ordinal=worker.panic.state.ordinal
        )
        worker.spawn("tell of release", self._tell(fact))

    async def restore(self) -> None:
        """At start: what this worker's file or the bus remembers, whichever is newer."""
        worker = self._worker
        latched = await self._bus.latch(worker.show, LATCH_NAME) or {}
        was_engaged, ordinal = worker.panic.engaged, _as_int(latched.get("ordinal"))
        reason, by = str(latched.get("reason", "")), str(latched.get("by", ""))
        if ordinal > worker.panic.state.ordinal:
            if latched.get("engaged"):
                await self.engage(reason, by, ordinal, 0, "restored")
            else:
                worker.panic.release(by, ordinal)
        if was_engaged and worker.panic.engaged:
            worker.fences.shut(worker.show)
            await worker.panic_engaged(worker.panic.state.reason)

    async def hear(self, event: EngagePanic | ReleasePanic) -> None:
        """An order from the control stream."""
        if isinstance(event, EngagePanic):
            await self.engage(event.reason, event.by, event.ordinal, event.epoch, "control_stream")
        else:
            await self.release(event.by, event.ordinal, event.epoch)

    def routes(self) -> list[Route]:
        return [
            Route("/panic", self._get_panic, methods=["GET"]),
            Route("/panic", self._post_panic, methods=["POST"]),
            Route("/panic/release", self._post_release, methods=["POST"]),
        ]

    async def _get_panic(self, request: Request) -> Response:
        """For decks that can only open an address. A browser that asks for the head only has not
        opened it."""
        if request.method == "GET":
            reason = request.query_params.get("reason", "")[:REASON_CHARACTERS]
            await self.engage(reason, BY_LINK, None, 0, "own_port")
        return await self._answer(self._worker.panic.state)

    async def _post_panic(self, request: Request) -> Response:
        body = await _read(request)
        await self.engage(body.reason, body.by, body.ordinal, body.epoch or 0, "own_port")
        return await self._answer(self._worker.panic.state)

    async def _post_release(self, request: Request) -> Response:
        body = await _read(request)
        await self.release(body.by, body.ordinal, body.epoch or 0)
        return await self._answer(self._worker.panic.state)

    async def _answer(self, state: PanicState) -> Response:
        worker = self._worker
        return JSONResponse(
            {
                "module": worker.module,
                "engaged": state.engaged,
                "ordinal": state.ordinal,
                "highest_epoch": worker.fences.highest(worker.show),
                **await worker.panic_answer(),
            },
            headers=NOT_KEPT,
        )

    async def _tell(self, fact: PanicEngaged | PanicReleased) -> None:
        """In the background: a bus that fails must not make a panic fail."""
        try:
            await self._worker.publish(fact)
        except BusError as error:
            self._worker.log.exception("panic could not be told", exc_info=error)

    def _shut_fences(self, epoch: int) -> None:
        """Everything seen so far is stale, and everything below the epoch the order brought."""
        fences, show = self._worker.fences, self._worker.show
        if epoch:
            fences.raise_epoch(show, epoch)
        else:
            fences.shut(show)


async def _read(request: Request) -> PanicRequest:
    """The body, if any: a panic with a broken or missing body is still a panic."""
    raw: Any = await request.body()
    try:
        return PanicRequest.model_validate_json(raw or b"{}")
    except ValidationError:
        if request.url.path.endswith("/release"):
            raise Problem(422, "Not a release request", 'Send {"by": "name"}.') from None
        return PanicRequest(reason="unreadable request")


def _as_int(value: Any) -> int:
    return value if isinstance(value, int) else 0
