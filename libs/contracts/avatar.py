"""The avatars: orders to them, and how they are.

Every order is answered by one `StageCommandDone` or `StageCommandFailed` whose `cause_id` is the
order's `event_id`. A mood itself is `SetExpression`, an animation `TriggerHotkey`, something shown
`ShowItem` (all in `stage.py`).
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event, Value
from libs.contracts.speaking import Mood
from libs.contracts.streams import STAGE

#: Longest name of an expression, hotkey or model that is told or taken.
NAME_CHARACTERS = 200
#: Of so many expressions and hotkeys of a model the names are told; a model may have more.
MAXIMUM_NAMES = 300
#: Names of the latches that say the same as the last `AvatarChanged` and `PresenceChanged`.
AVATARS_LATCH, PRESENCE_LATCH = "avatar", "avatar_presence"

AvatarId = Literal["overlay", "vtube_studio", "vmc", "veadotube"]


class Bearing(StrEnum):
    """What she is doing, as her whole bearing shows it."""

    IDLE = "idle"
    LISTENING = "listening"
    """Somebody speaks to her."""
    THINKING = "thinking"
    """She is about to answer."""
    SPEAKING = "speaking"
    ASLEEP = "asleep"
    """Nothing has happened for long."""


class AvatarLink(StrEnum):
    """How the connection to an avatar's program is."""

    NOT_CONFIGURED = "not_configured"
    WAITING = "waiting"
    """The program is not there (yet); it is tried again all the time."""
    ASKING = "asking"
    """The program asks its user whether Kitsu may: somebody must click Allow there."""
    DENIED = "denied"
    """The user said no; asked again only when somebody orders it (`SignInAvatar`)."""
    WRONG_PROGRAM = "wrong_program"
    """Something answers that is not the program that was meant."""
    HANGING = "hanging"
    """It is connected and does not answer."""
    UNSEEN = "unseen"
    """It takes what is sent and never answers: whether anybody is there cannot be known."""
    READY = "ready"


class AvatarRefusal(StrEnum):
    """Why an order to an avatar was not carried out: `code` of its `StageCommandFailed`."""

    NOT_CONFIGURED = "not_configured"
    """The settings name no such avatar."""
    NOT_READY = "avatar_not_ready"
    """Its program, or a model in it, is not there (yet)."""
    OFF = "off"
    """The module is switched off."""
    NOT_FOUND = "not_found"
    """It has nothing of that name."""
    NOT_POSSIBLE = "not_possible"
    """It cannot do such things at all."""
    NOT_NOW = "not_now"
    """Too soon after the last time, or too much at once."""
    REFUSED = "refused"
    """Its program said no."""
    PANIC = "panic"
    STALE = "stale"
    """Too late: its turn was interrupted, or it lay about for long."""


class MoodShown(Value):
    """How an avatar shows one mood."""

    mood: Mood
    expression: str = Field(default="", max_length=NAME_CHARACTERS)
    """By its name there; empty: nothing shows it."""
    chosen_by: Literal["name", "file", "panel"] = "name"
    """Found by its name, written in `configs/avatar.yaml`, or chosen live."""


class AvatarStatus(Value):
    """One avatar as it is now. Lists are empty while `link` is not ready."""

    id: AvatarId
    title: str
    link: AvatarLink
    detail: str = ""
    """One line for people, with the step that mends what is wrong."""
    model: str = Field(default="", max_length=NAME_CHARACTERS)
    moods: tuple[MoodShown, ...] = ()
    """Empty as well where moods are drawn without a choice of expressions."""
    expressions: tuple[str, ...] = Field(default=(), max_length=MAXIMUM_NAMES)
    gestures: tuple[str, ...] = Field(default=(), max_length=MAXIMUM_NAMES)
    """Animations it can make now: names of `configs/avatar.yaml`, and those of any head."""
    hotkeys: tuple[str, ...] = Field(default=(), max_length=MAXIMUM_NAMES)
    """Of the model, that may be pressed: those that switch an expression on and off may not."""
    items: tuple[str, ...] = ()
    """Names of `configs/avatar.yaml` that can be shown there."""
    mouth: tuple[str, ...] = ()
    """What moves its mouth, by the names there."""
    taken: tuple[str, ...] = ()
    """What another program holds; left alone."""
    missing: tuple[str, ...] = ()
    """What Kitsu would use and the model does not have, in plain words."""
    can_sign_in: bool = False
    """Whether `SignInAvatar` means anything there."""


class AvatarChanged(Event):
    """All avatars as they are now, whole, with hundreds of names perhaps; sent when one of them has
    changed, or what is wrong with the file, and kept as the latch `avatar`. Her mood and bearing
    are those of that moment."""

    topic = STAGE
    type: Literal["avatar.avatar_changed"] = "avatar.avatar_changed"
    avatars: tuple[AvatarStatus, ...] = ()
    mood: Mood = Mood.NEUTRAL
    bearing: Bearing = Bearing.IDLE
    file_trouble: str = ""
    """What is wrong with `configs/avatar.yaml`, for people; empty: nothing."""


class PresenceChanged(Event):
    """Her mood and bearing now; sent when they have changed and the avatars have not, and kept as
    the latch `avatar_presence`. Of this and an `AvatarChanged` the newer one counts."""

    topic = STAGE
    type: Literal["avatar.presence_changed"] = "avatar.presence_changed"
    mood: Mood
    bearing: Bearing


class SignInAvatar(Event):
    """Ask the program's user (again) whether Kitsu may."""

    topic = STAGE
    type: Literal["avatar.sign_in_avatar"] = "avatar.sign_in_avatar"
    avatar: AvatarId = "vtube_studio"
    by: str = ""


class ShowExpression(Event):
    """Shows one expression of a model for a moment, whatever the mood: to try it."""

    topic = STAGE
    type: Literal["avatar.show_expression"] = "avatar.show_expression"
    avatar: AvatarId = "vtube_studio"
    expression: str = Field(max_length=NAME_CHARACTERS)
    hold_seconds: float = Field(default=3.0, ge=0.5, le=60)
    by: str = ""


class MapMood(Event):
    """From now on the model that is loaded shows this mood so; kept over restarts."""

    topic = STAGE
    type: Literal["avatar.map_mood"] = "avatar.map_mood"
    avatar: AvatarId = "vtube_studio"
    mood: Mood
    expression: str | None = Field(default=None, max_length=NAME_CHARACTERS)
    """Empty: nothing shows it. None: as the file says, or as it is found by name."""
    by: str = ""


class PoseCharacter(Event):
    """How the drawn character bears herself from now on. Ends by itself, so that an avatar module
    that dies leaves no pose behind; sent again while it is meant."""

    topic = STAGE
    type: Literal["avatar.pose_character"] = "avatar.pose_character"
    bearing: Bearing
    gesture: str = Field(default="", max_length=64)
    """Made once, now: `nod`, `shake`, `wave` ..."""
    at_most_seconds: float = Field(default=10.0, ge=0, le=60)
