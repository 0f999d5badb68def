"""`kitsu chat`."""

import click

from apps.cli.local_api import LocalApi
from apps.cli.settings import cli_settings
from libs.contracts.people import Role


@click.command(epilog='\b\nExample:\n  kitsu chat "hello Kitsu" --as ann --role moderator')
@click.argument("text")
@click.option("--as", "author", default="viewer", show_default=True, help="Name of the viewer.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.VIEWER.value,
    show_default=True,
)
def chat_command(text: str, author: str, role: str) -> None:
    """Send TEXT as a chat line, as if a viewer had written it."""
    body = {"author": author, "text": text, "role": role}
    answer = LocalApi(cli_settings()).call("orchestrator", "POST", "/ingest/chat", body)
    click.echo(f"sent as event {answer.get('event_id', '?')}")
