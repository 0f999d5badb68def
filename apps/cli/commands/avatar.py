"""`kitsu avatar`: how her avatars are, and what they show."""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from apps.cli.avatar_desk import AvatarDesk, Avatars
from apps.cli.printing import print_json, print_rows, some_of
from apps.cli.settings import cli_settings
from libs.contracts.avatar import AvatarId, AvatarLink, AvatarStatus, MoodShown
from libs.contracts.speaking import Mood
from libs.telemetry.redaction import visible

Given = TypeVar("Given", bound=Callable[..., Any])

#: How a mood's face was chosen, in words.
CHOSEN = {"name": "found by its name", "file": "configs/avatar.yaml", "panel": "chosen live"}

#: What she is doing, in a streamer's words; the others are such words already.
BEARINGS = {"idle": "resting"}

#: So many names are printed; `--json` has them all.
TOLD_EXPRESSIONS = 30
TOLD_INPUTS = 5

EXAMPLES = """\b
Examples:
  kitsu avatar status               which avatars there are, and how each is
  kitsu avatar sign-in              let VTube Studio ask again; then click Allow there
  kitsu avatar moods                which face shows which mood
  kitsu avatar map happy "Big grin" from now on this one shows it
  kitsu avatar try Blush            show a face for a moment
  kitsu avatar do wave              make a gesture, or press a hotkey of the model
  kitsu avatar item heart           show something beside her
"""


@click.group(epilog=EXAMPLES)
def avatar_command() -> None:
    """See her avatars and try what they can.

    Names are those that things have in the avatar's program; the ending of an expression's file
    may be left out. Kitsu must be running.
    """


def _with_json(function: Given) -> Given:
    return click.option("--json", "as_json", is_flag=True, help="One JSON document.")(function)


def _with_avatar(function: Given) -> Given:
    names = click.Choice(get_args(AvatarId))
    text = "Which one. Default: the one it makes sense for."
    return click.option("--avatar", "avatar_id", type=names, help=text)(function)


@avatar_command.command(epilog="\b\nExample:\n  kitsu avatar status --json")
@_with_json
def status(as_json: bool) -> None:
    """How the avatars are. Exit code 1 when none can be moved."""
    document, told = AvatarDesk(cli_settings()).look()
    if as_json:
        print_json(document)
    else:
        _print(told)
    if not told.moves:
        raise SystemExit(1)


@avatar_command.command(epilog="\b\nExample:\n  kitsu avatar moods")
@_with_avatar
@_with_json
def moods(avatar_id: str | None, as_json: bool) -> None:
    """Which face of the model shows which mood.

    A face is found by words in its name (`configs/avatar.yaml`); what stands there for a model
    wins over that, and what is chosen live (panel, `kitsu avatar map`) over both.
    """
    _, told = AvatarDesk(cli_settings()).look()
    one = told.with_faces(avatar_id or "")
    if as_json:
        print_json(
            {
                "avatar": one.id,
                "model": one.model,
                "moods": [shown.model_dump(mode="json") for shown in one.moods],
                "expressions": one.expressions,
            }
        )
        return
    print_rows([_mood_row(shown) for shown in one.moods], state_column=-1)
    unused = [e for e in one.expressions if e not in {shown.expression for shown in one.moods}]
    if unused:
        click.echo(visible(f"Other expressions: {some_of(unused, TOLD_EXPRESSIONS)}"))


@avatar_command.command("map", epilog='\b\nExample:\n  kitsu avatar map happy "Big grin"')
@click.argument("mood", type=click.Choice([mood.value for mood in Mood]))
@click.argument("expression", required=False)
@click.option("--none", "nothing", is_flag=True, help="Nothing shows it: the face stays.")
@click.option("--found", is_flag=True, help="As the file says, or as it is found by name.")
@_with_avatar
@_with_json
def map_mood(
    mood: str,
    expression: str | None,
    nothing: bool,
    found: bool,
    avatar_id: str | None,
    as_json: bool,
) -> None:
    """From now on EXPRESSION shows MOOD, for the model that is loaded."""
    if sum((bool(expression), nothing, found)) != 1:
        raise click.UsageError("Say one of: an EXPRESSION, --none, --found.")
    body = {"avatar": avatar_id, "mood": mood, "expression": "" if nothing else expression}
    _give("PUT", "moods", body, as_json)


@avatar_command.command("try", epilog="\b\nExample:\n  kitsu avatar try Blush --seconds 5")
@click.argument("expression")
@click.option(
    "--seconds", type=click.FloatRange(0.5, 60), default=3.0, show_default=True, help="How long."
)
@_with_avatar
@_with_json
def try_expression(expression: str, seconds: float, avatar_id: str | None, as_json: bool) -> None:
    """Show EXPRESSION for a moment, whatever her mood."""
    body = {"avatar": avatar_id, "expression": expression, "seconds": seconds}
    _give("POST", "try", body, as_json)


@avatar_command.command("do", epilog='\b\nExample:\n  kitsu avatar do "Wave Both Hands"')
@click.argument("name")
@_with_json
def do(name: str, as_json: bool) -> None:
    """Make the gesture NAME, or press the hotkey NAME of the model.

    nod, shake and tilt are there for every avatar with a head; others stand in configs/avatar.yaml.
    """
    _give("POST", "hotkey", {"hotkey": name}, as_json)


@avatar_command.command(epilog="\b\nExample:\n  kitsu avatar item heart")
@click.argument("name")
@_with_json
def item(name: str, as_json: bool) -> None:
    """Show the item NAME of configs/avatar.yaml or configs/items.yaml."""
    _give("POST", "item", {"item": name}, as_json)


@avatar_command.command("sign-in", epilog="\b\nExample:\n  kitsu avatar sign-in")
@_with_avatar
@_with_json
def sign_in(avatar_id: str | None, as_json: bool) -> None:
    """Let the avatar's program ask (again) whether Kitsu may. Click Allow there."""
    _give("POST", "sign-in", {"avatar": avatar_id}, as_json)


def _give(method: str, path: str, body: dict[str, Any], as_json: bool) -> None:
    answer = AvatarDesk(cli_settings()).order(method, path, body)
    if as_json:
        print_json(answer)
    else:
        click.echo(visible(str(answer.get("done") or "done")))


def _print(told: Avatars) -> None:
    if told.detail:
        click.echo(visible(told.detail))
    rows = [[one.title, one.link.value, _about(one)] for one in told.avatars]
    if told.there:
        rows.append(["mood", told.mood, ""])
        rows.append(["she is", BEARINGS.get(told.bearing, told.bearing), ""])
    print_rows(rows, state_column=1)
    for one in told.avatars:
        for what, names in (
            ("moves the mouth", one.mouth),
            ("moved by another program", one.taken),
            ("missing", one.missing),
        ):
            if names:
                click.echo(visible(f"{one.title}, {what}: {some_of(names, TOLD_INPUTS)}"))


def _about(one: AvatarStatus) -> str:
    if one.link is AvatarLink.READY and one.model:
        return ": ".join(part for part in (one.model, one.detail) if part)
    return one.detail


def _mood_row(shown: MoodShown) -> list[str]:
    face = shown.expression or "(nothing)"
    by = CHOSEN[shown.chosen_by] if shown.expression or shown.chosen_by != "name" else ""
    return [shown.mood.value, face, by]
