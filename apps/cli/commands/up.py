"""`kitsu up`."""

import asyncio
import os

import click

from apps.cli.failures import Failed
from apps.cli.setting_names import unknown_names
from apps.cli.settings import CliSettings, cli_settings
from apps.cli.supervisor.plan import Wishes, chosen, commands
from apps.cli.supervisor.run_state import AlreadyRunning, RunState, RunStateFile
from apps.cli.supervisor.supervisor import Bus, Supervisor
from apps.cli.supervisor.view import view_for_output
from libs.contracts.modules import MODULES_BY_ID
from libs.telemetry import logs

URL_SCHEMES = ("redis://", "rediss://", "unix://")

MEMORY_BUS = "in memory, all modules in one process"


def _modules(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    for name in names:
        if name not in MODULES_BY_ID:
            known = ", ".join(MODULES_BY_ID)
            raise click.BadParameter(f"there is no module '{name[:40]}'; choose from: {known}")
    return names


def _url(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if value and not value.startswith(URL_SCHEMES):
        raise click.BadParameter(f"an address begins with one of: {', '.join(URL_SCHEMES)}")
    return value


@click.command(
    epilog="\b\nExamples:\n  kitsu up\n  kitsu up --demo\n"
    "  kitsu up --redis redis://:password@studio:6379/0 --only tts_worker"
)
@click.option("--demo", is_flag=True, help="Scripted viewers chat, so that there is life at once.")
@click.option("--redis", "redis_url", default="", callback=_url, help="Use this server as the bus.")
@click.option("--only", default="", callback=_modules, help="Only these modules (a,b).")
@click.option("--no-open", is_flag=True, help="Do not open the panel in the browser.")
def up_command(demo: bool, redis_url: str, only: tuple[str, ...], no_open: bool) -> None:
    """Start everything, open the panel, and keep it running until Ctrl+C or `kitsu down`."""
    if redis_url:
        os.environ["KITSU_REDIS_URL"] = redis_url
    settings = cli_settings()
    if demo and only and "orchestrator" not in only:
        raise click.UsageError("--demo needs the orchestrator: add it to --only.")
    wishes = Wishes(redis_url, only, demo, not no_open)
    file = RunStateFile(settings.kitsu_data_dir)
    own = _claim(file, settings)
    try:
        code = _run(settings, wishes, file, own)
    finally:
        file.release()
    raise SystemExit(code)


def _claim(file: RunStateFile, settings: CliSettings) -> RunState:
    try:
        return file.claim()
    except AlreadyRunning as running:
        raise Failed(
            f"Kitsu is already running over {settings.kitsu_data_dir} ({running}).\n"
            "Open its panel with `kitsu panel --open`, or stop it with `kitsu down`."
        ) from None
    except OSError as error:
        raise Failed(
            f"The data folder cannot be written: {error}\n"
            "Set KITSU_DATA_DIR to a folder that is yours."
        ) from None


def _run(settings: CliSettings, wishes: Wishes, file: RunStateFile, own: RunState) -> int:
    from apps.cli.supervisor.ports import wait_for_ports

    logs.configure("supervisor", settings, on_screen=False)
    asyncio.run(wait_for_ports(settings, chosen(wishes.only)))
    bus = find_bus(settings)
    one_process = bus.description == MEMORY_BUS
    view = view_for_output()
    for line in unknown_names():
        view.event(f"{line}; all names are in .env.example", "warning")
    try:
        supervisor = Supervisor(
            settings, commands(settings, wishes, one_process), bus, view, wishes.open_panel
        )
        return asyncio.run(supervisor.run(file, own))
    finally:
        view.close()
        if bus.server is not None:
            bus.server.stop()


def find_bus(settings: CliSettings) -> Bus:
    """The bus of this machine, in the order of DESIGN: an address that is given, our own server,
    one process. Our own server is running when this returns. Raises `Failed`."""
    if settings.kitsu_bus == "memory":
        return Bus(MEMORY_BUS)
    if settings.kitsu_redis_url:
        return Bus(asyncio.run(look_at(settings)))
    from libs.bus.base import BusError
    from libs.bus.embedded import EmbeddedServer, find_binary

    if find_binary() is None:
        click.echo(
            "There is no Redis-compatible server here: all modules run in one process.\n"
            "For separate processes install Valkey or Redis 7 (Windows: in WSL2 or Docker) "
            "and set KITSU_REDIS_URL.",
            err=True,
        )
        return Bus(MEMORY_BUS)
    server = EmbeddedServer(settings.kitsu_data_dir)
    try:
        address = server.start()
    except (BusError, OSError) as error:
        raise Failed(f"The embedded bus cannot start: {error}") from None
    return Bus(server.description, server, address)


async def look_at(settings: CliSettings) -> str:
    """What is behind KITSU_REDIS_URL. Raises `Failed` when it is unfit or away."""
    from libs.bus.base import BusError
    from libs.bus.opening import connect

    bus = connect(settings, f"cli@{settings.hostname}#0")
    try:
        await bus.open()
    except BusError as error:
        raise Failed(
            f"The bus cannot be used: {error}\nCheck KITSU_REDIS_URL (or --redis), or leave it "
            "empty to use the embedded server."
        ) from None
    else:
        return bus.description
    finally:
        await bus.close()
