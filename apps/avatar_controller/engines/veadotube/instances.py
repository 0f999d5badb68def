"""Which veadotube runs on this machine.

Form: veadotube's documentation, "the API", "veadotube instances" (veado.tube/docs/tech/api): each
running program keeps a JSON file `<type>-<launch time>-<process>` in `.veadotube/instances` of the
user's folder, the same on every system, whose `time` is never older than ten seconds.
"""

import ipaddress
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from apps.avatar_controller.names import shown_name

#: Older files were left behind by a program that has gone.
FRESH_SECONDS = 10.0
MAXIMUM_FILES = 50
MAXIMUM_FILE_BYTES = 16 * 1024

#: Addresses that mean all of a machine; this one is asked.
_ALL_OF_IT = {"0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1"}


@dataclass(frozen=True)
class Instance:
    """One running veadotube."""

    id: str
    name: str
    url: str


def instances_folder() -> Path:
    return Path.home() / ".veadotube" / "instances"


def running_instance(folder: Path, now: float) -> Instance | None:
    """The one that was started last; a veadotube mini before others. `now`: Unix time."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file())[-MAXIMUM_FILES:]
    except OSError:
        return None
    found = [instance for path in paths if (instance := _read(path, now)) is not None]
    return max(found, key=lambda one: (one.id.startswith("mini-"), _launched(one.id)), default=None)


def _launched(instance_id: str) -> str:
    return instance_id.split("-")[1] if instance_id.count("-") == 2 else ""


def _read(path: Path, now: float) -> Instance | None:
    try:
        if path.stat().st_size > MAXIMUM_FILE_BYTES:
            return None
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    server = document.get("server")
    if not _is_fresh(document.get("time"), now):
        return None
    url = _as_url(server) if isinstance(server, str) else ""
    told = document.get("name")
    name = shown_name(told) if isinstance(told, str) and told else "veadotube"
    return Instance(path.name, name, url) if url else None


def _is_fresh(told_at: object, now: float) -> bool:
    if not isinstance(told_at, int | float):
        return False
    try:
        return abs(now - told_at) <= FRESH_SECONDS
    except OverflowError:
        return False


def _as_url(server: str) -> str:
    """Of an address of this machine like `127.0.0.1:2424`; empty for any other one."""
    try:
        parts = urlsplit(f"ws://{server.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not host or not port or parts.username is not None or parts.path.strip("/"):
        return ""
    host = _ALL_OF_IT.get(host, host)
    if not _is_here(host):
        return ""
    return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"


def _is_here(host: str) -> bool:
    """A program of this machine answers on an address of this machine, whatever a file says."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        if address.is_loopback:
            return True
        with socket.socket(family, socket.SOCK_DGRAM) as own:
            own.bind((host, 0))
    except (ValueError, OSError):
        return False
    return True
