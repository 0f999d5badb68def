"""The voice as a process of its own."""

from apps.tts_worker.settings import TtsSettings
from apps.tts_worker.worker import TtsWorker
from libs.worker.process import run

WORKER = TtsWorker
SETTINGS = TtsSettings

if __name__ == "__main__":
    run(WORKER, SETTINGS)
