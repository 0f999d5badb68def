"""Which avatars there are, by the settings."""

from collections.abc import Awaitable, Callable

from apps.avatar_controller.engines.base import Avatar, Changed
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.envelope import Event
from libs.settings.avatar import AvatarFile

Publish = Callable[[Event], Awaitable[None]]


def avatars_of(
    settings: AvatarControllerSettings, file: AvatarFile, publish: Publish, changed: Changed
) -> list[Avatar]:
    """Those that are configured. What the others would need is not even imported."""
    return []
