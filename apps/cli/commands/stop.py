"""`kitsu stop`."""

import click

from apps.cli.local_api import LocalApi
from apps.cli.settings import cli_settings


@click.command(epilog="\b\nExample:\n  kitsu stop")
def stop_command() -> None:
    """Cut off what is being said and drop what was about to be said.

    The show goes on with the next line; `kitsu panic` is what silences it for good.
    """
    LocalApi(cli_settings()).call("orchestrator", "POST", "/stop", {})
    click.echo("stopped")
