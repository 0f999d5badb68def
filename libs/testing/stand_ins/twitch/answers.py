"""How Twitch says no, and faults that single requests meet."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The answer is an error. `oauth`: in the form of id.twitch.tv, which has no `error` field."""

    def __init__(self, status: int, message: str, *, oauth: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.oauth = oauth

    def response(self) -> web.Response:
        body: dict[str, Any] = {"status": self.status, "message": str(self)}
        if not self.oauth:
            body["error"] = HTTPStatus(self.status).phrase
        return web.json_response(body, status=self.status)


@dataclass
class Fault:
    """What the next `times` requests to one method and path meet. `status` 0: only the delay."""

    method: str
    path: str
    times: int = 1
    status: int = 500
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    drop: bool = False
    """The connection is cut instead of an answer."""
    after: bool = False
    """The request is carried out before this happens."""


class Faults:
    """A middleware that turns refusals into answers, and lets requests meet their faults."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.requests: Counter[str] = Counter()
        """Method and path → how often."""

    def add(self, fault: Fault) -> None:
        self.waiting.append(fault)

    def middleware(self) -> Any:
        @web.middleware
        async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith("/_stand-in/"):
                return await handler(request)
            self.requests[f"{request.method} {request.path}"] += 1
            fault = self._next(request)
            try:
                if fault is None:
                    return await handler(request)
                return await self._met(fault, request, handler)
            except Refused as refusal:
                return refusal.response()

        return meet

    def _next(self, request: web.Request) -> Fault | None:
        for fault in self.waiting:
            if (fault.method, fault.path) == (request.method, request.path):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None

    async def _met(
        self, fault: Fault, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        answer = await handler(request) if fault.after else None
        await asyncio.sleep(fault.delay_seconds)
        if fault.drop:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)
        if not fault.status:
            return answer or await handler(request)
        phrase = HTTPStatus(fault.status).phrase
        message = fault.message or phrase
        body = {"error": phrase, "status": fault.status, "message": message}
        return web.json_response(body, status=fault.status, headers=fault.headers)
