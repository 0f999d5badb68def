"""What an app measures of itself, in a process of its own: an app imports no other app."""

import asyncio
import sys
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from apps.cli.failures import OTHER_VERSION, Failed
from libs.settings import ROOT

Results = TypeVar("Results", bound=BaseModel)


async def results_of(what: str, module: str, shape: type[Results], *options: str) -> Results:
    """What `python -m module --json` prints. `what`: its name in errors. Raises `Failed` when it
    ends badly or prints another shape."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, "--json", *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode != 0:
        last = complained.decode(errors="replace").strip().splitlines()[-1:]
        raise Failed(f"{what} ended with code {process.returncode}: {' '.join(last)}")
    try:
        return shape.model_validate_json(said)
    except ValidationError:
        raise Failed(OTHER_VERSION) from None
