"""What commands print."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from libs.telemetry.redaction import visible

#: Colour of a state, in tables and event lines.
COLOURS: Mapping[str, str] = {
    "ready": "green",
    "ok": "green",
    "latched": "green",
    "released": "green",
    "there": "green",
    "unseen": "green",
    "starting": "yellow",
    "asking": "yellow",
    "hanging": "yellow",
    "degraded": "yellow",
    "waiting": "yellow",
    "warn": "yellow",
    "missing": "yellow",
    "differs": "yellow",
    "off": "bright_black",
    "not_configured": "bright_black",
    "stopped": "bright_black",
    "denied": "red",
    "wrong_program": "red",
    "down": "red",
    "fail": "red",
    "unreachable": "red",
}


def print_json(document: Any) -> None:
    """One JSON document, and nothing else, on standard output."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=not _utf8()))


def state_word(state: str, width: int = 0) -> str:
    return click.style(state, fg=COLOURS.get(state)) + " " * (width - len(state))


def engine_and_detail(engine: str, detail: str) -> str:
    """What a module works with, and what it says of it, in one line."""
    if not engine or detail.startswith(engine):
        return detail
    return f"{engine}; {detail}" if detail else engine


def some_of(names: Sequence[str], most: int) -> str:
    """So many of them, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def print_rows(rows: Sequence[Sequence[str]], state_column: int) -> None:
    """A table without lines; the state's column is coloured. Cells are made safe to print."""
    if not rows:
        return
    clean = [[visible(str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in range(len(clean[0]))]
    for row in clean:
        cells = [
            state_word(cell, width) if column == state_column else f"{cell:<{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def _utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
