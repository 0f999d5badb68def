"""The supervisor's own HTTP port, on loopback: status, restart, down."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from libs.worker.access import Access
from libs.worker.http_port import HttpPort, bind
from libs.worker.problems import Problem
from libs.worker.web_gate import GateRules, WebGate, own_hosts

HOST = "127.0.0.1"

Restart = Callable[[str], Awaitable[dict[str, Any]]]


class ControlPort:
    """Every path needs the operator's token; the port is whichever is free."""

    def __init__(
        self,
        access: Access,
        status: Callable[[], dict[str, Any]],
        restart: Restart,
        down: Callable[[], None],
    ) -> None:
        self._status = status
        self._restart = restart
        self._down = down
        listener = bind(HOST, 0, "the supervisor's port")
        self.port: int = listener.getsockname()[1]
        app = Starlette(
            routes=[
                Route("/status", self._get_status),
                Route("/restart", self._post_restart, methods=["POST"]),
                Route("/down", self._post_down, methods=["POST"]),
            ],
            exception_handlers={Problem: _answer_problem},
        )
        rules = GateRules(own_hosts(HOST, self.port), cookie_name="kitsu_supervisor")
        self._http = HttpPort(WebGate(app, rules, access), listener)

    async def open(self) -> None:
        await self._http.open()

    async def close(self) -> None:
        await self._http.close()

    async def _get_status(self, request: Request) -> Response:
        return JSONResponse(self._status())

    async def _post_restart(self, request: Request) -> Response:
        try:
            module = (await request.json())["module"]
        except (ValueError, KeyError, TypeError):
            raise Problem(422, "Which module?", 'Send {"module": "stage"}.') from None
        return JSONResponse(await self._restart(str(module)))

    async def _post_down(self, request: Request) -> Response:
        self._down()
        return JSONResponse({"down": True})


async def _answer_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()
