"""What the panel is told of avatars."""

from apps.orchestrator.panel.wire import Message
from libs.contracts.avatar import AvatarStatus, Bearing
from libs.contracts.speaking import Mood


class AvatarsStatus(Message):
    """All avatars as they are now. `there`: whether an avatar_controller runs; `detail` says what
    to do where nothing is known."""

    there: bool = False
    detail: str = ""
    avatars: tuple[AvatarStatus, ...] = ()
    mood: Mood = Mood.NEUTRAL
    bearing: Bearing = Bearing.IDLE
    items: tuple[str, ...] = ()
    """What can be shown somewhere now: in an avatar's program, or drawn in the overlay."""
