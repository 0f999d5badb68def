"""What a worker loads before it is asked for anything. Nine processes make a show: what one of them
loads for nothing, memory and every start pay for."""

import subprocess
import sys

import pytest

from libs.contracts.modules import MODULES
from libs.settings.base import ROOT

#: Packages of ten megabytes or a tenth of a second, and the workers that need them at once.
HEAVY = {
    "numpy": {"asr_worker", "stage", "tts_worker"},
    "soxr": {"asr_worker"},
    "fastapi": {"orchestrator"},
    "sqlite3": {"orchestrator"},
    "httpx": {"asr_worker", "orchestrator", "twitch_ingest"},
    "obsws_python": {"obs_controller"},
    # The command lines of httpx and of Kitsu.
    "rich": set(),
    "pygments": set(),
    # Loaded by the engines that use them, when they are used.
    "onnxruntime": set(),
    "faster_whisper": set(),
    "sounddevice": set(),
    "twitchio": set(),
    "aiohttp": set(),
    "scipy": set(),
    "torch": set(),
    "pythonosc": set(),
    "mcp": set(),
}

_LOAD = """
import importlib, sys
importlib.import_module("apps.{module}.__main__")
import libs.bus.redis_streams, libs.telemetry.logs
print(*[name for name in {names!r} if name in sys.modules])
"""


@pytest.mark.parametrize("module", [module.id for module in MODULES])
def test_a_worker_loads_no_heavy_package_before_it_needs_it(module: str) -> None:
    program = _LOAD.format(module=module, names=sorted(HEAVY))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    allowed = {name for name, workers in HEAVY.items() if module in workers}
    assert set(done.stdout.split()) - allowed == set()
