"""`kitsu models`: who answers what, and getting a model."""

from typing import Any

import click

from apps.cli.failures import Failed
from apps.cli.model_desk import Engine, ModelDesk, Models, Pull, gigabytes
from apps.cli.printing import print_json, print_rows
from apps.cli.progress_line import ProgressLine
from apps.cli.settings import cli_settings
from libs.telemetry.redaction import visible

TITLES = {"chat": "chat", "code": "code", "vision": "pictures"}

EXAMPLES = """\b
Examples:
  kitsu models                 who answers chat, code and pictures, and what Ollama has
  kitsu models pull llama3.2   have Ollama fetch a model; Ctrl+C stops it
  kitsu models stop            stop a pull that was begun elsewhere
"""


@click.group(invoke_without_command=True, epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_context
def models_command(context: click.Context, as_json: bool) -> None:
    """See who answers what, and pull models.

    Which models are asked stands in .env: CHAT_PROVIDER, LLM_MODEL_NAME and their like.
    """
    if context.invoked_subcommand is not None:
        return
    document, told = ModelDesk(cli_settings()).told()
    if as_json:
        print_json(document)
    else:
        _print(told)


@models_command.command(epilog="\b\nExample:\n  kitsu models pull llama3.2")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, when it is over.")
def pull(name: str, as_json: bool) -> None:
    """Have Ollama fetch the model NAME.

    It goes on where it was stopped before. Ctrl+C stops it.
    """
    desk, last = ModelDesk(cli_settings()), Pull(model=name)
    line = ProgressLine(quiet=as_json)
    try:
        for last in desk.pull(name):
            line.show(last.percent, _how_far(last))
    except KeyboardInterrupt:
        line.end()
        desk.stop_pull()
        again = f"Run again to go on: kitsu models pull {name}"
        raise Failed(f"Stopped. What was fetched is kept. {again}") from None
    finally:
        line.end()
    if as_json:
        print_json(last.model_dump())
    if not last.ok:
        if as_json:
            raise SystemExit(1)
        raise Failed(last.message or "The brain broke off. See how far it is: kitsu models")
    if not as_json:
        click.echo(visible(last.message))


@models_command.command(epilog="\b\nExample:\n  kitsu models stop")
def stop() -> None:
    """Stop the pull that runs."""
    stopped = ModelDesk(cli_settings()).stop_pull()
    click.echo(visible(f"{stopped.model}: {stopped.message}") if stopped else "No pull runs.")


def _how_far(pull: Pull) -> str:
    if not pull.total_bytes:
        return pull.status
    return f"{gigabytes(pull.completed_bytes)} of {gigabytes(pull.total_bytes)}"


def _print(told: Models) -> None:
    print_rows([_row(name, engines) for name, engines in told.functions.items()], state_column=-1)
    for complaint in told.complaints:
        click.secho(visible(complaint), fg="yellow")
    if told.ollama.answers and told.ollama.models:
        click.echo(visible(f"Ollama at {told.ollama.address} has:"))
        rows = [[f"  {one.name}", gigabytes(one.size_bytes)] for one in told.ollama.models]
        print_rows(rows, state_column=-1)
    if told.pull is not None and not told.pull.done:
        click.echo(visible(f"Being pulled: {told.pull.model}, {_how_far(told.pull)}"))
    for model in told.missing:
        click.echo(visible(f"Get it with: kitsu models pull {model}"))


def _row(name: str, engines: tuple[Engine, ...]) -> list[Any]:
    first = next((engine for engine in engines if engine.first), None)
    answers = first.label if first else "nobody"
    if first is not None and first.engine == "scripted":
        answers = "the scripted persona"
    return [TITLES.get(name, name), answers]
