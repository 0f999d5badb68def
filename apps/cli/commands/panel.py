"""`kitsu panel`."""

import socket

import click

from apps.cli.addresses import open_in_browser, panel_link
from apps.cli.settings import cli_settings


@click.command(epilog="\b\nExample:\n  kitsu panel --open")
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser as well.")
def panel_command(open_it: bool) -> None:
    """Print a fresh link to the panel. It signs one browser in, once, within ten minutes."""
    settings = cli_settings()
    link = panel_link(settings)
    click.echo(link)
    host, port = settings.host_of("orchestrator"), settings.port_of("orchestrator")
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        click.echo("Nothing answers there yet. Start Kitsu with: kitsu up", err=True)
    if open_it and not open_in_browser(link):
        click.echo("No browser could be opened here: copy the link.", err=True)
