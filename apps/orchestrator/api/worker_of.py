"""How a route reaches the orchestrator it belongs to."""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker


async def _worker(connection: HTTPConnection) -> "OrchestratorWorker":
    """A coroutine: FastAPI calls a plain function in a thread of its own, for every request."""
    return cast("OrchestratorWorker", connection.app.state.worker)


if TYPE_CHECKING:
    TheWorker = Annotated[OrchestratorWorker, Depends(_worker)]
else:
    TheWorker = Annotated[object, Depends(_worker)]
