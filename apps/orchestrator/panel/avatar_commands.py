"""What the panel may order from avatars."""

from typing import Literal

from apps.orchestrator import avatar_orders as orders
from apps.orchestrator.panel.wire import Command


class AvatarSignInCommand(orders.SignInOrder, Command):
    command: Literal["avatar_sign_in"] = "avatar_sign_in"


class AvatarMoodCommand(orders.MapMoodOrder, Command):
    command: Literal["avatar_mood"] = "avatar_mood"


class AvatarTryCommand(orders.TryOrder, Command):
    command: Literal["avatar_try"] = "avatar_try"


class AvatarHotkeyCommand(orders.HotkeyOrder, Command):
    command: Literal["avatar_hotkey"] = "avatar_hotkey"


class AvatarItemCommand(orders.ItemOrder, Command):
    command: Literal["avatar_item"] = "avatar_item"


AvatarCommand = (
    AvatarSignInCommand
    | AvatarMoodCommand
    | AvatarTryCommand
    | AvatarHotkeyCommand
    | AvatarItemCommand
)
