"""The ears: microphone to speech to text."""

from apps.asr_worker.inputs.panel import PANEL_PATH
from apps.asr_worker.settings import AsrSettings
from libs.bus.base import Bus
from libs.contracts.health import ModuleState
from libs.worker.worker import Health, Worker


class AsrWorker(Worker):
    module = "asr_worker"
    drop_work_in_panic = False
    panel_sockets = frozenset({PANEL_PATH})
    settings: AsrSettings

    def __init__(self, settings: AsrSettings, bus: Bus) -> None:
        super().__init__(settings, bus)

    def health(self) -> Health:
        return Health(ModuleState.NOT_CONFIGURED, "no recogniser: typed and chat input only")
