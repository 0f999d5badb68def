"""What `kitsu doctor` looks at. Each check says one thing, and the one step that mends it."""

import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from apps.cli import checkup_install
from apps.cli.check import Check
from apps.cli.checkup_avatar import avatars
from apps.cli.checkup_character import character, drawn_items
from apps.cli.checkup_ears import microphone, recogniser
from apps.cli.checkup_obs import obs
from apps.cli.checkup_sound import sound
from apps.cli.checkup_twitch import twitch
from apps.cli.failures import Failed
from apps.cli.setting_names import unknown_names
from apps.cli.settings import CliSettings, cli_settings
from libs.contracts.modules import MODULES
from libs.settings import SettingsError, load

#: Free space below which the show runs into trouble soon, and below which it must not begin.
LITTLE_DISK_BYTES = 2_000_000_000
NO_DISK_BYTES = 200_000_000


def all_checks() -> list[Check]:
    """All checks in order; later ones are left out where the settings cannot be read."""
    checks = [python(), install()]
    try:
        settings = cli_settings()
    except Failed as error:
        text = error.format_message().replace("\n", "; ")
        return [
            *checks,
            Check("settings", "fail", text, "Correct that value, then run this again."),
        ]
    looks: tuple[Callable[[CliSettings], Check], ...] = (
        worker_settings,
        data_folder,
        disk,
        bus,
        ports,
        voice,
        microphone,
        recogniser,
        sound,
        overlay,
        ollama,
    )
    return [*checks, *(look(settings) for look in looks), *_partners(settings)]


def _partners(settings: CliSettings) -> list[Check]:
    """How she looks, and other programs that make the show better."""
    looks = (character, drawn_items, obs, avatars, twitch)
    return [check for look in looks for check in look(settings)]


def python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036 - somebody may have forced it
        return Check("Python", "fail", version, "Use Python 3.11 or newer.")
    return Check("Python", "ok", f"{version} ({sys.executable})")


def install() -> Check:
    found, current = checkup_install.installed()
    if current:
        return Check("installation", "ok", found)
    return Check("installation", "warn", found, "python3 scripts/kitsu.py doctor")


def worker_settings(settings: CliSettings) -> Check:
    """Every worker's own settings, as it will read them."""
    problems = []
    for module in MODULES:
        try:
            parts = importlib.import_module(f"apps.{module.id}.settings")
            found = [c for c in vars(parts).values() if _is_settings(c, parts.__name__)]
            for settings_class in found:
                load(settings_class)
        except ImportError as error:
            problems.append(f"{module.id}: {error}")
        except SettingsError as error:
            problems.extend(str(error).splitlines())
    if problems:
        return Check("settings", "fail", "; ".join(problems), "Correct it in .env or configs.")
    unknown = unknown_names()
    if unknown:
        return Check("settings", "warn", "; ".join(unknown), "All names are in .env.example.")
    return Check("settings", "ok", f"show '{settings.kitsu_show}'")


def _is_settings(candidate: Any, module_name: str) -> bool:
    from libs.settings import ShowSettings

    return (
        isinstance(candidate, type)
        and issubclass(candidate, ShowSettings)
        and candidate.__module__ == module_name
    )


def data_folder(settings: CliSettings) -> Check:
    folder = settings.kitsu_data_dir
    mend = f"Make {folder} yours, or set KITSU_DATA_DIR to another folder."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        tokens = folder / "secrets" / "tokens.json"
        if os.name == "posix" and tokens.exists() and tokens.stat().st_mode & 0o077:
            found = "others on this machine can read the tokens"
            return Check("data folder", "fail", found, f"chmod 600 {tokens}")
    except OSError as error:
        return Check("data folder", "fail", f"{folder}: {error.strerror}", mend)
    return Check("data folder", "ok", str(folder))


def disk(settings: CliSettings) -> Check:
    folder = settings.kitsu_data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free"
    if free < NO_DISK_BYTES:
        return Check("disk", "fail", found, "Free at least 2 GB there.")
    if free < LITTLE_DISK_BYTES:
        return Check("disk", "warn", found, "Free at least 2 GB there.")
    return Check("disk", "ok", found)


