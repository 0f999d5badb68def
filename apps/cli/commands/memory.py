"""`kitsu memory`: what she remembers, and forgetting it."""

from typing import Any

import click

from apps.cli.commands.memory_viewers import export, forget, viewers
from apps.cli.failures import WrongUse
from apps.cli.memory_desk import Fact, Kept, MemoryDesk, Overview, Viewer, ago
from apps.cli.printing import print_json, print_rows
from apps.cli.settings import cli_settings
from libs.telemetry.redaction import visible

#: Lines of one viewer that are shown; `export` has them all.
SHOWN_LINES = 20

EXAMPLES = """\b
Examples:
  kitsu memory show                    the summary, the newest facts, and why they were used
  kitsu memory show --viewer ann       all that is known of one viewer
  kitsu memory forget ann              ann's lines, the answers to them, what was learned of her
  kitsu memory export --all -o m.json  everybody's part, as JSON
  kitsu memory remember "the giveaway is on friday"
"""


@click.group(epilog=EXAMPLES)
def memory_command() -> None:
    """See, export and forget what she remembers.

    She learns from what viewers tell of themselves in lines that were answered aloud. A viewer is
    named by name or by id; `kitsu memory viewers` lists both. In chat, a viewer writes !forget me.
    """


@memory_command.command(epilog="\b\nExample:\n  kitsu memory show --viewer ann --json")
@click.option("--viewer", default="", help="Only this viewer: a name or an id.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def show(viewer: str, as_json: bool) -> None:
    """Show what is remembered: of the show, or of one viewer."""
    desk = MemoryDesk(cli_settings())
    if viewer:
        who = desk.viewer(viewer)
        document, kept = desk.kept_of(who.viewer_id)
        if as_json:
            print_json({"name": who.name, **document})
        else:
            _print_viewer(who, kept)
        return
    document, overview = desk.overview()
    if as_json:
        print_json(document)
    else:
        _print_overview(overview)


@memory_command.command(epilog='\b\nExample:\n  kitsu memory remember "the giveaway is on friday"')
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def remember(text: str, as_json: bool) -> None:
    """Let her know TEXT about the show.

    It goes with every turn whose line it fits; at most 140 characters. About a viewer, only that
    viewer can teach her.
    """
    if not text.strip():
        raise WrongUse("TEXT is empty.")
    answer = MemoryDesk(cli_settings()).call("POST", "/memory/facts", {"text": text})
    _done(answer, as_json, f"remembered: {answer.get('text', '')}")


@memory_command.command("forget-fact", epilog="\b\nExample:\n  kitsu memory forget-fact 17")
@click.argument("fact_id", metavar="ID", type=click.IntRange(1, 2**62))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def forget_fact(fact_id: int, as_json: bool) -> None:
    """Forget one fact.

    ID is the number in front of it in `kitsu memory show`.
    """
    answer = MemoryDesk(cli_settings()).call("DELETE", f"/memory/facts/{fact_id}")
    _done(answer, as_json, f"fact {fact_id} is forgotten")


@memory_command.command(epilog="\b\nExample:\n  kitsu memory backup")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def backup(as_json: bool) -> None:
    """Copy the whole memory while the show goes on.

    The copy lies in the data folder and keeps what is forgotten later: delete old copies when a
    viewer wants to be forgotten.
    """
    answer = MemoryDesk(cli_settings()).call("POST", "/memory/backup", seconds=120.0)
    _done(answer, as_json, f"{answer.get('file', '')} ({answer.get('bytes', 0)} bytes)")


for command in (viewers, forget, export):
    memory_command.add_command(command)


def _done(answer: dict[str, Any], as_json: bool, said: str) -> None:
    if as_json:
        print_json(answer)
    else:
        click.echo(visible(said))


def _print_overview(overview: Overview) -> None:
    click.echo(f"{overview.messages} messages are remembered.")
    if overview.current_summary:
        _heading("The show so far")
        click.echo(visible(overview.current_summary))
    if overview.facts:
        _heading("Newest facts")
        _print_facts(overview.facts)
    if overview.recalled:
        _heading("Thought of lately")
        rows = [
            [f"“{one.input}”", f"{one.about}: {one.text}", one.why] for one in overview.recalled
        ]
        print_rows([[_short(cell, 60) for cell in row] for row in rows], state_column=-1)
    if not overview.facts:
        click.echo("No facts yet: she learns from what viewers tell of themselves.")


def _print_viewer(who: Viewer, kept: Kept) -> None:
    click.echo(visible(f"{who.name}  ({who.viewer_id})"))
    if kept.facts:
        _heading("Facts")
        _print_facts(kept.facts)
    if kept.messages:
        _heading(f"Lines ({len(kept.messages)}, the last {SHOWN_LINES} are shown)")
        print_rows(
            [[ago(line.at), line.text] for line in kept.messages[-SHOWN_LINES:]], state_column=-1
        )
    click.echo(f"\n{len(kept.answers)} answers to them, {len(kept.unanswered)} lines not answered.")


def _print_facts(facts: tuple[Fact, ...]) -> None:
    rows = [
        [str(fact.fact_id), fact.name or "the show", fact.text, ago(fact.learned_at)]
        for fact in facts
    ]
    print_rows(rows, state_column=-1)


def _heading(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
