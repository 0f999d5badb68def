"""How the orchestrator follows what is heard, beside whoever answers it."""

from collections.abc import Awaitable

from apps.orchestrator.microphone_desk import MicrophoneDesk
from libs.bus.base import Delivery
from libs.contracts.envelope import Event
from libs.worker.worker import Handler, Worker


class MicrophoneHandlers(Worker):
    """The part of the orchestrator that shows what is heard. It changes nothing for those that
    handle the same events."""

    microphone: MicrophoneDesk

    def handlers(self) -> dict[type[Event], Handler]:
        found = super().handlers()
        for event_type in MicrophoneDesk.FOLLOWS:
            found[event_type] = self._followed(found.get(event_type))
        return found

    def _followed(self, handle: Handler | None) -> Handler:
        async def follow(event: Event, delivery: Delivery) -> Awaitable[None] | None:
            self.microphone.follow(event)
            return await handle(event, delivery) if handle is not None else None

        return follow
