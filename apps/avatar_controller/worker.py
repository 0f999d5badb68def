"""The avatar_controller: moves avatars from playback truth."""

from apps.avatar_controller.settings import AvatarControllerSettings
from libs.bus.base import Bus
from libs.worker.worker import Worker


class AvatarControllerWorker(Worker):
    """Mouth, mood, bearing and idle life of every avatar that is there."""

    module = "avatar_controller"
    drop_work_in_panic = False
    settings: AvatarControllerSettings

    def __init__(self, settings: AvatarControllerSettings, bus: Bus) -> None:
        super().__init__(settings, bus)
