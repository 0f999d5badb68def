"""All modules in one process over the memory bus, where no server can be had.

python -m apps.cli.one_process stage tts_worker policy_worker orchestrator
"""

import importlib
import sys

from apps.cli.settings import CliSettings
from libs.settings import SettingsError, load
from libs.telemetry import logs
from libs.worker.http_port import PortTaken
from libs.worker.process import run_in_process


def main(modules: list[str]) -> int:
    try:
        logs.configure("kitsu", load(CliSettings))
        parts = [importlib.import_module(f"apps.{module}.__main__") for module in modules]
        run_in_process([(part.WORKER, part.SETTINGS) for part in parts])
    except SettingsError as error:
        return _complain(f"wrong settings:\n{error}", 2)
    except BaseExceptionGroup as group:
        taken = group.subgroup(PortTaken)
        if taken is None:
            raise
        return _complain("\n".join(str(error) for error in taken.exceptions), 1)
    return 0


def _complain(message: str, code: int) -> int:
    print(message, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
