"""Runs the twitch_ingest."""

from apps.twitch_ingest.settings import TwitchIngestSettings
from apps.twitch_ingest.worker import TwitchIngestWorker
from libs.worker.process import run

WORKER = TwitchIngestWorker
SETTINGS = TwitchIngestSettings

if __name__ == "__main__":
    run(WORKER, SETTINGS)
