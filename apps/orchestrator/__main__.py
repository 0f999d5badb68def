from apps.orchestrator.settings import OrchestratorSettings
from apps.orchestrator.worker import OrchestratorWorker
from libs.worker.process import run

WORKER = OrchestratorWorker
SETTINGS = OrchestratorSettings

if __name__ == "__main__":
    run(WORKER, SETTINGS)
