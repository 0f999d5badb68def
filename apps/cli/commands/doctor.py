"""`kitsu doctor`."""

import click

from apps.cli.check import Check
from apps.cli.checkup import all_checks
from apps.cli.printing import print_json, state_word


@click.command(epilog="\b\nExample:\n  kitsu doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def doctor_command(as_json: bool) -> None:
    """Check this machine. Each line: state, what was found, the one step that mends it.

    Exit code 1 when something keeps Kitsu from running; what is merely missing is a warning.
    """
    checks = all_checks()
    failed = any(check.state == "fail" for check in checks)
    if as_json:
        print_json({"ok": not failed, "checks": [check.as_json() for check in checks]})
    else:
        _print(checks)
    if failed:
        raise SystemExit(1)


def _print(checks: list[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        click.echo(f"{state_word(check.state, 4)}  {check.name:<{width}}  {check.found}")
        if check.mend:
            click.echo(f"{'':<{width + 8}}-> {check.mend}")
    count = sum(check.state != "ok" for check in checks)
    click.echo("All is well." if not count else f"{count} of {len(checks)} want attention.")
