"""An avatar_controller that plays a script on the memory bus: it beats, tells, answers."""

from typing import Any

from libs.contracts.avatar import (
    AvatarChanged,
    AvatarLink,
    AvatarStatus,
    MapMood,
    MoodShown,
    ShowExpression,
    SignInAvatar,
)
from libs.contracts.envelope import Event
from libs.contracts.speaking import Mood
from libs.contracts.stage import ShowItem, TriggerHotkey
from tests.orchestrator.scripted_module import ScriptedModule

ORDERS = (SignInAvatar, ShowExpression, MapMood, TriggerHotkey, ShowItem)

DRAWN = AvatarStatus(id="overlay", title="Drawn character", link=AvatarLink.READY, model="Kitsu")
AKARI: dict[str, Any] = {
    "id": "vtube_studio",
    "title": "VTube Studio",
    "link": AvatarLink.READY,
    "model": "Akari",
    "moods": (
        MoodShown(mood=Mood.HAPPY, expression="Smile.exp3.json"),
        MoodShown(mood=Mood.SAD),
    ),
    "expressions": ("Smile.exp3.json", "Blush", "泣き"),
    "hotkeys": ("Wave Both Hands", "Spin"),
    "items": ("cookie", "heart"),
    "mouth": ("MouthOpen",),
    "can_sign_in": True,
}


class ScriptedAvatars(ScriptedModule):
    module = "avatar_controller"

    def concerns(self, event: Event) -> bool:
        return isinstance(event, ORDERS)

    async def tell(self, **changes: Any) -> AvatarChanged:
        """VTube Studio is now like AKARI, but for these changes."""
        event = AvatarChanged(avatars=(DRAWN, AvatarStatus(**{**AKARI, **changes})))
        await self.publish(event)
        return event
