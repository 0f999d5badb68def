"""What `kitsu up` shows: a table while things start, then a line for each event."""

import datetime
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import click

from apps.cli.printing import COLOURS, engine_and_detail
from libs.telemetry.redaction import visible

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Row:
    """A module on the screen and in the supervisor's status."""

    module: str
    state: str
    detail: str = ""
    engine: str = ""
    pid: int | None = None
    restarts: int = 0


class View(Protocol):
    def show(self, rows: Sequence[Row], heading: str) -> None:
        """The present state; called at every change while things start."""

    def event(self, text: str, level: str = "info") -> None:
        """Something worth a line: level info, ok, warn or fail."""

    def started(self, rows: Sequence[Row], facts: Sequence[tuple[str, str]]) -> None:
        """All is up: where panel and overlay are, what the bus is."""

    def close(self) -> None: ...


class PlainView:
    """Lines for a log or a pipe."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def show(self, rows: Sequence[Row], heading: str) -> None:
        for row in rows:
            if self._states.get(row.module) != row.state:
                self._states[row.module] = row.state
                self.event(f"{row.module}: {row.state}{_why(row)}")

    def event(self, text: str, level: str = "info") -> None:
        click.echo(f"{_clock()} {visible_lines(text)}")
        sys.stdout.flush()

    def started(self, rows: Sequence[Row], facts: Sequence[tuple[str, str]]) -> None:
        for name, value in facts:
            click.echo(f"{name}: {value}")
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing is held."""


class TerminalView:
    """For a person: a table that fills in, then addresses, then events."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False)
        self._live: Live | None = Live(console=self._console, refresh_per_second=12)
        self._live.start()

    def show(self, rows: Sequence[Row], heading: str) -> None:
        if self._live is not None:
            self._live.update(_table(rows, heading))

    def event(self, text: str, level: str = "info") -> None:
        from rich.text import Text

        line = Text(f"{_clock()}  ", style="bright_black")
        line.append(visible_lines(text), style=COLOURS.get(level, ""))
        self._console.print(line)

    def started(self, rows: Sequence[Row], facts: Sequence[tuple[str, str]]) -> None:
        """Addresses stand on lines of their own, unbroken, so that they can be clicked."""
        from rich.text import Text

        self.show(rows, "")
        self._stop_live()
        self._console.print(Text("\nKitsu is up", style="bold green"))
        width = max(len(name) for name, _ in facts)
        for name, value in facts:
            line = Text(f"  {name:<{width}}  ", style="bright_black")
            line.append(value, style="default")
            self._console.print(line, soft_wrap=True)
        self._console.print()

    def close(self) -> None:
        self._stop_live()

    def _stop_live(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def view_for_output() -> View:
    return TerminalView() if sys.stdout.isatty() else PlainView()


def visible_lines(text: str) -> str:
    return "\n".join(visible(line) for line in text.splitlines())


def _table(rows: Sequence[Row], heading: str) -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2), show_header=False)
    for row in rows:
        restarts = f"restarted {row.restarts}x" if row.restarts else ""
        note = engine_and_detail(row.engine, row.detail)
        state = Text(row.state, style=COLOURS.get(row.state, ""))
        table.add_row(row.module, state, Text(restarts, style="yellow"), visible(note)[:60])
    return Group(Text(heading, style="bold"), table) if heading else table


def _why(row: Row) -> str:
    note = engine_and_detail(row.engine, row.detail)
    return f" ({visible(note)})" if note else ""


def _clock() -> str:
    return datetime.datetime.now().astimezone().strftime("%H:%M:%S")
