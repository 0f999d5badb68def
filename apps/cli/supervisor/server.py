"""The embedded server, watched and started again."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

from apps.cli.supervisor.backoff import Backoff
from libs.bus.base import BusError

LOOK_SECONDS = 0.5

Moved = Callable[[], None]

log = logging.getLogger("kitsu.supervisor")


class EmbeddedServerLike(Protocol):
    """What `libs.bus.embedded.EmbeddedServer` gives."""

    @property
    def description(self) -> str: ...

    def start(self) -> str:
        """The address with its password. Raises `BusError` or `OSError`."""
        ...

    def stop(self) -> None: ...

    def poll(self) -> int | None:
        """None while it runs; otherwise its exit code."""
        ...


async def keep_running(
    server: EmbeddedServerLike, address: str, event: Callable[[str, str], None], moved: Moved
) -> None:
    """Until cancelled: starts the server again whenever it has ended; calls `moved` when its
    `address` is another one then, because its port was taken meanwhile.

    Runs in the event loop's own thread: on Linux the server is tied to the thread that started it.
    """
    backoff = Backoff()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        code = server.poll()
        if code is None:
            continue
        wait = backoff.died(time.monotonic())
        log.error("the embedded server ended", extra={"code": code, "wait_seconds": wait})
        event(f"the embedded server ended with code {code}; started again", "fail")
        await asyncio.sleep(wait)
        try:
            found = server.start()
        except (OSError, BusError) as error:
            log.error("the embedded server did not start: %s", error)  # noqa: TRY400 - no trace
            event(f"the embedded server did not start: {error}", "fail")
            continue
        if found != address:
            address = found
            moved()
