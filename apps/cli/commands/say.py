"""`kitsu say`."""

import click

from apps.cli.local_api import LocalApi
from apps.cli.settings import cli_settings
from libs.contracts.speaking import Mood


@click.command(epilog='\b\nExample:\n  kitsu say "We start in five minutes" --mood happy')
@click.argument("text")
@click.option(
    "--mood",
    type=click.Choice([mood.value for mood in Mood]),
    default=Mood.NEUTRAL.value,
    show_default=True,
    help="Mood of face and voice.",
)
@click.option("--voice", default="", help="A voice of the engine; default: the persona's.")
@click.option("--override", is_flag=True, help="Say it even if the gate objects; on record.")
def say_command(text: str, mood: str, voice: str, override: bool) -> None:
    """Let Kitsu say TEXT word for word. It still passes the gate."""
    body = {"text": text, "mood": mood, "voice": voice}
    if override:
        body["override"] = True  # type: ignore[assignment]
    answer = LocalApi(cli_settings()).call("orchestrator", "POST", "/tts", body)
    click.echo(f"accepted as utterance {answer.get('utterance_id', '?')}")
