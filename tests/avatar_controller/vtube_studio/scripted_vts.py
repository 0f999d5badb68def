"""A VTube Studio of which a test decides every single message."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Request = dict[str, Any]
#: What is sent back to a request: any number of messages, of any form.
Script = Callable[[Request], list[str | bytes]]

TOKEN = "a-token-that-nobody-may-ever-read-anywhere"


def message(request: Request, kind: str, data: object) -> str:
    return json.dumps(
        {
            "apiName": "VTubeStudioPublicAPI",
            "apiVersion": "1.0",
            "requestID": request.get("requestID"),
            "messageType": kind,
            "data": data,
        }
    )


def answer(request: Request, data: object) -> str:
    kind = request["messageType"].removesuffix("Request") + "Response"
    return message(request, kind, data)


def error(request: Request, error_id: object, said: object = "") -> str:
    return message(request, "APIError", {"errorID": error_id, "message": said})


class ScriptedVts:
    """`async with` it: listens at `url`, and answers as VTube Studio but for `scripts`, by kind."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self.heard: list[Request] = []
        self.connections: list[ServerConnection] = []
        self.port = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def kinds(self) -> list[str]:
        return [request["messageType"] for request in self.heard]

    async def tell(self, raw: str | bytes) -> None:
        await self.connections[-1].send(raw)

    async def __aenter__(self) -> Self:
        self._server = await serve(self._meet, "127.0.0.1", self.port, close_timeout=0.2)
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        for connection in self._server.connections:
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def _meet(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        try:
            async for raw in connection:
                request = json.loads(raw)
                self.heard.append(request)
                script = self.scripts.get(request["messageType"], usual)
                for reply in script(request):
                    await connection.send(reply)
        except ConnectionClosed:
            pass


def usual(request: Request) -> list[str | bytes]:
    data: dict[str, dict[str, Any]] = {
        "APIStateRequest": {"active": True, "vTubeStudioVersion": "1.32.0"},
        "AuthenticationTokenRequest": {"authenticationToken": TOKEN},
        "AuthenticationRequest": {"authenticated": True},
    }
    return [answer(request, data.get(request["messageType"], {}))]


def nothing(request: Request) -> list[str | bytes]:
    return []


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - many causes
            await asyncio.sleep(0.005)
