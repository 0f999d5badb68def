"""The open panels and other listeners of `WS /stream`, and what each has yet to be told."""

import asyncio
from collections import deque

from pydantic import BaseModel

#: Feed rows that a new panel is shown, and that a slow one may be behind before rows are dropped.
FEED_ROWS = 50
QUEUE_MESSAGES = 1_000


class Screen:
    """One listener. State messages replace older ones of their kind; feed rows may be dropped."""

    def __init__(self) -> None:
        self._rows: deque[BaseModel] = deque(maxlen=QUEUE_MESSAGES)
        self._latest: dict[str, BaseModel] = {}
        self._news = asyncio.Event()

    def put(self, message: BaseModel, replaces: str = "") -> None:
        if replaces:
            self._latest[replaces] = message
        else:
            self._rows.append(message)
        self._news.set()

    async def batch(self) -> list[BaseModel]:
        """Waits for news and takes all of it: state first, then rows in order."""
        await self._news.wait()
        self._news.clear()
        messages = [*self._latest.values(), *self._rows]
        self._latest.clear()
        self._rows.clear()
        return messages


class Screens:
    """Everyone who listens. Telling them never waits."""

    def __init__(self) -> None:
        self._open: set[Screen] = set()

    def __len__(self) -> int:
        return len(self._open)

    def open(self) -> Screen:
        screen = Screen()
        self._open.add(screen)
        return screen

    def close(self, screen: Screen) -> None:
        self._open.discard(screen)

    def tell(self, message: BaseModel, replaces: str = "") -> None:
        for screen in self._open:
            screen.put(message, replaces)
