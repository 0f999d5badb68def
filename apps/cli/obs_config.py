"""What OBS on this machine has written down about its WebSocket server. Read only."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libs.obs.address import DEFAULT_PORT

#: A configuration of OBS has a few kilobytes.
LARGEST_FILE_BYTES = 1_000_000

#: OBS 31 and newer keep it here; older ones in the other two, in this section.
JSON_FILE = Path("plugin_config/obs-websocket/config.json")
INI_FILES = (Path("user.ini"), Path("global.ini"))
INI_SECTION = "obswebsocket"


class Unreadable(Exception):
    """A file is there, but says nothing that can be used. The message names it and says why."""


@dataclass(frozen=True)
class ObsConfig:
    """The WebSocket server of one OBS. `password` is empty where none is asked for."""

    path: Path
    enabled: bool
    port: int
    password: str = field(repr=False)


@dataclass(frozen=True)
class ObsConfigs:
    """Of each OBS that has been started here: what it says, or why it could not be read."""

    found: tuple[ObsConfig, ...] = ()
    problems: tuple[str, ...] = ()


def obs_configs(folders: tuple[Path, ...] | None = None) -> ObsConfigs:
    found, problems = [], []
    for folder in config_folders() if folders is None else folders:
        try:
            config = read_config(folder)
        except Unreadable as problem:
            problems.append(str(problem))
        else:
            found += [config] if config is not None else []
    return ObsConfigs(tuple(found), tuple(problems))


def config_folders(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Where OBS keeps its configuration; on Linux also that of the Flatpak and the Snap."""
    home = Path(environment.get("HOME") or Path.home())
    if sys.platform == "win32":
        return (Path(environment.get("APPDATA") or home / "AppData" / "Roaming") / "obs-studio",)
    if sys.platform == "darwin":
        return (home / "Library" / "Application Support" / "obs-studio",)
    return (
        Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "obs-studio",
        home / ".var" / "app" / "com.obsproject.Studio" / "config" / "obs-studio",
        home / "snap" / "obs-studio" / "current" / ".config" / "obs-studio",
    )


def read_config(folder: Path) -> ObsConfig | None:
    """None where OBS has never written there. Raises `Unreadable`."""
    if (text := _text(folder / JSON_FILE)) is not None:
        return _of_json(folder / JSON_FILE, text)
    newest = None
    for name in INI_FILES:
        if (text := _text(folder / name)) is None:
            continue
        if entries := _section(text):
            return _of_ini(folder / name, entries)
        newest = newest or folder / name
    if newest is None:
        return None
    return ObsConfig(newest, enabled=False, port=DEFAULT_PORT, password="")  # never switched on


def _text(path: Path) -> str | None:
    """None where there is no such file."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_FILE_BYTES:
        raise Unreadable(f"{path} is too large to be a configuration of OBS")
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is not text") from None
    if "\0" in text:
        raise Unreadable(f"{path} is not text")
    return text


def _of_json(path: Path, text: str) -> ObsConfig:
    try:
        entries: Any = json.loads(text)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict):
        raise Unreadable(f"{path} is not JSON as OBS writes it")
    password = entries.get("server_password", "")
    if not isinstance(password, str):
        raise Unreadable(f"{path}: server_password is not a text")
    return ObsConfig(
        path,
        enabled=entries.get("server_enabled") is True,
        port=_port(path, entries.get("server_port", DEFAULT_PORT)),
        password=password if entries.get("auth_required", True) is not False else "",
    )


def _of_ini(path: Path, entries: Mapping[str, str]) -> ObsConfig:
    return ObsConfig(
        path,
        enabled=_is_true(entries.get("serverenabled", "false")),
        port=_port(path, entries.get("serverport", str(DEFAULT_PORT))),
        password=entries.get("serverpassword", "")
        if _is_true(entries.get("authrequired", "true"))
        else "",
    )


def _section(text: str) -> dict[str, str]:
    """The entries of OBS's own section: names in lower case, values as OBS means them."""
    entries: dict[str, str] = {}
    inside = False
    for line in text.split("\n"):
        if line.startswith("["):
            inside = line.strip().strip("[]").casefold() == INI_SECTION
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            entries[name.strip().casefold()] = _unescaped(value.strip())
    return entries


def _unescaped(value: str) -> str:
    """`util/config-file.c` of OBS escapes backslashes and line ends, and nothing else."""
    parts = value.split("\\\\")
    return "\\".join(part.replace("\\r", "\r").replace("\\n", "\n") for part in parts)


def _is_true(value: str) -> bool:
    return value.casefold() == "true" or (value.isdecimal() and int(value[:20]) != 0)


def _port(path: Path, value: object) -> int:
    text = str(value)[:20]
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= 65_535:
        return int(text)
    raise Unreadable(f"{path}: the port {text!r} is none")
