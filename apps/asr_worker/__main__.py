"""The ears as a process of their own."""

from apps.asr_worker.settings import AsrSettings
from apps.asr_worker.worker import AsrWorker
from libs.worker.process import run

WORKER = AsrWorker
SETTINGS = AsrSettings

if __name__ == "__main__":
    run(WORKER, SETTINGS)
