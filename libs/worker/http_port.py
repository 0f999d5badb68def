"""A worker's own HTTP port: one uvicorn server in the worker's event loop."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from libs.worker.problems import CannotRun

#: How long open connections may take to end when the port closes.
CLOSE_SECONDS = 1
#: The `Date` of an answer may be so old; uvicorn looks at the clock ten times a second.
TICK_SECONDS = 5.0


class PortTaken(CannotRun):
    """Another program listens there; the message names the setting to change."""


class _QuietServer(uvicorn.Server):
    """Leaves signals to the runtime, and seldom wakes while nothing happens: there are many
    processes in a show."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        self.should_exit = True
        self._leaving.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), TICK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket. Raises `PortTaken` with the setting that moves it elsewhere."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio sets TCP_NODELAY on what is accepted: without it every
    # answer waits 40 ms for the other side's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform == "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        message = (
            f"port {port} on {host} cannot be used ({error.strerror}): set {setting} to a free one"
        )
        raise PortTaken(message) from None
    listener.listen(128)
    listener.setblocking(False)
    return listener


class HttpPort:
    """Serves an ASGI application until `close`."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=CLOSE_SECONDS,
            ws_max_size=1 << 20,
        )
        self._server = _QuietServer(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(
            self._server.serve(sockets=[self._listener]), name="http port"
        )
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        self._server.leave()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._listener.close()
