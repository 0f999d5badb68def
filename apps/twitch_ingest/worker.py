"""Chat in, commands, and chat out."""

from libs.contracts.health import ModuleState
from libs.worker.worker import Health, Worker


class TwitchIngestWorker(Worker):
    """Tells the show what chat says, and says in chat what the show wants said."""

    module = "twitch_ingest"

    def health(self) -> Health:
        return Health(ModuleState.NOT_CONFIGURED, "Chat is not set up.")
