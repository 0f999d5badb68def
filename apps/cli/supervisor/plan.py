"""What `kitsu up` is going to run."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.cli.settings import CliSettings
from apps.cli.supervisor.child import Command
from apps.cli.supervisor.readiness import Door
from libs.contracts.modules import MODULES
from libs.settings import ROOT

#: Name of the one child that runs all modules where no server can be had.
ONE_PROCESS = "kitsu"
DEMO = "demo"


@dataclass(frozen=True)
class Wishes:
    """What the user asked for. `only` empty: all modules."""

    redis_url: str = ""
    only: tuple[str, ...] = ()
    demo: bool = False
    open_panel: bool = True


def chosen(only: Sequence[str]) -> list[str]:
    """The modules to run, consumers before producers."""
    return [module.id for module in MODULES if not only or module.id in only]


def commands(settings: CliSettings, wishes: Wishes, one_process: bool) -> list[Command]:
    """One command for each module, or a single one for all of them."""
    modules = chosen(wishes.only)
    environment = child_environment(settings, wishes)
    if one_process:
        argv = (sys.executable, "-m", "apps.cli.one_process", *modules)
        doors = tuple(door(settings, module) for module in modules)
        found = [Command(ONE_PROCESS, argv, environment, doors, ROOT)]
    else:
        found = [
            Command(
                module,
                (sys.executable, "-m", f"apps.{module}"),
                environment,
                (door(settings, module),),
                ROOT,
            )
            for module in modules
        ]
    if wishes.demo:
        argv = (sys.executable, "-m", "apps.cli.demo")
        found.append(Command(DEMO, argv, environment, folder=ROOT))
    return found


def door(settings: CliSettings, module: str) -> Door:
    return Door(module, settings.host_of(module), settings.port_of(module))


def child_environment(settings: CliSettings, wishes: Wishes) -> Mapping[str, str]:
    """Ours, with what we decided. Paths are absolute, for children run in the project's folder."""
    environment = {
        **os.environ,
        "KITSU_SUPERVISED": "1",
        "KITSU_DATA_DIR": str(settings.kitsu_data_dir),
        "KITSU_LOG_ROOT": str(settings.kitsu_log_root),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
    }
    if wishes.redis_url:
        environment["KITSU_REDIS_URL"] = wishes.redis_url
    return environment
