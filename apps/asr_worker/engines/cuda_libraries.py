"""Where the libraries of CUDA lie that pip installed (`nvidia-cublas-cu12`, `nvidia-cudnn-cu12`).

CTranslate2 looks for them on the loader's path, which is read when a process starts: so a host is
started with them on it. Where they belong to the system nothing needs to be done.
"""

import os
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path


def cuda_environment(packages: Iterable[Path] | None = None) -> dict[str, str]:
    """What a host's environment needs beside; empty where pip installed no such libraries."""
    below = "bin" if sys.platform == "win32" else "lib"
    name = "PATH" if sys.platform == "win32" else "LD_LIBRARY_PATH"
    roots = _nvidia_folders() if packages is None else packages
    found = sorted(str(path) for root in roots for path in root.glob(f"*/{below}") if path.is_dir())
    if not found:
        return {}
    before = os.environ.get(name, "")
    return {name: os.pathsep.join([*found, before] if before else found)}


def _nvidia_folders() -> list[Path]:
    """A namespace package: it may lie in more than one place."""
    try:
        spec = find_spec("nvidia")
    except (ImportError, ValueError):
        return []
    places = spec.submodule_search_locations if spec is not None else None
    return [Path(place) for place in places or ()]
