"""The orders of `kitsu obs`: each is one POST to the orchestrator."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from apps.cli.local_api import LocalApi
from apps.cli.printing import print_json
from apps.cli.settings import cli_settings
from libs.telemetry.redaction import visible

#: A switch in OBS may wait for its UI; the orchestrator itself gives up before this.
ANSWER_SECONDS = 10.0

ORDERS: list[click.Command] = []

Given = TypeVar("Given", bound=Callable[..., None])


def _order(name: str, example: str, **context: Any) -> Callable[[Given], click.Command]:
    """A command of `kitsu obs` with an example and `--json`."""

    def declare(function: Given) -> click.Command:
        with_json = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
        epilog = f"\b\nExample:\n  kitsu obs {name} {example}"
        command = click.command(name, epilog=epilog, context_settings=context)(with_json(function))
        ORDERS.append(command)
        return command

    return declare


def _give(path: str, as_json: bool, body: dict[str, Any]) -> None:
    """Says what was done. Raises `Refused` with OBS's, or the obs_controller's, own words."""
    api = LocalApi(cli_settings())
    answer = api.call("orchestrator", "POST", f"/obs/{path}", body, ANSWER_SECONDS)
    if as_json:
        print_json(answer)
        return
    said = str(answer.get("done") or "done")
    click.echo(visible(f"{said}: {answer['file']}" if "file" in answer else said))


@_order("scene", '"Just chatting"')
@click.argument("name", default="")
def scene(name: str, as_json: bool) -> None:
    """Switch the scene. Without NAME: to the default one (TWITCH_DEFAULT_SCENE)."""
    _give("scene", as_json, {"scene": name})


@_order("mute", "Mic --off")
@click.argument("input_name", metavar="INPUT")
@click.option("--off", is_flag=True, help="Unmute it.")
def mute(input_name: str, off: bool, as_json: bool) -> None:
    """Mute INPUT."""
    _give("mute", as_json, {"input": input_name, "muted": not off})


@_order("volume", "Mic -12", ignore_unknown_options=True)
@click.argument("input_name", metavar="INPUT")
@click.argument("decibels", metavar="DB", type=click.FloatRange(-100, 0))
def volume(input_name: str, decibels: float, as_json: bool) -> None:
    """Set the volume of INPUT. DB: 0 is unchanged, -100 is silence."""
    if math.isnan(decibels):
        raise click.UsageError("DB must be a number from -100 to 0.")
    _give("volume", as_json, {"input": input_name, "volume_db": decibels})


@_order("source", "Sparkles --show --scene Live")
@click.argument("name")
@click.option("--show/--hide", "shown", default=None, help="One of them must be said.")
@click.option("--scene", "scene_name", default="", help="Default: the scene on air.")
def source(name: str, shown: bool | None, scene_name: str, as_json: bool) -> None:
    """Show or hide the source NAME in a scene."""
    if shown is None:
        raise click.UsageError("Say --show or --hide.")
    _give("source", as_json, {"scene": scene_name, "source": name, "visible": shown})


@_order("filter", "Live Disco --on")
@click.argument("source_name", metavar="SOURCE")
@click.argument("filter_name", metavar="FILTER")
@click.option("--on/--off", "enabled", default=None, help="One of them must be said.")
def switch_filter(source_name: str, filter_name: str, enabled: bool | None, as_json: bool) -> None:
    """Switch a filter on or off. SOURCE is the scene or input it sits on."""
    if enabled is None:
        raise click.UsageError("Say --on or --off.")
    body = {"source": source_name, "filter": filter_name, "enabled": enabled}
    _give("filter", as_json, body)


@_order("text", 'Title "Back at nine"')
@click.argument("source_name", metavar="SOURCE")
@click.argument("text")
def write_text(source_name: str, text: str, as_json: bool) -> None:
    """Write TEXT into the text source SOURCE."""
    _give("text", as_json, {"source": source_name, "text": text})


@_order("media", "Applause play")
@click.argument("source_name", metavar="SOURCE")
@click.argument("action", type=click.Choice(["play", "pause", "restart", "stop"]))
def media(source_name: str, action: str, as_json: bool) -> None:
    """Play, pause, restart or stop what a media source has."""
    _give("media", as_json, {"source": source_name, "action": action})


@_order("record", "start")
@click.argument("action", type=click.Choice(["start", "stop", "pause", "resume"]))
def record(action: str, as_json: bool) -> None:
    """Start, stop, pause or resume the recording."""
    _give("record", as_json, {"action": action})


@_order("replay", "save")
@click.argument("action", type=click.Choice(["start", "stop", "save"]))
def replay(action: str, as_json: bool) -> None:
    """Start or stop the replay buffer, or save its last seconds."""
    _give("replay", as_json, {"action": action})


@_order("transition", "Fade --ms 500")
@click.argument("name")
@click.option("--ms", "duration_ms", type=click.IntRange(50, 20_000), help="How long it takes.")
def transition(name: str, duration_ms: int | None, as_json: bool) -> None:
    """Choose the transition for the next switches of the scene."""
    body: dict[str, Any] = {"transition": name}
    if duration_ms is not None:
        body["duration_ms"] = duration_ms
    _give("transition", as_json, body)


@_order("action", "applause")
@click.argument("name")
def action(name: str, as_json: bool) -> None:
    """Do an action of configs/scenes.yaml. A mood, or she herself, may ask for the same."""
    _give("action", as_json, {"action": name})
