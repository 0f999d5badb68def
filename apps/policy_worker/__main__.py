from apps.policy_worker.settings import PolicySettings
from apps.policy_worker.worker import PolicyWorker
from libs.worker.process import run

WORKER = PolicyWorker
SETTINGS = PolicySettings

if __name__ == "__main__":
    run(WORKER, SETTINGS)
