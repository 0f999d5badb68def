"""What is being heard now."""

from apps.orchestrator.conversation import Conversation
from apps.orchestrator.panel.protocol import SpeakingMessage, SpeakingStatus
from apps.orchestrator.screens import Screens
from libs.contracts.speaking import PlaybackFinished, PlaybackProgressed, PlaybackStarted


class OnAir:
    """Promises: `speaking` and what screens are told of it come from the stage alone."""

    def __init__(self, conversation: Conversation, screens: Screens) -> None:
        self._conversation = conversation
        self._screens = screens
        self.speaking: SpeakingStatus | None = None

    async def started(self, event: PlaybackStarted) -> None:
        await self._conversation.playback_started(event)
        self._now(
            SpeakingStatus(
                utterance_id=event.utterance_id or "", text=event.text, position_seconds=0.0
            )
        )

    def progressed(self, event: PlaybackProgressed) -> None:
        active = self._conversation.active
        if active is None or active.utterance_id != event.utterance_id:
            return
        self._conversation.playback_goes_on()
        self._now(
            SpeakingStatus(
                utterance_id=active.utterance_id,
                text=event.text,
                position_seconds=event.position_seconds,
                known_seconds=event.known_seconds,
            )
        )

    async def finished(self, event: PlaybackFinished) -> None:
        self._now(None)
        await self._conversation.playback_finished(event)

    def _now(self, speaking: SpeakingStatus | None) -> None:
        self.speaking = speaking
        self._screens.tell(SpeakingMessage(speaking=speaking), replaces="speaking")
