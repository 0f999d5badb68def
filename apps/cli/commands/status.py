"""`kitsu status`."""

import asyncio
from typing import Any

import click

from apps.cli.failures import Failed
from apps.cli.local_api import LocalApi, Refused, Unreachable
from apps.cli.panic_in_obs import line as panic_line
from apps.cli.panic_in_obs import read_panic
from apps.cli.printing import engine_and_detail, print_json, print_rows
from apps.cli.settings import CliSettings, cli_settings
from apps.cli.supervisor.control_client import SupervisorClient
from libs.contracts.modules import MODULES
from libs.contracts.studio import StudioLink
from libs.telemetry.redaction import visible

NOT_RUNNING = "Kitsu is not running. Start it with: kitsu up"


@click.command(epilog="\b\nExample:\n  kitsu status --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status_command(as_json: bool) -> None:
    """How the show and its modules are. Exit code 1 when nothing of Kitsu is running."""
    settings = cli_settings()
    document = status_document(settings)
    if as_json:
        print_json(document)
    elif document["running"]:
        _print(document)
    else:
        click.echo(NOT_RUNNING)
    if not document["running"]:
        raise SystemExit(1)


def status_document(settings: CliSettings) -> dict[str, Any]:
    """The orchestrator's `GET /status`, with `running` and `supervisor` beside it; without an
    orchestrator, what the modules say on their own ports."""
    supervisor = _supervisor(settings)
    try:
        document = LocalApi(settings).call("orchestrator", "GET", "/status", timeout_seconds=3.0)
        document["orchestrator"] = "ready"
    except (Unreachable, Refused) as error:
        modules = asyncio.run(_ask_all(settings))
        document = {
            "show": settings.kitsu_show,
            "modules": modules,
            "orchestrator": "down",
            "notices": [{"code": "orchestrator_down", "message": error.format_message()}],
        }
    states = {module["state"] for module in document["modules"].values()}
    document["running"] = (
        supervisor is not None or document["orchestrator"] == "ready" or states != {"down"}
    )
    document["supervisor"] = supervisor
    return document


def _supervisor(settings: CliSettings) -> dict[str, Any] | None:
    client = SupervisorClient(settings)
    if client.state is None:
        return None
    try:
        return {"pid": client.state.pid, **client.call("GET", "/status", timeout_seconds=3.0)}
    except Failed as error:
        return {"pid": client.state.pid, "problem": error.format_message()}


async def _ask_all(settings: CliSettings) -> dict[str, dict[str, Any]]:
    from apps.cli.supervisor.plan import door
    from apps.cli.supervisor.readiness import ask

    ids = [module.id for module in MODULES]
    answers = await asyncio.gather(*(ask(door(settings, module)) for module in ids))
    return {
        module: {"state": answer.state, "detail": answer.detail, "engine": answer.engine}
        if answer is not None
        else {"state": "down", "detail": "nobody answers on its port", "engine": ""}
        for module, answer in zip(ids, answers, strict=True)
    }


def _print(document: dict[str, Any]) -> None:
    supervisor = document["supervisor"] or {}
    facts = [f"show {document['show']}"]
    if "uptime_seconds" in document:
        facts.append(f"up {_duration(document['uptime_seconds'])}")
    if bus := supervisor.get("bus") or document.get("bus", {}).get("description"):
        facts.append(f"bus: {bus}")
    click.echo(" | ".join(facts))
    panic = document.get("panic") or {}
    if panic.get("engaged"):
        reason = f" ({panic['reason']})" if panic.get("reason") else ""
        click.secho(f"PANIC is engaged{reason}; end it with: kitsu panic --release", fg="red")
        if in_obs := panic_line(read_panic(panic.get("obs")), release=False):
            click.echo(visible(in_obs))
    print_rows(_rows(document["modules"], supervisor.get("modules", {})), state_column=1)
    if studio := _studio(document.get("studio") or {}):
        click.echo(visible(studio))
    if (speaking := document.get("speaking")) is not None:
        click.echo(f"saying: {click.unstyle(str(speaking.get('text', '')))[:200]!r}")
    for notice in document.get("notices", []):
        click.echo(visible(f"note: {notice.get('message', '')}"))


def _studio(about: dict[str, Any]) -> str:
    """What OBS shows and does; empty while it is not connected."""
    if about.get("link") != StudioLink.READY:
        return ""
    doing = {
        "streaming": about.get("streaming"),
        "recording": about.get("recording") == "on",
        "recording paused": about.get("recording") == "paused",
        "replay buffer on": about.get("replay"),
    }
    return ", ".join([f"OBS: scene {about.get('scene')}", *(name for name in doing if doing[name])])


def _rows(modules: dict[str, Any], supervised: dict[str, Any]) -> list[list[str]]:
    rows = []
    for module, about in modules.items():
        child = supervised.get(module, {})
        restarts = child.get("restarts", 0)
        rows.append(
            [
                module,
                str(about.get("state", "")),
                f"pid {child['pid']}" if child.get("pid") else "",
                f"restarted {restarts}x" if restarts else "",
                engine_and_detail(str(about.get("engine", "")), str(about.get("detail", ""))),
            ]
        )
    return rows


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
