"""How far something is, on one line of a terminal."""

import sys

import click

from libs.telemetry.redaction import visible

BAR_CHARACTERS = 30
#: Where nothing can be written over, a new line comes after so many percent.
STEP_PERCENT = 10.0


class ProgressLine:
    """A bar that is drawn over itself; where output is no terminal, a line now and then. On
    standard error, so that what a command answers stays alone on standard output."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._over_itself = sys.stderr.isatty()
        self._open = False
        self._told_percent = -STEP_PERCENT
        self._told = ""

    def show(self, percent: float, text: str) -> None:
        if self._quiet:
            return
        done = round(max(0.0, min(100.0, percent)) / 100 * BAR_CHARACTERS)
        bar = f"[{'#' * done}{' ' * (BAR_CHARACTERS - done)}] {percent:3.0f} %  {visible(text)}"
        if self._over_itself:
            click.echo(f"\r{bar[:110]}\x1b[K", nl=False, err=True)
            self._open = True
        elif percent - self._told_percent >= STEP_PERCENT or (percent == 0 and text != self._told):
            click.echo(bar, err=True)
            self._told_percent, self._told = percent, text

    def end(self) -> None:
        """The next output begins on a line of its own."""
        if self._open:
            click.echo(err=True)
            self._open = False
