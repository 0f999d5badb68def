"""An obs_controller that plays a script on the memory bus: it beats, tells how OBS is, answers."""

import asyncio
from typing import Any

from libs.contracts.envelope import Event
from libs.contracts.stage import StageCommandDone, StageCommandFailed
from libs.contracts.studio import (
    ScreenshotTaken,
    StudioChanged,
    StudioInput,
    StudioLink,
    TakeScreenshot,
)
from tests.orchestrator.scripted_module import ScriptedModule
from tests.orchestrator.stand import Stand

ANSWERS = (StageCommandDone, StageCommandFailed, ScreenshotTaken, StudioChanged)
PICTURE = b"\xff\xd8\xff picture"

READY: dict[str, Any] = {
    "link": StudioLink.READY,
    "obs_version": "29.0.2",
    "scene": "Live",
    "scenes": ("Live", "Chatting", "BRB"),
    "inputs": (
        StudioInput(name="Mic/Aux", kind="pulse_input_capture", volume_db=-3.0, role="mic"),
        StudioInput(name="Kitsu overlay", kind="browser_source", role="voice"),
    ),
    "transition": "Fade",
    "transitions": ("Cut", "Fade"),
    "actions": ("wave",),
}


class ScriptedStudio(ScriptedModule):
    """`delay_seconds`: no answer takes longer, and each another time."""

    module = "obs_controller"

    def __init__(self, stand: Stand) -> None:
        super().__init__(stand)
        self.delay_seconds = 0.0

    @staticmethod
    def done(order: Event) -> Event:
        if isinstance(order, TakeScreenshot):
            return ScreenshotTaken.caused_by(order, scene="Live", format=order.format)
        result: dict[str, Any] = {"scene": getattr(order, "scene", None)}
        return StageCommandDone.caused_by(
            order, command=order.type, message=f"did {order.type}", result=result
        )

    def concerns(self, event: Event) -> bool:
        return not isinstance(event, ANSWERS)

    def refuse(self, code: str, message: str = "No scene 'Gmae'; did you mean 'Game'?") -> None:
        super().refuse(code, message)

    async def tell(self, **changes: Any) -> StudioChanged:
        """OBS is now like READY, but for these changes."""
        event = StudioChanged(**{**READY, **changes})
        await self.publish(event)
        return event

    async def keep(self, **changes: Any) -> None:
        """The same as the latch that a restarted orchestrator reads."""
        event = StudioChanged(**{**READY, **changes})
        await self._bus.set_latch("main", "studio", event.model_dump(mode="json"))

    async def send(self, answer: Event) -> None:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds * (hash(answer.event_id) % 7) / 7)
        data = PICTURE if isinstance(answer, ScreenshotTaken) else b""
        await self._bus.publish(answer, data)
