"""What is known of the embedded server, in a file that only its owner can read."""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class ServerRecord:
    """Port and password stay over restarts; `pid` and `owner_pid` are 0 while no server runs."""

    port: int = 0
    password: str = ""
    pid: int = 0
    owner_pid: int = 0

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def write(self, folder: Path) -> None:
        write_private(folder / "server.json", json.dumps(asdict(self)))


def read_record(folder: Path) -> ServerRecord:
    """The record in this folder; an empty one where there is none that makes sense."""
    try:
        found = json.loads((folder / "server.json").read_text("utf-8"))
    except (OSError, ValueError):
        return ServerRecord()
    if not isinstance(found, dict):
        return ServerRecord()
    password = found.get("password")
    if not isinstance(password, str) or not re.fullmatch(r"[\w-]{20,}", password, re.ASCII):
        return ServerRecord()
    return ServerRecord(
        _number(found.get("port"), 65_535),
        password,
        _number(found.get("pid"), 2**31),
        _number(found.get("owner_pid"), 2**31),
    )


def read_address(data_dir: Path) -> str | None:
    """The URL of the embedded server that runs over this data folder; None when none does."""
    record = read_record(data_dir / "bus")
    running = record.pid and record.port and psutil.pid_exists(record.pid)
    return record.url if running else None


def write_private(path: Path, text: str) -> None:
    """Replaces the file at once, readable by its owner only from the first moment on."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def _number(value: Any, most: int) -> int:
    return value if isinstance(value, int) and 0 <= value <= most else 0
