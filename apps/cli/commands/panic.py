"""`kitsu panic`: both routes at once, so that nothing that is broken stands in its way."""

import getpass
import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import click

from apps.cli.failures import Failed
from apps.cli.local_api import operator_token, request
from apps.cli.printing import print_json, print_rows
from apps.cli.settings import CliSettings, cli_settings
from libs.contracts.modules import MODULES, TOLD_OF_PANIC
from libs.telemetry.redaction import visible

#: A module that has not answered after this long is reported as unreachable.
ANSWER_SECONDS = 1.0

Answer = Literal["latched", "released", "unreachable", "not_configured"]

#: A module's answer as it came; None: none came.
Told = bytes | None


@click.command(
    epilog='\b\nExamples:\n  kitsu panic --reason "doxxing in chat"\n  kitsu panic --release'
)
@click.option("--release", is_flag=True, help="End the panic.")
@click.option("--reason", default="", help="Goes into the incident log.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def panic_command(release: bool, reason: str, as_json: bool) -> None:
    """Silence everything at once, and keep it silent until released.

    Tells the orchestrator and, at the same time, every module that can be seen or heard: it works
    when the orchestrator is dead or the bus is down.
    """
    settings = cli_settings()
    report = tell_everybody(settings, release, reason)
    if as_json:
        print_json(report)
    else:
        _print(report, release)
    if "unreachable" in (report["modules"][module.id] for module in MODULES if module.output):
        if as_json:
            raise SystemExit(1)
        raise Failed(_missing(report["modules"], release))


def tell_everybody(settings: CliSettings, release: bool, reason: str) -> dict[str, Any]:
    """Who did what was asked: `{"engaged", "modules": {id: answer}, "took_ms", "obs"}`."""
    token, path = operator_token(settings), "/panic/release" if release else "/panic"
    body = {"by": _by()} if release else {"by": _by(), "reason": reason[:200]}

    def tell(module: str) -> Told:
        host, port = settings.host_of(module), settings.port_of(module)
        try:
            status, raw = request(host, port, "POST", path, token, body, ANSWER_SECONDS)
        except (OSError, http.client.HTTPException):
            return None
        return raw if status < 300 else None

    # The modules themselves first: their own ports are the shorter way.
    started = time.perf_counter()
    with ThreadPoolExecutor(len(TOLD_OF_PANIC)) as pool:
        told = dict(zip(TOLD_OF_PANIC, pool.map(tell, TOLD_OF_PANIC), strict=True))
    took_ms = (time.perf_counter() - started) * 1000
    done: Answer = "released" if release else "latched"
    answers: dict[str, Answer] = {
        module: done if raw is not None else "unreachable" for module, raw in told.items()
    }
    if answers["obs_controller"] == "unreachable" and not settings.obs_ws_url:
        answers["obs_controller"] = "not_configured"
    from apps.cli.panic_in_obs import in_obs  # takes a while to load: not before all are told

    return {
        "engaged": not release,
        "modules": answers,
        "took_ms": round(took_ms, 1),
        "obs": in_obs(settings, token, told, release).model_dump(mode="json"),
    }


def _by() -> str:
    try:
        return f"kitsu panic ({getpass.getuser()})"[:64]
    except (OSError, KeyError, ImportError):
        return "kitsu panic"


def _print(report: dict[str, Any], release: bool) -> None:
    heading = "PANIC RELEASED" if release else "PANIC"
    click.echo(click.style(f"{heading}  ({report['took_ms']} ms)", fg="red", bold=True))
    print_rows([[module, answer] for module, answer in report["modules"].items()], state_column=1)
    _print_obs(report, release)
    if not release and "unreachable" not in report["modules"].values():
        click.echo("Everything is silent until: kitsu panic --release")


def _print_obs(report: dict[str, Any], release: bool) -> None:
    from apps.cli.panic_in_obs import ObsPanic, line

    answers, obs = report["modules"], ObsPanic.model_validate(report["obs"])
    nobody = set(answers.values()) <= {"unreachable", "not_configured"}
    if nobody or answers["obs_controller"] == "not_configured":
        return
    if said := line(obs, release):
        click.secho(visible(said), fg=None if obs.well else "yellow")


def _missing(answers: dict[str, Answer], release: bool) -> str:
    missing = [module for module, answer in answers.items() if answer == "unreachable"]
    if len(missing) >= len(answers) - ("not_configured" in answers.values()):
        return "Nothing of Kitsu answers: it is not running here (or its ports are others)."
    names = ", ".join(missing)
    if release:
        return f"Not released: {names}. When they are back, run again: kitsu panic --release"
    return f"No answer from: {names}. If something can still be heard, run: kitsu down"
