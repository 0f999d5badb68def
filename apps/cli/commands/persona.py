"""`kitsu persona`: who she is now, and becoming another one."""

from typing import Any

import click
from pydantic import BaseModel, ValidationError

from apps.cli.failures import OTHER_VERSION, Failed
from apps.cli.local_api import LocalApi
from apps.cli.printing import print_json, print_rows
from apps.cli.settings import cli_settings
from libs.telemetry.redaction import visible


class Now(BaseModel):
    persona: str = ""
    name: str
    style: str
    styles: tuple[str, ...] = ()
    chaos: float
    energy: float
    family_mode: bool


class File(BaseModel):
    persona: str
    name: str = ""
    language: str = ""
    problem: str = ""


class Files(BaseModel):
    personas: tuple[File, ...]


@click.command(
    epilog="\b\nExamples:\n  kitsu persona\n  kitsu persona kitsu-pt\n"
    "  kitsu persona --style calm --chaos 0.2 --no-family"
)
@click.argument("name", required=False)
@click.option("--style", help="One of the styles she has.")
@click.option("--chaos", type=click.FloatRange(0, 1), help="0 to 1.")
@click.option("--energy", type=click.FloatRange(0, 1), help="0 to 1.")
@click.option(
    "--family/--no-family", "family_mode", default=None, help="The gate's stricter rules."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def persona_command(
    name: str | None,
    style: str | None,
    chaos: float | None,
    energy: float | None,
    family_mode: bool | None,
    as_json: bool,
) -> None:
    """Show who she is now; with NAME, let her become the persona of that file at once.

    NAME is a file in configs/personas without its ending; the one she already is is read again.
    What is changed while she is on stays over restarts, until POLICY_PERSONA names another one.
    """
    api = LocalApi(cli_settings())
    wanted = {"persona": name, "style": style, "chaos": chaos, "energy": energy}
    change = {k: v for k, v in {**wanted, "family_mode": family_mode}.items() if v is not None}
    if change:
        now = api.call("orchestrator", "POST", "/persona", change)
    else:
        now = api.call("orchestrator", "GET", "/status").get("persona", {})
    listed = {} if change else api.call("orchestrator", "GET", "/personas")
    if as_json:
        print_json({**now, **({"personas": listed.get("personas")} if listed else {})})
        return
    try:
        _print(Now.model_validate(now), Files.model_validate(listed) if listed else None)
    except ValidationError:
        raise Failed(OTHER_VERSION) from None


def _print(now: Now, files: Files | None) -> None:
    family = "on" if now.family_mode else "off"
    told = f"{now.name} ({now.persona}): {now.style}, chaos {now.chaos:.2f}"
    click.echo(visible(f"{told}, energy {now.energy:.2f}, family mode {family}"))
    if files is None:
        return
    click.echo(visible(f"Styles: {', '.join(now.styles)}"))
    click.secho("\nPersonas", bold=True)
    good = [one for one in files.personas if not one.problem]
    print_rows([_row(one, now.persona) for one in good], state_column=-1)
    for one in files.personas:
        if one.problem:
            click.secho(visible(f"{one.persona} cannot be used:"), fg="yellow")
            for line in one.problem.splitlines():
                click.echo(visible(f"  {line}"))


def _row(file: File, current: str) -> list[Any]:
    return ["*" if file.persona == current else " ", file.persona, file.name, file.language]
