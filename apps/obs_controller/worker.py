"""The obs_controller: scenes, mutes, captions and the panic macro, in a real OBS."""

from apps.obs_controller.settings import ObsControllerSettings
from libs.contracts.health import ModuleState
from libs.worker.worker import Health, Worker


class ObsControllerWorker(Worker):
    """Carries out orders in OBS, tells how OBS is, and keeps panic in force there."""

    module = "obs_controller"
    drop_work_in_panic = False
    settings: ObsControllerSettings

    def health(self) -> Health:
        return Health(ModuleState.NOT_CONFIGURED, "OBS is not connected")
