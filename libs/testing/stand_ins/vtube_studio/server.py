"""The websocket server, and what happens to it.

Source: github.com/DenchiSoft/VTubeStudio, README.md, "API Details". Approximations: which requests
work before authentication (the state of the API and the two of signing in); a revoked plugin's
requests get error 50 on the connection it has, and its token is no longer valid.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Self
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from libs.testing.stand_ins.vtube_studio.answers import Answers
from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.faults import Faults
from libs.testing.stand_ins.vtube_studio.models import Model
from libs.testing.stand_ins.vtube_studio.other_plugin import OtherPlugin
from libs.testing.stand_ins.vtube_studio.parameters import Plugin
from libs.testing.stand_ins.vtube_studio.pulse import (
    BROADCAST_SECONDS,
    keep_broadcasting,
    keep_telling,
)
from libs.testing.stand_ins.vtube_studio.recording import Injection, Recording
from libs.testing.stand_ins.vtube_studio.requests import (
    HANDLERS,
    NOT_BUILT,
    OPEN_TO_ALL,
    SLOW_HANDLERS,
    Call,
)
from libs.testing.stand_ins.vtube_studio.session import Session
from libs.testing.stand_ins.vtube_studio.studio import Studio
from libs.testing.stand_ins.vtube_studio.wire import (
    Data,
    Refusal,
    Request,
    answer_kind,
    message,
    parsed,
)

#: Frames a second, where `answers` says none.
USUAL_FRAME_HZ = 60
#: Largest message, in bytes: pictures come in one.
MAXIMUM_MESSAGE_BYTES = 32 * 2**20


class VTubeStudioStandIn:
    """`async with VTubeStudioStandIn() as vts:` listens on loopback at `vts.url`.

    `studio` is the app: its models, its user (`studio.popup`), its parameters; `answers` says when
    requests are worked on, `faults` which are refused; `recording` is what came in. `now` is the
    clock of whatever expires or cools down; frames and delays are in real time.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        models: Iterable[Model] | None = None,
        broadcast_port: int | None = None,
        broadcast_seconds: float = BROADCAST_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.port = port
        self.answers = Answers()
        self.studio = Studio(now, models, lambda: 1 / (self.answers.frame_hz or USUAL_FRAME_HZ))
        self.faults = Faults()
        self.recording = Recording()
        self.instance_id = uuid.uuid4().hex
        self.connections = 0
        """Clients that ever connected."""
        self._broadcast = (broadcast_port, broadcast_seconds)
        self._server: Server | None = None
        self._clients: WeakSet[ServerConnection] = WeakSet()
        self._work: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def is_up(self) -> bool:
        """Whether the app runs."""
        return self._server is not None

    # Coming and going -------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """At the same port as before, if there was one."""
        self._server = await serve(
            self._meet,
            "127.0.0.1",
            self.port,
            compression=None,
            close_timeout=0.5,
            max_size=MAXIMUM_MESSAGE_BYTES,
            create_connection=self._noting_clients(),
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        telling = keep_telling(self.studio, lambda: self.answers.hanging)
        self._work = [asyncio.create_task(telling)]
        to_port, seconds = self._broadcast
        if to_port is not None:
            work = keep_broadcasting(to_port, seconds, self._broadcast_state)
            self._work.append(asyncio.create_task(work))

    async def stop(self) -> None:
        """The app is gone, and everything that was connected."""
        if self._server is None:
            return
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        server, self._server = self._server, None
        self.answers.forget()
        self.studio.hotkeys.clear()
        server.close(close_connections=False)
        closed = asyncio.ensure_future(server.wait_closed())
        while not closed.done():
            for client in list(self._clients):
                client.transport.abort()
            await asyncio.wait({closed}, timeout=0.02)

    async def restart(self, *, down_seconds: float = 0.0, forget_tokens: bool = False) -> None:
        """Closed and opened again, at the same port."""
        await self.stop()
        self.instance_id = uuid.uuid4().hex
        self.studio.start_again()
        if forget_tokens:
            self.studio.forget_plugins()
        await asyncio.sleep(down_seconds)
        await self.start()

    def drop(self) -> int:
        """All connections break at once; how many there were."""
        sessions = list(self.studio.sessions)
        for session in sessions:
            session.cut()
        return len(sessions)

    def _noting_clients(self) -> type[ServerConnection]:
        """Those too that have connected and said nothing."""
        clients = self._clients

        class NotedConnection(ServerConnection):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                clients.add(self)

        return NotedConnection

    # What tests wait for, and other plugins ---------------------------------------------------

    def session_of(self, plugin_name: str) -> Session | None:
        """A connection on which this plugin is authenticated."""
        sessions = self.studio.sessions
        return next((s for s in sessions if s.plugin and s.plugin.name == plugin_name), None)

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - many causes
                await asyncio.sleep(0.005)

    @contextlib.asynccontextmanager
    async def other_plugin(
        self, values: dict[str, float], name: str = "Other plugin"
    ) -> AsyncIterator[OtherPlugin]:
        """Another plugin that holds these parameters, within the block."""
        plugin = Plugin(name, "Somebody")
        token = self.studio.rights.grant(plugin)
        async with OtherPlugin(self.url, token, plugin, values) as other:
            yield other

    # One client -------------------------------------------------------------------------------

    async def _meet(self, connection: ServerConnection) -> None:
        self.connections += 1
        session = Session(connection)
        self.studio.sessions.add(session)
        session.spawn(session.write())
        try:
            with contextlib.suppress(ConnectionClosed):
                async for raw in connection:
                    self._take(session, raw)
        finally:
            self.studio.session_ended(session)
            await session.end()

    def _take(self, session: Session, raw: str | bytes) -> None:
        request = parsed(raw)
        injection = self.recording.take(request, session.plugin)
        self.answers.schedule(request.kind, lambda: self._work_on(session, request, injection))

    def _work_on(self, session: Session, request: Request, injection: Injection | None) -> None:
        if session not in self.studio.sessions:
            return
        call = Call(self.studio, session, request.request_id, request.data)
        try:
            self._check(session, request)
            if request.kind in SLOW_HANDLERS:
                session.spawn(self._answer_slowly(call, request))
                return
            data = HANDLERS[request.kind](call)
        except Refusal as refusal:
            self._refuse(session, request, refusal, injection)
            return
        if injection is not None:
            injection.error_id = -1
        self._answer(session, request, message(answer_kind(request.kind), call.request_id, data))

    async def _answer_slowly(self, call: Call, request: Request) -> None:
        try:
            data = await SLOW_HANDLERS[request.kind](call)
        except Refusal as refusal:
            self._refuse(call.session, request, refusal)
            return
        text = message(answer_kind(request.kind), request.request_id, data)
        self._answer(call.session, request, text)

    def _check(self, session: Session, request: Request) -> None:
        """Raises `Refusal`."""
        if not self.studio.api_active:
            raise Refusal(ErrorId.API_SWITCHED_OFF, "API access has been deactivated by the user.")
        if request.problem is not None:
            raise request.problem
        kind = request.kind
        if kind not in HANDLERS and kind not in SLOW_HANDLERS and kind not in NOT_BUILT:
            raise Refusal(ErrorId.REQUEST_TYPE_UNKNOWN, f'There is no request "{kind}".')
        self.faults.check(kind)
        if kind not in OPEN_TO_ALL:
            if session.revoked:
                raise Refusal(ErrorId.TOKEN_DENIED, "User has denied API access for your plugin.")
            if session.plugin is None:
                raise Refusal(ErrorId.NOT_AUTHENTICATED, "This request requires authentication.")
        if kind in NOT_BUILT:
            raise Refusal(ErrorId.INTERNAL, f"This stand-in does not know {kind}.")

    def _refuse(
        self,
        session: Session,
        request: Request,
        refusal: Refusal,
        injection: Injection | None = None,
    ) -> None:
        self.recording.errors[refusal.error_id] += 1
        if injection is not None:
            injection.error_id = refusal.error_id
        data = {"errorID": refusal.error_id, "message": str(refusal)}
        self._answer(session, request, message("APIError", request.request_id, data))

    def _answer(self, session: Session, request: Request, text: str) -> None:
        if self.answers.is_swallowed(request.kind):
            self.recording.swallowed += 1
            return
        self.recording.answered += 1
        session.send(text)

    def _broadcast_state(self) -> Data:
        return {
            "active": self.studio.api_active,
            "port": self.port,
            "instanceID": self.instance_id,
            "windowTitle": "VTube Studio",
        }
