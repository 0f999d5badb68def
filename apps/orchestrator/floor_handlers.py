"""What the floor hears beside chat: alerts, and the host."""

import abc
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from apps.orchestrator import inputs
from apps.orchestrator.floor import Candidate
from libs.bus.base import Delivery
from libs.contracts.chat import ChatAlerted
from libs.contracts.listening import (
    InterruptionDecided,
    MicrophoneReported,
    SpeechDismissed,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinalized,
    TranscriptUpdated,
)
from libs.worker.worker import Worker, handles

if TYPE_CHECKING:
    from apps.orchestrator.conversation import Conversation
    from apps.orchestrator.feed import Feed
    from apps.orchestrator.floor_desk import FloorDesk
    from apps.orchestrator.host_desk import HostDesk
    from apps.orchestrator.panic_desk import PanicDesk


class FloorHandlers(Worker, abc.ABC):
    """A part of the orchestrator, which gives it what is declared here."""

    conversation: "Conversation"
    feed: "Feed"
    floor: "FloorDesk"
    host: "HostDesk"
    panic_desk: "PanicDesk"

    @abc.abstractmethod
    def status_changed(self, urgent: bool = False) -> None: ...

    async def accept(self, candidate: Candidate, delivery: Delivery) -> Awaitable[None] | None:
        """What is returned is done when the line is on disk: only then it is acknowledged."""
        first_time = delivery.deliveries == 1
        written = await self.conversation.accept(candidate, first_time)
        self.status_changed()
        return written

    @handles(ChatAlerted)
    async def hear_alert(self, event: ChatAlerted, delivery: Delivery) -> None:
        await self.floor.hear_alert(event, delivery)

    @handles(SpeechStarted)
    async def hear_host(self, event: SpeechStarted, delivery: Delivery) -> None:
        await self.host.started(event)

    @handles(SpeechEnded)
    async def hear_end_of_host(self, event: SpeechEnded, delivery: Delivery) -> None:
        await self.host.ended(event)

    @handles(SpeechDismissed)
    async def hear_nothing(self, event: SpeechDismissed, delivery: Delivery) -> None:
        await self.host.dismissed(event)

    @handles(InterruptionDecided)
    async def hear_interruption(self, event: InterruptionDecided, delivery: Delivery) -> None:
        await self.host.decided(event, delivery)

    @handles(MicrophoneReported)
    async def hear_of_microphone(self, event: MicrophoneReported, delivery: Delivery) -> None:
        await self.host.reported(event)

    @handles(TranscriptFinalized)
    async def hear_voice(
        self, event: TranscriptFinalized, delivery: Delivery
    ) -> Awaitable[None] | None:
        phrase = self.panic_desk.phrase_in(event.text)
        if phrase is None:
            return await self.host.understood(event, delivery)
        await self.panic_desk.hear_voice(phrase, delivery)
        await self.host.dismissed(event)
        self.feed.ordered_panic(event.event_id, inputs.from_voice(event))
        return None

    @handles(TranscriptUpdated)
    async def hear_part_of_voice(self, event: TranscriptUpdated, delivery: Delivery) -> None:
        """A panic does not wait for the end of the sentence."""
        phrase = self.panic_desk.phrase_in(event.text)
        if phrase is not None:
            await self.panic_desk.hear_voice(phrase, delivery)
        else:
            await self.host.partly_understood(event)
