"""Runs the stage."""

from apps.stage.settings import StageSettings
from apps.stage.worker import StageWorker
from libs.worker.process import run

WORKER = StageWorker
SETTINGS = StageSettings

if __name__ == "__main__":
    run(WORKER, SETTINGS)
