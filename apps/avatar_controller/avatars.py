"""Which avatars there are, by the settings."""

from collections.abc import Awaitable, Callable

from apps.avatar_controller.engines.base import Avatar, Changed
from apps.avatar_controller.engines.overlay import OverlayAvatar
from apps.avatar_controller.mood_choices import MoodChoices, choices_file
from apps.avatar_controller.settings import AvatarControllerSettings
from libs.contracts.envelope import Event
from libs.settings.avatar import AvatarFile

Publish = Callable[[Event], Awaitable[None]]


def avatars_of(
    settings: AvatarControllerSettings, file: AvatarFile, publish: Publish, changed: Changed
) -> list[Avatar]:
    """Those that are configured. What the others would need is not even imported."""
    choices = MoodChoices(choices_file(settings.kitsu_data_dir, settings.kitsu_show))
    avatars: list[Avatar] = [OverlayAvatar(publish, settings.kitsu_show)]
    if settings.vts_url:
        from apps.avatar_controller.engines.vtube_studio.avatar import VTubeStudioAvatar

        avatars.append(VTubeStudioAvatar(settings, file, choices, changed))
    if settings.vmc_target:
        from apps.avatar_controller.engines.vmc.avatar import VmcAvatar

        avatars.append(VmcAvatar(settings, file, changed))
    if settings.veadotube_url:
        from apps.avatar_controller.engines.veadotube.avatar import VeadotubeAvatar

        avatars.append(VeadotubeAvatar(settings, file, choices, changed))
    return avatars
