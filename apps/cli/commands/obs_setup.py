"""`kitsu obs setup`: the way into OBS, and what Kitsu needs there."""

import click

from apps.cli.addresses import panel_link
from apps.cli.failures import Failed
from apps.cli.obs_desk import Item, Made, ObsDesk, Plan
from apps.cli.printing import print_json, print_rows
from apps.cli.settings import cli_settings
from libs.telemetry.redaction import visible


@click.command(
    "setup", epilog="\b\nExamples:\n  kitsu obs setup\n  kitsu obs setup --yes    asks nothing"
)
@click.option("--yes", is_flag=True, help="Do all of it without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document. Only looks, unless --yes")
def setup(yes: bool, as_json: bool) -> None:
    """Make in OBS what Kitsu needs. What is there already is never changed.

    Kitsu and OBS must be running. Where OBS asks for a password that Kitsu does not have, it is
    looked up in OBS's own settings on this machine and, if you agree, written to .env.
    """
    settings = cli_settings()
    desk, say = ObsDesk(settings), _say_nothing if as_json else _say
    plan, written = desk.plan(), list[str]()
    if not plan.ready and (yes or not as_json):
        written, plan = desk.connect(plan.link, lambda text: yes or _confirmed(text), say)
    if not as_json:
        _show(plan)
    wanted = plan.missing if yes else [] if as_json else [i for i in plan.missing if _wished(i)]
    made = desk.make(wanted) if wanted else []
    dock_url = panel_link(settings)
    if as_json:
        print_json(
            {
                **plan.model_dump(),
                "written": written,
                "done": [one.model_dump() for one in made],
                "dock_url": dock_url,
            }
        )
    else:
        _tell(wanted, made, dock_url)
    if not plan.ready or not all(one.ok for one in made):
        raise SystemExit(1)


def _show(plan: Plan) -> None:
    _say(plan.detail)
    print_rows([[item.state, item.what, item.detail] for item in plan.items], state_column=0)
    if not plan.missing:
        click.echo("Nothing is missing.")


def _tell(wanted: list[Item], made: list[Made], dock_url: str) -> None:
    if made:
        click.echo()
    what = {item.id: item.what for item in wanted}
    rows = [["ok" if one.ok else "fail", what.get(one.id, one.id), one.message] for one in made]
    print_rows(rows, state_column=0)
    click.echo()
    click.echo("The panel as a dock, which no program can add to OBS for you:")
    click.echo("  OBS: Docks > Custom Browser Docks..., a name, and this address:")
    click.echo(f"  {dock_url}")
    click.echo("  (It signs in once, within ten minutes; a fresh one: kitsu panel)")


def _wished(item: Item) -> bool:
    return _confirmed(f"Make {visible(item.what)}?")


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, default=True)
    except click.Abort:
        raise Failed(
            "\nNothing more was done. To be asked nothing: kitsu obs setup --yes"
        ) from None


def _say(text: str) -> None:
    click.echo(visible(text))


def _say_nothing(text: str) -> None:
    """Beside a JSON document nothing is printed."""
