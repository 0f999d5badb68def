"""`kitsu tts`."""

from pathlib import Path

import click

from apps.cli.failures import Failed
from apps.cli.local_api import LocalApi
from apps.cli.settings import cli_settings
from libs.contracts.speaking import Mood


@click.command(epilog='\b\nExample:\n  kitsu tts "Hello, I am Kitsu" -o hello.wav')
@click.argument("text")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The WAV file to write.",
)
@click.option("--voice", default="", help="A voice of the engine.")
@click.option(
    "--mood",
    type=click.Choice([mood.value for mood in Mood]),
    default=Mood.NEUTRAL.value,
    show_default=True,
)
def tts_command(text: str, output: Path, voice: str, mood: str) -> None:
    """Speak TEXT into a WAV file, with the voice worker that is running. Nothing goes on air."""
    body = {"text": text, "voice": voice, "mood": mood}
    sound = LocalApi(cli_settings()).fetch("tts_worker", "/synthesize", body)
    try:
        output.write_bytes(sound)
    except OSError as error:
        raise Failed(f"{output} cannot be written: {error.strerror}") from None
    click.echo(f"{output} ({len(sound)} bytes)")