def bus(settings: CliSettings) -> Check:
    get_one = "Install Valkey or Redis 7 (Windows: in WSL2 or Docker) and set KITSU_REDIS_URL."
    if settings.kitsu_bus == "memory":
        return Check("bus", "warn", "all modules in one process (KITSU_BUS=memory)", get_one)
    if settings.kitsu_redis_url:
        import asyncio

        from apps.cli.commands.up import look_at

        try:
            return Check("bus", "ok", asyncio.run(look_at(settings)))
        except Failed as error:
            said = error.format_message().splitlines()
            return Check("bus", "fail", said[0], said[-1])
    from libs.bus.embedded import find_binary

    binary = find_binary()
    if binary is None:
        return Check("bus", "warn", "no server found: all modules in one process", get_one)
    return Check("bus", "ok", f"{binary.name} will be started ({binary.path})")


def ports(settings: CliSettings) -> Check:
    """Free, or used by our own modules."""
    import asyncio

    from apps.cli.supervisor.plan import door
    from apps.cli.supervisor.ports import check_ports
    from apps.cli.supervisor.readiness import ask

    async def answering() -> set[str]:
        answers = {m.id: await ask(door(settings, m.id)) for m in MODULES}
        return {module for module, answer in answers.items() if answer is not None}

    ours = asyncio.run(answering())
    others = [module.id for module in MODULES if module.id not in ours]
    try:
        check_ports(settings, others)
    except Failed as error:
        lines = error.format_message().splitlines()
        return Check("ports", "fail", "; ".join(lines), "Set that name in .env to a free port.")
    used = ", ".join(f"{m.id} {settings.port_of(m.id)}" for m in MODULES)
    return Check("ports", "ok", f"{used} ({'in use by Kitsu' if ours else 'free'})")


def voice(settings: CliSettings) -> Check:
    try:
        espeakng_loader = importlib.import_module("espeakng_loader")
        path = str(espeakng_loader.get_library_path())
    except (ImportError, OSError, RuntimeError) as error:
        again = "python3 scripts/kitsu.py doctor"
        return Check("voice", "fail", f"the embedded voice is missing ({error})", again)
    return Check("voice", "ok", f"embedded voice ({os.path.basename(path)})")  # noqa: PTH119


def overlay(settings: CliSettings) -> Check:
    from apps.cli.local_api import LocalApi
    from apps.cli.supervisor.control_client import SupervisorClient

    if SupervisorClient(settings).state is None:
        return Check("overlay", "warn", "Kitsu is not running", "kitsu up")
    try:
        status = LocalApi(settings).call("orchestrator", "GET", "/status", timeout_seconds=3.0)
    except Failed as error:
        return Check("overlay", "warn", error.format_message(), "kitsu restart orchestrator")
    about = status.get("overlay") or {}
    if not about.get("pages"):
        mend = "Add the overlay (panel: Copy overlay URL) to OBS, or open it in a browser."
        return Check("overlay", "warn", "no overlay page is open", mend)
    if not about.get("sounding"):
        return Check("overlay", "warn", "the page may not play sound", "Click once on the page.")
    return Check("overlay", "ok", f"{about['pages']} page(s) open, sound on")


def ollama(settings: CliSettings) -> Check:
    import http.client
    from urllib.parse import urlsplit

    address = settings.ollama_url
    mend = "Optional: install it from https://ollama.com; until then answers are scripted."
    try:
        parts = urlsplit(address)
        connect = (
            http.client.HTTPSConnection if parts.scheme == "https" else (http.client.HTTPConnection)
        )
        connection = connect(parts.hostname or "", parts.port or 11434, timeout=1.5)
        connection.request("GET", "/api/version")
        answered = connection.getresponse().status == 200
        connection.close()
    except (OSError, ValueError, http.client.HTTPException):
        answered = False
    if not answered:
        return Check("Ollama", "warn", "does not answer at OLLAMA_URL", mend)
    return Check("Ollama", "ok", f"answers at {parts.hostname}")
