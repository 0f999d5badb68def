"""`kitsu test`."""

import importlib.util
import subprocess
import sys

import click

from apps.cli.failures import Failed
from libs.settings import ROOT


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
    epilog="\b\nExample:\n  kitsu test tests/cli -k panic",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test_command(arguments: tuple[str, ...]) -> None:
    """Run the tests of this checkout. ARGUMENTS go to pytest."""
    if not (ROOT / "tests").is_dir():
        raise Failed("The tests are in the source checkout; this is an installed package.")
    if importlib.util.find_spec("pytest") is None:
        raise Failed("pytest is missing. Install it with: python3 scripts/kitsu.py test")
    command = [sys.executable, "-m", "pytest", *arguments]
    try:
        ended = subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        ended = 1
    raise SystemExit({0: 0, 4: 2}.get(ended, 1))  # 4: pytest was used wrongly
