"""How a command ends when it cannot do what was asked: one or two lines, and an exit code."""

from typing import IO, Any

import click

from libs.telemetry.redaction import visible

#: For an answer of our own modules that does not read as it should.
OTHER_VERSION = (
    "The Kitsu that is running is of another version. Start it anew: kitsu down, kitsu up"
)


class Failed(click.ClickException):
    """Exit code 1. The message says what happened and the step that mends it."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        lines = self.format_message().splitlines()
        click.echo("\n".join(visible(line) for line in lines), file=file, err=file is None)


class WrongUse(Failed):
    """Exit code 2: the command or the settings are wrong."""

    exit_code = 2
