"""Runs the obs_controller."""

from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.worker import ObsControllerWorker
from libs.worker.process import run

WORKER = ObsControllerWorker
SETTINGS = ObsControllerSettings

if __name__ == "__main__":
    run(WORKER, SETTINGS)
