"""The panel's files, and signing in with a one-time code."""

from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope as HttpScope

from apps.orchestrator.api.docs_page import docs_page
from apps.orchestrator.api.worker_of import TheWorker
from libs.contracts.modules import MODULES
from libs.worker.access import COOKIE_LIFETIME_SECONDS, Scope
from libs.worker.web_gate import content_security_policy

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).resolve().parents[1] / "panel" / "static"


class _FreshFiles(StaticFiles):
    """Their names carry no hash, so a browser must ask whether what it has is still the newest:
    files of two builds do not fit together."""

    async def get_response(self, path: str, scope: HttpScope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def panel_files() -> StaticFiles:
    return _FreshFiles(directory=STATIC, check_dir=False)


@router.get("/")
async def get_panel(request: Request, worker: TheWorker, code: str = "") -> Response:
    """The panel. With `?code=` (made by `kitsu up` and `kitsu panel`) it signs the browser in.

    A dock opens the same address at every start: one that is signed in may come with a used code.
    """
    if not code:
        policy = content_security_policy(*_panic_addresses(request, worker))
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}
        return FileResponse(STATIC / "index.html", headers=headers)
    access = worker.access
    signed_in = request.state.access is Scope.OPERATOR
    scope = access.redeem_code(code) or (Scope.OPERATOR if signed_in else None)
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


def _panic_addresses(request: Request, worker: TheWorker) -> list[str]:
    """Where the page may press panic itself when this process does not answer: the output modules,
    by the name of this host that the page was opened with."""
    name = request.headers["host"].rpartition(":")[0]
    outputs = [module.id for module in MODULES if module.output]
    return [f"http://{name}:{port}" for id_ in outputs for port in worker.roster.ports(id_)]


@router.post("/sign-in-link")
async def post_sign_in_link(request: Request, worker: TheWorker) -> dict[str, str]:
    """An address that signs one more browser in (an OBS dock has cookies of its own). It works
    once, for ten minutes."""
    code = worker.access.make_code()
    return {"url": f"http://{request.headers['host']}/?code={code}"}


@router.post("/panic-link")
async def post_panic_link(request: Request, worker: TheWorker) -> dict[str, str]:
    """An address that engages panic when it is opened. It can do nothing else."""
    key = worker.access.token(Scope.HOOK)
    return {"url": f"http://{request.headers['host']}/panic?key={key}"}


@router.get("/docs")
async def get_docs(request: Request) -> Response:
    """The API's description for people: one plain page, no scripts."""
    return HTMLResponse(docs_page(request.app.openapi()))
