"""A chat platform that tells what a test tells it, and remembers what it was sent."""

import asyncio
import itertools

from apps.twitch_ingest.engines.base import (
    Capabilities,
    Message,
    PlatformEvent,
    PlatformHealth,
    Tell,
)
from libs.contracts.health import ModuleState
from libs.contracts.people import Author, Role
from libs.telemetry import clock

_NUMBERS = itertools.count(1)


def author(name: str = "ann", role: Role = Role.VIEWER) -> Author:
    return Author(viewer_id=f"id-{name}"[:128], name=name, role=role)


def message(
    text: str, name: str = "ann", role: Role = Role.VIEWER, age: float = 0.0, **more: object
) -> Message:
    """A line, written `age` seconds ago."""
    fields: dict[str, object] = {
        "message_id": f"m{next(_NUMBERS)}",
        "author": author(name, role),
        "text": text,
        "written_at": clock.now() - age,
        **more,
    }
    return Message(**fields)  # type: ignore[arg-type]


class ScriptedPlatform:
    name = "twitch"

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self.capabilities = capabilities or Capabilities(
            can_send=True, has_roles=True, has_deletions=True
        )
        self.is_moderator = False
        self.sent: list[tuple[str, str]] = []
        self.answers: list[BaseException | None] = []
        """What the next sends end with; afterwards they all go well."""
        self.blocks: asyncio.Event | None = None
        """A send waits for it."""
        self.runs = 0
        self.fails_first = False
        self._listens = asyncio.Event()
        self._tell: Tell | None = None

    @property
    def running(self) -> bool:
        return self._listens.is_set()

    async def run(self, tell: Tell) -> None:
        self.runs += 1
        if self.fails_first and self.runs == 1:
            raise RuntimeError("oauth:abcdefghijklmnop was refused")
        self._tell = tell
        self._listens.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._listens.clear()

    async def send(self, text: str, reply_to: str = "") -> None:
        if self.blocks is not None:
            await self.blocks.wait()
        if self.answers and (problem := self.answers.pop(0)) is not None:
            raise problem
        self.sent.append((text, reply_to))

    def health(self) -> PlatformHealth:
        return PlatformHealth(ModuleState.READY, "hears #kitsu", "scripted")

    async def tells(self, *events: PlatformEvent) -> None:
        await self._listens.wait()
        assert self._tell is not None
        for event in events:
            await self._tell(event)
