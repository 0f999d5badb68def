"""`kitsu restart`."""

import click

from apps.cli.settings import cli_settings
from apps.cli.supervisor.control_client import SupervisorClient
from libs.contracts.modules import MODULES


@click.command(epilog="\b\nExample:\n  kitsu restart tts_worker")
@click.argument("module", type=click.Choice([module.id for module in MODULES]))
def restart_command(module: str) -> None:
    """Restart MODULE. What it had in hand is done again by the fresh one."""
    client = SupervisorClient(cli_settings())
    answer = client.call("POST", "/restart", {"module": module}, timeout_seconds=30.0)
    click.echo(f"{answer['module']} was restarted (now process {answer['pid']})")
