"""What `kitsu doctor` says of OBS. A refused port costs nothing, so this is quick without OBS."""

import os
import shutil
import sys
from pathlib import Path

import psutil

from apps.cli.check import Check
from apps.cli.failures import Failed
from apps.cli.obs_config import ObsConfigs, obs_configs
from apps.cli.obs_desk import ObsDesk, Plan
from apps.cli.obs_login import SWITCH_ON, look, step
from apps.cli.settings import CliSettings
from apps.cli.supervisor.control_client import SupervisorClient
from libs.obs import Answer, Probe
from libs.obs.address import LOOPBACK, host_and_port

PROCESS_NAMES = frozenset({"obs", "OBS", "obs64.exe", "obs32.exe"})

OPTIONAL = (
    "Optional: install OBS 28 or newer from https://obsproject.com, or set OBS_WS_URL= (empty)."
)
SETUP = "kitsu obs setup"


def obs(settings: CliSettings) -> list[Check]:
    """Whether it is there and lets us in; while Kitsu runs, also whether it has what is needed."""
    if not settings.obs_ws_url:
        return [Check("OBS", "ok", "not used (OBS_WS_URL is empty)")]
    try:
        host, port = host_and_port(settings.obs_ws_url)
    except ValueError:
        return []  # told by the check of the settings
    found = look(settings)
    here = host in LOOPBACK
    running = obs_processes() if here else 0
    if found.answer is not Answer.OBS:
        configs = obs_configs() if here else ObsConfigs()
        if found.answer is Answer.NOTHING and here:
            return [_nothing(found, configs, running, port)]
        return [_refused(found, configs, port)]
    if running > 1:
        text = f"{found.found}; {running} OBS are running on this machine"
        mend = f"Close those that do not show this stream: Kitsu steers the one on port {port}."
        return [Check("OBS", "warn", text, mend)]
    return [Check("OBS", "ok", found.found), *_set_up(settings)]


def obs_processes() -> int:
    """How many OBS run on this machine."""
    return sum(process.info["name"] in PROCESS_NAMES for process in psutil.process_iter(["name"]))


def is_installed() -> bool:
    if shutil.which("obs"):
        return True
    programs = os.environ.get("PROGRAMFILES", r"C:\Program Files")
    places = {
        "win32": (Path(programs) / "obs-studio" / "bin" / "64bit" / "obs64.exe",),
        "darwin": (Path("/Applications/OBS.app"),),
    }.get(
        sys.platform,
        (
            Path("/var/lib/flatpak/app/com.obsproject.Studio"),
            Path.home() / ".local/share/flatpak/app/com.obsproject.Studio",
            Path("/snap/bin/obs-studio"),
        ),
    )
    return any(place.exists() for place in places)


def _nothing(found: Probe, configs: ObsConfigs, running: int, port: int) -> Check:
    if not (running or configs.found or configs.problems or is_installed()):
        return Check("OBS", "warn", "not on this machine", OPTIONAL)
    state = "running" if running else "not running"
    first = "" if running else "Start OBS; "
    if configs.found and not any(config.enabled for config in configs.found):
        return Check("OBS", "warn", f"{state}; its WebSocket server is off", first + SWITCH_ON)
    other = next((one.port for one in configs.found if one.enabled and one.port != port), None)
    if other is not None:
        state = f"{state}; it is set to port {other}, Kitsu to {port}"
        return Check("OBS", "warn", state, f"{first}{SETUP}")
    if running:
        state = f"{state}, but nothing answers on port {port}"
    return Check("OBS", "warn", state, _sentence(f"{found.step}."))


def _refused(found: Probe, configs: ObsConfigs, port: int) -> Check:
    password = found.answer in (Answer.WRONG_PASSWORD, Answer.NEEDS_PASSWORD)
    known = any(one.enabled and one.port == port and one.password for one in configs.found)
    other = any(one.enabled and one.port != port for one in configs.found)
    if (password and known) or (found.answer is Answer.NOT_OBS and other):
        return Check("OBS", "warn", found.found, f"{SETUP} (it finds what OBS has written down)")
    return Check("OBS", "warn", found.found, _sentence(step(found, configs, port)))


def _set_up(settings: CliSettings) -> list[Check]:
    if SupervisorClient(settings).state is None:
        return []
    try:
        plan = ObsDesk(settings).plan()
    except Failed as problem:
        return [Check("OBS set-up", "warn", problem.format_message(), "kitsu logs obs_controller")]
    return [_of_plan(plan)]


def _of_plan(plan: Plan) -> Check:
    if not plan.ready:
        found = f"the obs_controller is not connected: {plan.detail}"
        return Check("OBS set-up", "warn", found, "kitsu restart obs_controller")
    if plan.missing:
        names = ", ".join(item.what for item in plan.missing)
        return Check("OBS set-up", "warn", f"missing: {names}", f"{SETUP} (it makes them)")
    if differing := [item for item in plan.items if item.state == "differs"]:
        found = ", ".join(item.what for item in differing)
        mend = "; ".join(item.detail for item in differing)
        return Check("OBS set-up", "warn", f"not as Kitsu needs it: {found}", _sentence(f"{mend}."))
    return Check("OBS set-up", "ok", "everything Kitsu uses is there")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
