"""Further packages of a lock into the environment that runs: every one checked against its hash."""

import importlib.metadata
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.cli.failures import Failed
from libs.settings import ROOT

_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(?: *; *([^\\\n]+))?", re.MULTILINE)
_STEP = re.compile(r"^(?:Collecting|Processing|Requirement already satisfied:) (\S+)")
_SIZE = re.compile(r"^\s+(?:Downloading|Using cached) \S+ \(([\d.]+ [kMG]B)\)")
LAST_LINES = 6

#: Percent so far, and what happens.
Progress = Callable[[float, str], None]

_MENDS: tuple[tuple[str, str], ...] = (
    ("No space left|not enough space", "The disk is full: free 1 GB, then run this again."),
    (
        "DO NOT MATCH THE HASHES|HashMismatch",
        "A download is not what the lock expects: something on the way changes files. Try another "
        "network, then run this again.",
    ),
    (
        "No module named pip",
        "This environment has no pip: python -m ensurepip, then run this again.",
    ),
    ("externally-managed", "This Python belongs to the system: start Kitsu by scripts/kitsu.py."),
    (
        "No matching distribution|not a supported wheel|Failed building",
        "A package has no ready-made build for this Python or system: use 64-bit Python 3.11, 3.12 "
        "or 3.13.",
    ),
    (
        "resolution|NewConnectionError|Timeout|timed out|ProxyError|unreachable|ConnectionError|"
        "SSLError|CERTIFICATE|Failed to establish|from versions: none",
        "The package index cannot be reached: check the network (and proxy), then run this again.",
    ),
    ("Permission denied|Access is denied", "A file cannot be written: check who owns the folder."),
)


@dataclass(frozen=True)
class Extra:
    """Packages that are not part of the base: their lock, and what they are good for."""

    name: str
    brings: str
    fetched_megabytes: int
    disk_megabytes: int
    modules: tuple[str, ...]

    @property
    def lock(self) -> Path:
        return ROOT / "requirements" / f"{self.name}.lock"


def missing(lock: str, others: str = "") -> list[str]:
    """Packages of a lock that are not here in that version, without those of another lock."""
    known = {name for name, _, _ in _PINNED.findall(others)}
    return [
        name
        for name, version, marker in _PINNED.findall(lock)
        if name not in known and _is_for_here(marker) and _version(name) != version
    ]


def _is_for_here(marker: str) -> bool:
    """A package of a lock may be for another system or Python only (PEP 508)."""
    if not marker.strip():
        return True
    try:
        from packaging.markers import InvalidMarker, Marker
    except ImportError:
        return True
    try:
        return bool(Marker(marker.strip()).evaluate())
    except InvalidMarker:
        return True


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


class PackageInstall:
    """One run of pip. What is here already is left as it is; a stopped run is simply run again."""

    def __init__(self, lock: Path, python: str = sys.executable) -> None:
        self._lock = lock
        self._python = python

    def run(self, progress: Progress, environment: Mapping[str, str] | None = None) -> None:
        """Raises `Failed` with the step that mends it."""
        if not self._lock.is_file():
            raise Failed(
                "This Kitsu was installed as a package. Install the rest with: "
                f'{self._python} -m pip install "kitsu-vtuber[{self._lock.stem}]"'
            )
        total = max(1, len(_PINNED.findall(self._lock.read_text("utf-8"))))
        said: deque[str] = deque(maxlen=200)
        command = [self._python, "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
        command += ["--disable-pip-version-check", "--require-hashes", "-r", str(self._lock)]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=None if environment is None else dict(environment),
        ) as pip:
            assert pip.stdout is not None
            reader = _Reader(total, progress)
            try:
                for line in pip.stdout:
                    said.append(line.rstrip())
                    reader.read(line)
            except BaseException:
                pip.terminate()
                raise
        if pip.returncode:
            raise Failed(_complaint(list(said)))
        progress(100.0, "done")


class _Reader:
    """How far pip is, by what it prints."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total
        self._progress = progress
        self._seen = 0
        self._name = ""

    def read(self, line: str) -> None:
        if match := _STEP.match(line):
            self._seen = min(self._seen + 1, self._total)
            self._name = re.split(r"==|-(?=\d)", re.split(r"[\\/]", match[1])[-1])[0]
            self._tell(f"fetching {self._name}")
        elif match := _SIZE.match(line):
            self._tell(f"fetching {self._name} ({match[1]})")
        elif line.startswith("Installing collected"):
            self._seen = self._total
            self._tell("unpacking (this takes a while)")

    def _tell(self, text: str) -> None:
        self._progress(95.0 * self._seen / self._total, text)


def _complaint(said: list[str]) -> str:
    whole = "\n".join(said)
    mend = next(
        (mend for pattern, mend in _MENDS if re.search(pattern, whole, re.IGNORECASE)),
        "Run the same command again; if it fails the same way, show this to somebody.",
    )
    last = [line for line in said if line.strip()][-LAST_LINES:]
    return "\n".join(["pip could not install it. It said last:", *last, mend])
