"""`kitsu obs`: what OBS shows and does."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from pydantic import BaseModel, ValidationError

from apps.cli.commands.obs_orders import ORDERS
from apps.cli.commands.obs_setup import setup
from apps.cli.failures import OTHER_VERSION, Failed, WrongUse
from apps.cli.local_api import LocalApi
from apps.cli.printing import print_json, print_rows
from apps.cli.settings import cli_settings
from libs.contracts.studio import PanicStep, StudioInput, StudioLink, StudioPanic

#: What a file's name says about its format.
PICTURES = {".png": "png", ".jpg": "jpg", ".jpeg": "jpg"}

EXAMPLES = """\b
Examples:
  kitsu obs setup                  make what Kitsu needs in OBS, after asking
  kitsu obs status                 the scene, inputs and outputs, and what panic does there
  kitsu obs scene "Just chatting"  switch the scene
  kitsu obs mute Mic               mute an input; --off unmutes it
  kitsu obs record start
"""


@click.group(epilog=EXAMPLES)
def obs_command() -> None:
    """See and steer OBS through the running show.

    Names are those that things have in OBS; a name that is nearly right is told with the one that
    is meant. While panic is engaged, orders that change the picture or the sound are refused.
    """


class Studio(BaseModel):
    """What `GET /obs` says, as far as it is shown here."""

    link: str
    detail: str = ""
    scene: str | None = None
    scenes: tuple[str, ...] = ()
    inputs: tuple[StudioInput, ...] = ()
    transition: str = ""
    recording: str = ""
    replay: bool = False
    streaming: bool = False
    panic: str = StudioPanic.OFF
    panic_steps: tuple[PanicStep, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        return self.link == StudioLink.READY


@obs_command.command(epilog="\b\nExample:\n  kitsu obs status --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(as_json: bool) -> None:
    """How OBS is. Exit code 1 when it is not connected."""
    document, studio = _look()
    if as_json:
        print_json(document)
    else:
        _print(studio)
    if not studio.ready:
        raise SystemExit(1)


@obs_command.command(epilog="\b\nExample:\n  kitsu obs scenes")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def scenes(as_json: bool) -> None:
    """List the scenes; the one on air has a star. Only those that may be switched to."""
    _, studio = _look()
    if not studio.ready:
        raise Failed(studio.detail or "OBS is not connected. See: kitsu doctor")
    if as_json:
        print_json({"scene": studio.scene, "scenes": studio.scenes})
        return
    rows = [["*" if scene == studio.scene else " ", scene] for scene in studio.scenes]
    print_rows(rows, state_column=-1)


@obs_command.command(epilog="\b\nExample:\n  kitsu obs screenshot -o now.png --width 1280")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The picture to write: .png or .jpg.",
)
@click.option("--width", type=click.IntRange(64, 1_920), default=480, show_default=True)
def screenshot(output: Path, width: int) -> None:
    """Save a picture of what viewers see."""
    kind = PICTURES.get(output.suffix.lower())
    if kind is None:
        raise WrongUse(f"'{output.name}' must end in .png or .jpg.")
    path = f"/obs/screenshot?{urlencode({'width': width, 'format': kind})}"
    picture = LocalApi(cli_settings()).fetch("orchestrator", path, method="GET")
    try:
        output.write_bytes(picture)
    except OSError as error:
        raise Failed(f"{output} cannot be written: {error.strerror}") from None
    click.echo(f"{output} ({len(picture)} bytes)")


for command in (*ORDERS, setup):
    obs_command.add_command(command)


def _look() -> tuple[dict[str, Any], Studio]:
    """The answer as it came, and what is shown of it."""
    document = LocalApi(cli_settings()).call("orchestrator", "GET", "/obs")
    try:
        return document, Studio.model_validate(document)
    except ValidationError:
        raise Failed(OTHER_VERSION) from None


def _print(studio: Studio) -> None:
    rows = [["OBS", studio.link, studio.detail]]
    if studio.ready:
        others = ", ".join(name for name in studio.scenes if name != studio.scene)
        rows += [["scene", studio.scene or "", f"others: {others}" if others else ""]]
        rows += [_input_row(one) for one in studio.inputs]
        rows += [["transition", studio.transition, ""]]
        rows += [["recording", studio.recording, ""]]
        rows += [["replay", _switch(studio.replay), ""]]
        rows += [["stream", _switch(studio.streaming), ""]]
    if studio.panic != StudioPanic.OFF:
        failed = [step.target for step in studio.panic_steps if not step.ok]
        rows += [["panic", studio.panic, f"failed: {', '.join(failed)}" if failed else ""]]
    print_rows(rows, state_column=1)
    if studio.missing:
        print_rows([["missing", ", ".join(studio.missing)]], state_column=-1)
        click.echo("Make it with: kitsu obs setup")


def _input_row(one: StudioInput) -> list[str]:
    role = {"mic": "microphone", "voice": "her voice"}.get(one.role, "")
    level = f"{one.volume_db:.1f} dB" if one.volume_db is not None else ""
    about = ", ".join(part for part in (level, role) if part)
    return [one.name, "muted" if one.muted else "on", about]


def _switch(on: bool) -> str:
    return "on" if on else "off"
