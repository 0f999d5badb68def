"""Looking at what viewers see: a picture of the programme, taken by the obs_controller."""

import asyncio
from collections.abc import Awaitable, Callable

from apps.policy_worker.engines.base import Picture
from apps.policy_worker.pictures import NoPicture, picture_of
from libs.contracts.conversation import TurnCommitted
from libs.contracts.envelope import Event
from libs.contracts.studio import ScreenshotTaken, TakeScreenshot
from libs.telemetry import clock

#: Longer than this nobody waits for a glance.
LOOK_SECONDS = 1.5
#: Enough to read a scoreboard by.
WIDTH = 960


class Eyes:
    """Asks for a screenshot and waits a moment for it. Sees only the show of its own worker: the
    picture travels on that show's live channel."""

    def __init__(self, show: str, publish: Callable[[Event], Awaitable[None]]) -> None:
        self._show = show
        self._publish = publish
        self._waiting: dict[str, asyncio.Future[bytes]] = {}

    async def look(self, turn: TurnCommitted) -> Picture | None:
        """None when nothing can be seen in time."""
        if turn.show != self._show:
            return None
        order = TakeScreenshot.caused_by(turn, width=WIDTH, expires_at=clock.now() + LOOK_SECONDS)
        taken = asyncio.get_running_loop().create_future()
        self._waiting[order.event_id] = taken
        try:
            await self._publish(order)
            async with asyncio.timeout(LOOK_SECONDS):
                return picture_of(await taken)
        except (TimeoutError, NoPicture):
            return None
        finally:
            del self._waiting[order.event_id]

    def taken(self, event: ScreenshotTaken, data: bytes) -> None:
        """A picture came; it may be somebody else's."""
        waiting = self._waiting.get(event.cause_id or "")
        if waiting is not None and not waiting.done():
            waiting.set_result(data)
