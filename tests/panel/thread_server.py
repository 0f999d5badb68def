"""A server in a thread of its own, that a test can stop and start again on the same port."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any

import uvicorn
from starlette.types import ASGIApp


class ThreadServer:
    def __init__(self) -> None:
        self.port = 0
        """Given by the system at the first start, and kept."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=self.port,
                log_level="critical",
                lifespan="off",
                ws="websockets-sansio",
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, args=(self._server,), daemon=True)
        self._thread.start()
        give_up_at = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > give_up_at:
                raise TimeoutError("the scripted server did not start")
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(timeout=20)
        self._server = None

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Does this in the server's own loop."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _run(self, server: uvicorn.Server) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await server.serve()

        asyncio.run(serve())
