"""Whether what is installed is what the lock says."""

import hashlib
import json
import sys
from pathlib import Path

from libs.settings import ROOT

#: Written by scripts/kitsu.py into the environment that it makes.
STATE_NAME = "kitsu-install.json"


def installed() -> tuple[str, bool]:
    """What is installed, for people, and whether it is current."""
    lock = ROOT / "requirements" / "base.lock"
    if not lock.exists():
        return "installed as a package", True
    try:
        state = json.loads((Path(sys.prefix) / STATE_NAME).read_text("utf-8"))
        recorded = state.get("base")
    except (OSError, ValueError, AttributeError):
        return f"{sys.prefix} was not made by scripts/kitsu.py", False
    if recorded != hashlib.sha256(lock.read_bytes()).hexdigest():
        return "older than requirements/base.lock", False
    return f"current ({sys.prefix})", True
