"""The ears: microphone to speech to text."""

from starlette.routing import BaseRoute

from apps.asr_worker.inputs.panel import PANEL_PATH, PanelInput
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
        self.panel = PanelInput()

    def routes(self) -> list[BaseRoute]:
        return self.panel.routes()

    def health(self) -> Health:
        return Health(ModuleState.NOT_CONFIGURED, "no recogniser: typed and chat input only")
