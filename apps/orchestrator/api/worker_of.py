"""How a route reaches the orchestrator it belongs to."""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker


def _worker(connection: HTTPConnection) -> "OrchestratorWorker":
    return cast("OrchestratorWorker", connection.app.state.worker)


if TYPE_CHECKING:
    TheWorker = Annotated[OrchestratorWorker, Depends(_worker)]
else:
    TheWorker = Annotated[object, Depends(_worker)]
