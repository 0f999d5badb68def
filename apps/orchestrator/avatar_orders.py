"""What people can order from avatars: the same fields over HTTP and over the panel's stream."""

from typing import Annotated, TypeAlias

from pydantic import Field

from apps.orchestrator.orders import Order
from libs.contracts.avatar import (
    NAME_CHARACTERS,
    AvatarId,
    MapMood,
    ShowExpression,
    SignInAvatar,
)
from libs.contracts.envelope import Event
from libs.contracts.speaking import Mood
from libs.contracts.stage import ShowItem, TriggerHotkey

Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
Seconds = Annotated[float, Field(ge=0.5, le=60, allow_inf_nan=False)]
#: Comes as its name, also where nothing else is converted.
MoodName = Annotated[Mood, Field(strict=False)]


class AvatarOrder(Order):
    pass


class SignInOrder(AvatarOrder):
    avatar: AvatarId | None = None
    """None: the one that asks its user."""


class MapMoodOrder(AvatarOrder):
    avatar: AvatarId | None = None
    """None: the one that has expressions."""
    mood: MoodName
    expression: str | None = Field(max_length=NAME_CHARACTERS)
    """Empty: nothing shows it. None: as the file says, or as it is found by name."""


class TryOrder(AvatarOrder):
    avatar: AvatarId | None = None
    """None: the one that has expressions."""
    expression: Name
    seconds: Seconds = 3.0


class HotkeyOrder(AvatarOrder):
    hotkey: Name
    """A gesture of `configs/avatar.yaml`, or a hotkey of the model by its name there."""


class ItemOrder(AvatarOrder):
    item: str = Field(min_length=1, max_length=64)
    """One name of `configs/avatar.yaml` or `configs/items.yaml`."""


AnyAvatarOrder: TypeAlias = SignInOrder | MapMoodOrder | TryOrder | HotkeyOrder | ItemOrder


def event_of(order: AnyAvatarOrder, avatar: AvatarId, by: str) -> Event:
    """The event that asks the avatar_controller for it; `avatar`: which one, where it matters."""
    match order:
        case SignInOrder():
            return SignInAvatar(avatar=avatar, by=by)
        case MapMoodOrder():
            return MapMood(avatar=avatar, mood=order.mood, expression=order.expression, by=by)
        case TryOrder():
            return ShowExpression(
                avatar=avatar, expression=order.expression, hold_seconds=order.seconds, by=by
            )
        case HotkeyOrder():
            return TriggerHotkey(hotkey=order.hotkey)
        case ItemOrder():
            return ShowItem(item=order.item)
