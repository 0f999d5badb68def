"""The part of `kitsu memory` that is about one viewer, or all of them."""

import json
import os
from pathlib import Path
from typing import Any

import click

from apps.cli.failures import Failed, WrongUse
from apps.cli.memory_desk import MemoryDesk, ago
from apps.cli.printing import print_json, print_rows
from apps.cli.settings import cli_settings
from libs.telemetry.redaction import visible


@click.command(epilog="\b\nExample:\n  kitsu memory viewers --json")
@click.option("--limit", type=click.IntRange(1, 5_000), default=200, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def viewers(limit: int, as_json: bool) -> None:
    """List the viewers she knows, the last heard first."""
    found = MemoryDesk(cli_settings()).viewers(limit=limit)
    if as_json:
        print_json({"viewers": [one.model_dump() for one in found]})
    elif not found:
        click.echo("No viewers are known.")
    else:
        rows = [
            [
                one.name,
                one.viewer_id,
                f"{one.messages} lines",
                f"{one.facts} facts",
                ago(one.last_at),
            ]
            for one in found
        ]
        print_rows(rows, state_column=-1)


@click.command(epilog="\b\nExamples:\n  kitsu memory forget ann\n  kitsu memory forget ann --yes")
@click.argument("viewer")
@click.option("--yes", is_flag=True, help="Forget without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; needs --yes.")
def forget(viewer: str, yes: bool, as_json: bool) -> None:
    """Forget VIEWER (a name or an id), for good.

    Their lines, the answers to them, what was learned of them, and their name in what remains.
    Backups that were made before still have it.
    """
    if as_json and not yes:
        raise WrongUse("--json asks nothing: say --yes too.")
    desk = MemoryDesk(cli_settings())
    who = desk.viewer(viewer)
    known = f"{who.name} ({who.viewer_id}): {who.messages} lines, {who.facts} facts"
    if not yes and not click.confirm(visible(f"Forget {known}?"), err=True):
        raise Failed("Nothing was forgotten.")
    answer = desk.forget(who.viewer_id)
    if as_json:
        print_json(answer)
    elif answer.get("pending"):
        click.echo(visible(f"{who.name} will be forgotten as soon as the memory can be written."))
    else:
        click.echo(visible(f"{who.name} is forgotten ({answer.get('removed', 0)} records)."))


@click.command(
    epilog="\b\nExamples:\n  kitsu memory export ann -o ann.json\n"
    "  kitsu memory export --all -o everybody.json"
)
@click.argument("viewer", default="")
@click.option("--all", "everybody", is_flag=True, help="All viewers.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The JSON file to write; only you can read it.",
)
def export(viewer: str, everybody: bool, output: Path) -> None:
    """Write all that is kept of VIEWER into a file.

    VIEWER is a name or an id. The file is JSON, whatever it is called.
    """
    if bool(viewer) == everybody:
        raise WrongUse("Say one VIEWER, or --all.")
    desk = MemoryDesk(cli_settings())
    if everybody:
        parts = [_part(desk, one.name, one.viewer_id) for one in desk.viewers(limit=5_000)]
        document: dict[str, Any] = {"viewers": parts}
    else:
        who = desk.viewer(viewer)
        document = _part(desk, who.name, who.viewer_id)
    _write(output, document)
    size = output.stat().st_size
    click.echo(visible(f"{output} ({size} bytes)"))


def _part(desk: MemoryDesk, name: str, viewer_id: str) -> dict[str, Any]:
    return {"name": name, **desk.kept_of(viewer_id)[0]}


def _write(output: Path, document: dict[str, Any]) -> None:
    try:
        with open(output, "w", encoding="utf-8", opener=_for_the_owner) as file:
            json.dump(document, file, indent=2, ensure_ascii=False)
            file.write("\n")
    except OSError as error:
        raise Failed(f"{output} cannot be written: {error.strerror}") from None
    except UnicodeEncodeError:  # an unpaired surrogate in what somebody wrote
        output.write_text(json.dumps(document, indent=2) + "\n", "ascii")


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
