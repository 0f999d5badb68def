"""Whether the modules will find their ports free."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterable, Sequence

import psutil

from apps.cli.failures import Failed
from apps.cli.settings import CliSettings
from apps.cli.supervisor.plan import door
from apps.cli.supervisor.readiness import ask
from libs.worker.http_port import PortTaken, bind

#: Modules whose supervisor is gone have left after this long.
LEAVING_SECONDS = 12.0


async def wait_for_ports(settings: CliSettings, modules: Sequence[str]) -> None:
    """As `check_ports`, but waits a little for modules of a supervisor that was killed: they leave
    by themselves."""
    until = time.monotonic() + LEAVING_SECONDS
    while True:
        try:
            check_ports(settings, modules)
        except Failed:
            answers = [await ask(door(settings, module)) for module in modules]
            if not any(answers) or time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)
        else:
            return


def check_ports(settings: CliSettings, modules: Iterable[str]) -> None:
    """Raises `Failed` with the settings to change, one line for each port that is taken."""
    problems: list[str] = []
    with contextlib.ExitStack() as held:  # all at once, so that two settings of one value are seen
        for module in modules:
            host = settings.orch_host if module == "orchestrator" else settings.kitsu_host
            port, setting = settings.port_of(module), settings.port_setting(module)
            try:
                held.enter_context(contextlib.closing(bind(host, port, setting)))
            except PortTaken as taken:
                problems.append(f"{taken}{holder_of(port)}")
    if problems:
        raise Failed("\n".join(problems))


def holder_of(port: int) -> str:
    """Who listens there, as far as the system lets us see: " (now: python, process 123)"."""
    try:
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port:
                name = psutil.Process(connection.pid).name()
                return f" (now: {name}, process {connection.pid})"
    except (psutil.Error, OSError, AttributeError):
        return ""
    return ""


def is_open(host: str, port: int) -> bool:
    """Whether anybody listens there."""
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True
