"""The panel's files, and signing in with a one-time code."""

from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from apps.orchestrator.api.docs_page import docs_page
from apps.orchestrator.api.worker_of import TheWorker
from libs.worker.access import COOKIE_LIFETIME_SECONDS, Access

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).resolve().parents[1] / "panel" / "static"


def panel_files() -> StaticFiles:
    return StaticFiles(directory=STATIC, check_dir=False)


@router.get("/")
async def get_panel(worker: TheWorker, code: str = "") -> Response:
    """The panel. With `?code=` (made by `kitsu up` and `kitsu panel`) it signs the browser in."""
    if not code:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})
    access = Access(worker.settings.kitsu_data_dir)
    scope = access.redeem_code(code)
    if scope is None:
        text = "This link was used or is too old: run <code>kitsu panel</code> for a new one."
        return HTMLResponse(f"<!doctype html><title>Kitsu</title><p>{text}", 401)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        f"kitsu_{worker.settings.orch_port}",
        access.make_cookie(scope),
        max_age=COOKIE_LIFETIME_SECONDS,
        httponly=True,
        samesite="strict",
    )
    return answer


@router.get("/docs")
async def get_docs(request: Request) -> Response:
    """The API's description for people: one plain page, no scripts."""
    return HTMLResponse(docs_page(request.app.openapi()))
