"""A program that speaks obs-websocket 5, for what a real OBS cannot be made to do in a test.

Form: obs-websocket 5, docs/generated/protocol.md: "Message Types (OpCodes)", "Connecting to
obs-websocket" and "WebSocketCloseCode". To be tested against a real OBS wherever that can be had.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from libs.testing.stand_ins.obs_requests import (
    GENERAL,
    NOT_READY,
    SUCCESS,
    Data,
    PaperStudio,
    Refusal,
)

HELLO, IDENTIFY, IDENTIFIED, REIDENTIFY, EVENT = 0, 1, 2, 3, 5
REQUEST, ANSWER, BATCH, BATCH_ANSWER = 6, 7, 8, 9

CANNOT_DECODE, UNKNOWN_OP, NOT_IDENTIFIED, ALREADY_IDENTIFIED = 4002, 4006, 4007, 4008
WRONG_PASSWORD, OTHER_PROTOCOL = 4009, 4010

#: What a client gets that names no subscriptions: all but those with many messages a second.
ORDINARY_EVENTS = (1 << 11) - 1


@dataclass(frozen=True)
class HeardRequest:
    """One request, also of a batch, as the server got it."""

    kind: str
    data: Mapping[str, Any]


class _Hangup(Exception):
    """The client broke the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass
class ObsWebSocketStandIn:
    """`async with ObsWebSocketStandIn(password="x") as obs:` listens on loopback at `obs.url`.

    Misbehaviour is switched on and off at any time: `not_ready` refuses every request with 207,
    `refused` gives single kinds a status code, `answer_seconds` delays every answer,
    `silent_from` ("hello", "identified" or "request") says nothing from that word on.
    """

    password: str = ""
    studio: PaperStudio = field(default_factory=PaperStudio)
    port: int = 0
    rpc_version: int = 1
    not_ready: bool = False
    refused: dict[str, int] = field(default_factory=dict)
    answer_seconds: float = 0.0
    silent_from: str = ""
    requests: list[HeardRequest] = field(default_factory=list)
    connections: int = 0
    """Clients that ever connected."""
    _server: Server | None = None
    _subscribed: dict[ServerConnection, int] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def identified(self) -> int:
        """How many clients are identified now."""
        return len(self._subscribed)

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._meet, "127.0.0.1", self.port, compression=None, close_timeout=0.5
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self.drop()
        for task in list(self._tasks):
            task.cancel()
        self._server.close()
        await self._server.wait_closed()

    def emit(self, kind: str, data: Data | None = None, intent: int = GENERAL) -> None:
        """An event to all who subscribed to its kind: `emit("ExitStarted")`."""
        body = {"eventType": kind, "eventIntent": intent, "eventData": data or {}}
        message = json.dumps({"op": EVENT, "d": body})
        for connection, subscriptions in self._subscribed.items():
            if subscriptions & intent and not self.silent_from:
                self._spawn(_send(connection, message))

    def drop(self) -> None:
        """All connections break at once, as when OBS is killed."""
        if self._server is not None:
            for connection in self._server.connections:
                connection.transport.abort()

    # One client -------------------------------------------------------------------------------

    async def _meet(self, connection: ServerConnection) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionClosed):
            try:
                if not await self._identify(connection):
                    await connection.wait_closed()
                    return
                async for raw in connection:
                    await self._take(connection, *_parsed(raw))
            except _Hangup as problem:
                await connection.close(problem.code, str(problem))
            finally:
                self._subscribed.pop(connection, None)

    async def _identify(self, connection: ServerConnection) -> bool:
        """False for one to whom nothing more is said."""
        if self.silent_from == "hello":
            return False
        salt, challenge = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
        hello: Data = {
            "obsWebSocketVersion": self.studio.web_socket_version,
            "rpcVersion": self.rpc_version,
        }
        if self.password:
            hello["authentication"] = {"challenge": challenge, "salt": salt}
        await connection.send(json.dumps({"op": HELLO, "d": hello}))
        op, body = _parsed(await connection.recv())
        if op != IDENTIFY:
            raise _Hangup(NOT_IDENTIFIED, "You attempted to send a message before identifying.")
        if body.get("rpcVersion") != self.rpc_version:
            raise _Hangup(OTHER_PROTOCOL, "Your requested RPC version is not supported.")
        proof = _digest(_digest(self.password + salt) + challenge)
        if self.password and body.get("authentication") != proof:
            raise _Hangup(WRONG_PASSWORD, "Authentication failed.")
        if self.silent_from == "identified":
            return False
        await self._identified(connection, body)
        return True

    async def _identified(self, connection: ServerConnection, body: Data) -> None:
        self._subscribed[connection] = int(body.get("eventSubscriptions", ORDINARY_EVENTS))
        told = {"op": IDENTIFIED, "d": {"negotiatedRpcVersion": self.rpc_version}}
        await connection.send(json.dumps(told))

    async def _take(self, connection: ServerConnection, op: int, body: Data) -> None:
        if op == IDENTIFY:
            raise _Hangup(ALREADY_IDENTIFIED, "You are already Identified.")
        if op not in (REIDENTIFY, REQUEST, BATCH):
            raise _Hangup(UNKNOWN_OP, f"Unknown OpCode: {op}")
        if self.silent_from:
            return
        if op == REIDENTIFY:
            await self._identified(connection, body)
            return
        answer = self._answer(body) if op == REQUEST else self._answer_batch(body)
        self._spawn(self._send_later(connection, json.dumps({"op": op + 1, "d": answer})))

    # Requests ---------------------------------------------------------------------------------

    def _answer_batch(self, body: Data) -> Data:
        results = []
        for request in body.get("requests", []):
            results.append(self._answer(request))
            if body.get("haltOnFailure") and not results[-1]["requestStatus"]["result"]:
                break
        return {"requestId": body.get("requestId"), "results": results}

    def _answer(self, body: Data) -> Data:
        kind, data = str(body.get("requestType", "")), body.get("requestData") or {}
        self.requests.append(HeardRequest(kind, data))
        answer: Data = {"requestType": kind}
        if "requestId" in body:
            answer["requestId"] = body["requestId"]
        try:
            self._refuse_as_told(kind)
            found = self.studio.answer(kind, data, self._tell)
        except Refusal as problem:
            answer["requestStatus"] = {"result": False, "code": problem.code}
            if str(problem):
                answer["requestStatus"]["comment"] = str(problem)
            return answer
        answer["requestStatus"] = {"result": True, "code": SUCCESS}
        return {**answer, "responseData": found} if found else answer

    def _refuse_as_told(self, kind: str) -> None:
        if self.not_ready:
            raise Refusal(NOT_READY, "OBS is not ready to perform the request.")
        if kind in self.refused:
            raise Refusal(self.refused[kind], "Refused by the script of the test.")

    def _tell(self, intent: int, kind: str, data: Data) -> None:
        self.emit(kind, data, intent)

    async def _send_later(self, connection: ServerConnection, message: str) -> None:
        await asyncio.sleep(self.answer_seconds)
        await _send(connection, message)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _send(connection: ServerConnection, message: str) -> None:
    with contextlib.suppress(ConnectionClosed):
        await connection.send(message)


def _parsed(raw: str | bytes) -> tuple[int, Data]:
    try:
        message = json.loads(raw)
        op, body = message["op"], message["d"]
    except (ValueError, KeyError, TypeError):
        raise _Hangup(CANNOT_DECODE, "The message cannot be decoded.") from None
    if not isinstance(op, int) or not isinstance(body, dict):
        raise _Hangup(CANNOT_DECODE, "The message cannot be decoded.")
    return op, body


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
