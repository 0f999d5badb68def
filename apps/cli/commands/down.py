"""`kitsu down`."""

import time

import click

from apps.cli.settings import cli_settings
from apps.cli.supervisor.control_client import SupervisorClient

#: Longer than the supervisor's own patience with its modules.
WAIT_SECONDS = 20.0


@click.command(epilog="\b\nExample:\n  kitsu down")
def down_command() -> None:
    """Stop what `kitsu up` started, in good order."""
    client = SupervisorClient(cli_settings())
    if client.state is None:
        click.echo("Kitsu is not running.")
        return
    client.call("POST", "/down")
    until = time.monotonic() + WAIT_SECONDS
    while client.is_alive():
        if time.monotonic() > until:
            raise client.too_slow()
        time.sleep(0.05)
    click.echo("Kitsu is down.")
