"""`kitsu worker`."""

import importlib
import os

import click

from apps.cli.failures import Failed
from libs.contracts.modules import MODULES


@click.command(
    epilog="\b\nExample, on a second machine:\n"
    "  KITSU_REDIS_URL=redis://:password@studio:6379/0 kitsu worker tts_worker"
)
@click.argument("module", type=click.Choice([module.id for module in MODULES]))
@click.option("--slot", type=click.IntRange(0, 999), help="Number among equals on this machine.")
def worker_command(module: str, slot: int | None) -> None:
    """Run MODULE in the foreground until Ctrl+C. Needs a bus: KITSU_REDIS_URL or `kitsu up`."""
    if slot is not None:
        os.environ["KITSU_SLOT"] = str(slot)
    try:
        parts = importlib.import_module(f"apps.{module}.__main__")
    except ModuleNotFoundError as error:
        raise Failed(
            f"{module} cannot be loaded: the package '{error.name}' is missing.\n"
            "Install what is missing with: python3 scripts/kitsu.py doctor"
        ) from None
    from libs.worker.process import run

    run(parts.WORKER, parts.SETTINGS)
