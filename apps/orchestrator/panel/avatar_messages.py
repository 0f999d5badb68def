"""What the panel is told of avatars."""

from apps.orchestrator.panel.wire import Message
from libs.contracts.avatar import AvatarId, AvatarLink, AvatarStatus, Bearing
from libs.contracts.speaking import Mood


class AvatarState(Message):
    """How one avatar is: its `AvatarStatus` without what it has."""

    id: AvatarId
    title: str
    link: AvatarLink
    detail: str = ""
    model: str = ""
    mouth: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    can_sign_in: bool = False


class AvatarsState(Message):
    """How all avatars are now. `there`: whether an avatar_controller runs; `detail` says what to do
    where nothing is known. What they have (faces, hotkeys, items) is told by `GET /avatar`, once
    for each `names`: it may be twenty thousand characters."""

    there: bool = False
    detail: str = ""
    avatars: tuple[AvatarState, ...] = ()
    mood: Mood = Mood.NEUTRAL
    bearing: Bearing = Bearing.IDLE
    names: str = ""
    """Another one as soon as something that has a name has come, gone or is used otherwise."""


class AvatarsStatus(Message):
    """All avatars as they are now, and all they have."""

    there: bool = False
    detail: str = ""
    avatars: tuple[AvatarStatus, ...] = ()
    mood: Mood = Mood.NEUTRAL
    bearing: Bearing = Bearing.IDLE
    items: tuple[str, ...] = ()
    """What can be shown somewhere now: in an avatar's program, or drawn in the overlay."""
    names: str = ""
    """As in `AvatarsState`: of what is told here."""
