"""`kitsu stt`."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from apps.cli.failures import OTHER_VERSION, Failed
from apps.cli.local_api import LocalApi
from apps.cli.printing import print_json
from apps.cli.settings import cli_settings
from libs.telemetry.redaction import visible

#: As much as the ears take.
MOST_BYTES = 64_000_000
ANSWER_SECONDS = 600.0


@click.command(epilog="\b\nExamples:\n  kitsu stt hello.wav\n  kitsu stt hello.wav --json")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--language", default="", help="Such as en or pt; otherwise it is found out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, with word times.")
def stt_command(file: Path, language: str, as_json: bool) -> None:
    """Write down what is said in FILE, a WAV file, with the recogniser that is running.

    Nothing of it becomes a turn. Rate, channels and width do not matter.
    """
    path = f"/transcribe?language={quote(language)}"
    api = LocalApi(cli_settings())
    document = api.send("asr_worker", path, _content(file), "audio/wav", ANSWER_SECONDS)
    if as_json:
        print_json(document)
    else:
        click.echo(_text(document) or "(nothing was understood)")


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise Failed(f"{file} has more than {MOST_BYTES // 1_000_000} MB: cut it into parts.")
        return file.read_bytes()
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}") from None


def _text(document: dict[str, Any]) -> str:
    text = document.get("text")
    if not isinstance(text, str):
        raise Failed(OTHER_VERSION)
    return visible(text)
