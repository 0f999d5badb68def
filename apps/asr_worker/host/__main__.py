"""The child process that holds a recogniser: `python -m apps.asr_worker.host ENGINE`.

It speaks `libs.engine_host.wire` on its standard input and output. It may run in an environment of
its own, with nothing of ours but this checkout on PYTHONPATH: it imports the standard library,
numpy and its engine's package, and no file of Kitsu beside this folder and `libs/engine_host`.
"""

import importlib
import sys

from apps.asr_worker.host.orders import worked_off
from libs.engine_host.child import serve

ENGINES = ("faster_whisper", "onnx_asr", "qwen_asr")


def main(name: str) -> int:
    if name not in ENGINES:
        print(f"no engine: {name[:40]}; there are: {', '.join(ENGINES)}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"apps.asr_worker.host.{name}")
    return serve(worked_off(module.HostedEngine()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] else ""))
