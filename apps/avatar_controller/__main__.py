"""Runs the avatar_controller."""

from apps.avatar_controller.settings import AvatarControllerSettings
from apps.avatar_controller.worker import AvatarControllerWorker
from libs.worker.process import run

WORKER = AvatarControllerWorker
SETTINGS = AvatarControllerSettings

if __name__ == "__main__":
    run(WORKER, SETTINGS)
