"""What the orchestrator hears of OBS and of avatars."""

import abc
from typing import TYPE_CHECKING

from apps.orchestrator.studio import Answer
from apps.orchestrator.studio_words import panic_line, severity
from libs.bus.base import Delivery
from libs.contracts.avatar import AvatarChanged, PresenceChanged
from libs.contracts.stage import StageCommandDone, StageCommandFailed
from libs.contracts.studio import ScreenshotTaken, StudioChanged, StudioPanicReported
from libs.worker.worker import Worker, handles

if TYPE_CHECKING:
    from apps.orchestrator.avatar_desk import AvatarDesk
    from apps.orchestrator.incidents import IncidentLog
    from apps.orchestrator.studio import StudioDesk


class StageHandlers(Worker, abc.ABC):
    """A part of the orchestrator, which gives it what is declared here."""

    studio: "StudioDesk"
    avatar: "AvatarDesk"
    incidents: "IncidentLog"

    @abc.abstractmethod
    def status_changed(self, urgent: bool = False) -> None: ...

    @handles(StudioChanged)
    async def studio_changed(self, event: StudioChanged, delivery: Delivery) -> None:
        self.studio.changed(event, delivery.age_seconds)
        self.status_changed(urgent=True)

    @handles(StageCommandDone, StageCommandFailed, ScreenshotTaken)
    async def order_answered(self, event: Answer, delivery: Delivery) -> None:
        self.studio.answered(delivery)
        self.avatar.answered(delivery)

    @handles(StudioPanicReported)
    async def studio_panicked(self, event: StudioPanicReported, delivery: Delivery) -> None:
        self.studio.panic_reported(event)
        self.status_changed(urgent=True)
        await self.incidents.note("panic_obs", severity(event), panic_line(event))

    @handles(AvatarChanged, PresenceChanged)
    async def avatar_changed(
        self, event: AvatarChanged | PresenceChanged, delivery: Delivery
    ) -> None:
        self.avatar.news.take(event, delivery.age_seconds)
        self.status_changed()
