"""The orchestrator's HTTP application."""

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from apps.orchestrator.api import (
    avatar,
    control,
    floor,
    memory,
    microphone,
    models,
    obs,
    pages,
    polls,
    safety,
    stream,
    telemetry,
    twitch,
)
from libs.worker.problems import Problem
from libs.worker.runtime import kitsu_version

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker


def build_application(worker: "OrchestratorWorker") -> FastAPI:
    """All routes of DESIGN §5 but `/live`, `/ready`, `/metrics`, which every worker has."""
    application = FastAPI(
        title="Kitsu",
        version=kitsu_version(),
        summary="Control, status and telemetry of one show.",
        docs_url=None,
        redoc_url=None,
    )
    application.state.worker = worker
    rooms = (
        control,
        microphone,
        obs,
        avatar,
        telemetry,
        memory,
        models,
        polls,
        floor,
        safety,
        twitch,
        stream,
        pages,
    )
    for room in rooms:
        application.include_router(room.router)
    application.add_exception_handler(RequestValidationError, _invalid)
    application.add_exception_handler(HTTPException, _http_error)
    application.mount("/panel", pages.panel_files())
    return application


async def _invalid(request: Request, error: Exception) -> Response:
    """Which field, and what is allowed; never the value, which may be anything."""
    assert isinstance(error, RequestValidationError)
    lines = [
        f"{'.'.join(str(part) for part in item['loc'][1:]) or 'body'}: {item['msg']}"
        for item in error.errors()
    ]
    return Problem(422, "The request does not fit", "; ".join(lines)[:500], "invalid").response()


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, str(error.detail)).response()
