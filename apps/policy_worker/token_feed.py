"""The reply as it is being written, for screens."""

import time
from collections.abc import Awaitable, Callable

from libs.contracts.conversation import ReplyChunk, TurnCommitted
from libs.contracts.envelope import Event

#: Screens are told at most this often; what comes in between goes with the next.
INTERVAL_SECONDS = 0.1


class TokenFeed:
    """Promises: at most ten chunks a second; together they are the whole text."""

    def __init__(self, turn: TurnCommitted, publish: Callable[[Event], Awaitable[None]]) -> None:
        self._turn = turn
        self._publish = publish
        self._waiting = ""
        self._due = 0.0

    async def add(self, text: str) -> None:
        self._waiting += text
        if time.monotonic() >= self._due:
            await self.flush()

    async def flush(self) -> None:
        if self._waiting:
            text, self._waiting = self._waiting, ""
            self._due = time.monotonic() + INTERVAL_SECONDS
            await self._publish(ReplyChunk.caused_by(self._turn, text=text))
