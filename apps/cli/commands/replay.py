"""`kitsu replay`."""

import time
from pathlib import Path
from typing import Any

import click

from apps.cli.failures import Failed, WrongUse
from apps.cli.local_api import LocalApi
from apps.cli.progress_line import ProgressLine
from apps.cli.settings import cli_settings
from libs.telemetry.redaction import visible

MODULE = "twitch_ingest"
#: How often it is asked how far it is.
LOOK_SECONDS = 0.3
FORMAT = (
    'A line looks so: {"at": 12.5, "name": "ann", "text": "hello kitsu"} (at: seconds); '
    "a whole log to try: python -m libs.testing.chat_log > chat.jsonl"
)


@click.command(epilog="\b\nExamples:\n  kitsu replay friday.jsonl --speed 4\n  kitsu replay --stop")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--speed",
    type=click.FloatRange(0, 1_000),
    default=1.0,
    show_default=True,
    help="How many times as fast as it was written; 0: as fast as it can be.",
)
@click.option("--stop", "ends", is_flag=True, help="End the one that is being played.")
def replay_command(file: Path | None, speed: float, ends: bool) -> None:
    """Play a recorded chat (JSON lines) into the running show, beside its real chat.

    Its commands count, with the roles that the log gives: a panic in it is a panic. Ctrl-C ends it.
    A line of it: {"at": 12.5, "name": "ann", "text": "hello kitsu"}, with seconds since the start.
    """
    if (file is None) is not ends:
        raise WrongUse("Say which file is to be played, or --stop.")
    api = LocalApi(cli_settings())
    if file is None:
        stopped = api.call(MODULE, "DELETE", "/replay").get("stopped")
        click.echo("stopped" if stopped else "no log is being played")
        return
    api.call(MODULE, "POST", "/replay", {"file": str(file.resolve()), "speed": speed})
    line = ProgressLine()
    try:
        told = _follow(api, line)
    except KeyboardInterrupt:
        told = api.call(MODULE, "DELETE", "/replay")
    finally:
        line.end()
    _print(told)


def _follow(api: LocalApi, line: ProgressLine) -> dict[str, Any]:
    """How it ended."""
    while True:
        told = api.call(MODULE, "GET", "/replay")
        line.show(float(told.get("percent", 0)), f"{told.get('told', 0)} told")
        if not told.get("playing"):
            return told
        time.sleep(LOOK_SECONDS)


def _print(told: dict[str, Any]) -> None:
    if told.get("error"):
        raise Failed(visible(str(told["error"])))
    if told.get("finished") and told.get("bad") and not told.get("told"):
        raise Failed(f"No line could be read. {FORMAT}")
    how = "played" if told.get("finished") else "stopped"
    click.echo(f"{how}: {told.get('told', 0)} told of {told.get('lines', 0)} lines")
    if told.get("bad"):
        numbers = ", ".join(str(number) for number in told.get("bad_lines", ()))
        click.secho(f"{told['bad']} lines could not be read: {numbers}", fg="yellow")
