"""Turns for tests, and a policy worker that runs over the memory bus."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from apps.policy_worker.engines.base import (
    Capabilities,
    Piece,
    Pieces,
    ReplyEngine,
    ReplyRequest,
    Task,
)
from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.worker import PolicyWorker
from libs.bus.base import Delivery
from libs.bus.memory import MemoryBus, MemoryServer
from libs.contracts.conversation import (
    PersonaSnapshot,
    ReplyAbandoned,
    ReplyFinished,
    TurnCommitted,
    TurnInput,
    TurnSource,
)
from libs.contracts.envelope import Event
from libs.contracts.identity import new_id
from libs.contracts.people import Author
from libs.contracts.speaking import SpeakSentence
from libs.telemetry import clock

EventType = TypeVar("EventType", bound=Event)


def turn(
    text: str, source: TurnSource = TurnSource.CHAT, author: str = "luna", **fields: Any
) -> TurnCommitted:
    given = TurnInput(
        source=source,
        author=Author(viewer_id=author, name=author),
        text=text,
        arrived_at=clock.now(),
        override=fields.pop("override", None),
        verbatim=fields.pop("verbatim", False),
    )
    defaults: dict[str, Any] = {
        "turn_id": new_id(),
        "utterance_id": new_id(),
        "expires_at": clock.now() + 30,
        "persona": PersonaSnapshot(),
    }
    return TurnCommitted(input=given, **{**defaults, **fields})


class RecordingBus(MemoryBus):
    """A memory bus that remembers what was published, in order."""

    def __init__(self, server: MemoryServer | None = None) -> None:
        super().__init__(server or MemoryServer(), "policy_worker@test#0")
        self.published: list[Event] = []
        self._told = asyncio.Condition()
        self.on_publish: Callable[[Event], None] = lambda event: None

    async def publish(self, event: Event, data: bytes = b"") -> None:
        self.published.append(event)
        await super().publish(event, data)
        self.on_publish(event)
        async with self._told:
            self._told.notify_all()

    async def has_sentences(self, count: int) -> None:
        """Waits until so many were published."""
        async with self._told:
            await self._told.wait_for(lambda: len(self.sentences) >= count)

    async def has(self, event_type: type[Event]) -> None:
        """Waits until one of these was published."""
        async with self._told:
            await self._told.wait_for(
                lambda: any(isinstance(e, event_type) for e in self.published)
            )

    def of(self, event_type: type[EventType]) -> list[EventType]:
        return [event for event in self.published if isinstance(event, event_type)]

    @property
    def sentences(self) -> list[SpeakSentence]:
        return self.of(SpeakSentence)

    @property
    def published_by_replies(self) -> list[Event]:
        """All that belongs to some turn."""
        return [event for event in self.published if event.turn_id is not None]

    @property
    def spoken(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def finished(self) -> ReplyFinished:
        """The one end of the one reply on this bus."""
        [finished] = self.of(ReplyFinished)
        assert not self.of(ReplyAbandoned)
        assert finished.sentences == len({s.index for s in self.sentences})
        return finished


@asynccontextmanager
async def working(
    folder: Path, bus: RecordingBus | None = None, **settings: Any
) -> AsyncIterator[tuple[PolicyWorker, RecordingBus]]:
    """A started policy worker whose handlers the test calls itself."""
    bus = bus or RecordingBus()
    given = {"chat_provider": "scripted", "policy_retry_backoff": 0.0, **settings}
    worker = PolicyWorker(PolicySettings(_env_file=None, kitsu_data_dir=folder, **given), bus)
    await bus.open()
    await worker.start()
    try:
        yield worker, bus
    finally:
        await worker.stop()
        await worker.cancel_tasks()
        await bus.close()


async def answer(
    worker: PolicyWorker, request: TurnCommitted, deliveries: int = 1, data: bytes = b""
) -> None:
    await worker.answer(request, Delivery(request, request.topic, data, deliveries=deliveries))


async def use(worker: PolicyWorker, *engines: ReplyEngine) -> None:
    """The worker answers chat with these engines, and no others."""
    worker.ladder.use({Task.CHAT: engines})
    await worker.ladder.probe()


class PlaysScript:
    """An engine that plays pieces; an exception among them is raised, an event waited for."""

    name = "script"
    label = "script"
    model = "script-1"
    complaint = ""

    def __init__(
        self, *pieces: Piece | Exception | asyncio.Event, capabilities: Capabilities | None = None
    ) -> None:
        self.pieces = pieces
        self.capabilities = capabilities or Capabilities()
        self.asked: list[ReplyRequest] = []
        self.closed = 0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def available(self) -> bool:
        return True

    async def reply(self, request: ReplyRequest) -> Pieces:
        self.asked.append(request)
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, asyncio.Event):
                    await piece.wait()
                else:
                    yield piece
        finally:
            self.closed += 1
