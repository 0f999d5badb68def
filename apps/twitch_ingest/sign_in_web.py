"""The routes about the link to Twitch: how it is, signing in, signing out."""

import html
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from apps.twitch_ingest.engines.twitch.link_report import link_document
from apps.twitch_ingest.engines.twitch.platform import TwitchPlatform
from apps.twitch_ingest.engines.twitch.sign_in import MAKE_CLIENT, SignInImpossible
from apps.twitch_ingest.engines.twitch.sign_in_view import SignInState
from libs.worker.access import Scope
from libs.worker.problems import Problem

#: The address that Twitch's page sends the browser back to, below the worker's own.
CALLBACK = "/sign-in/callback"

NOT_SET_UP = f"{MAKE_CLIENT}, and kitsu twitch login"

Who = Literal["streamer", "bot"]


class SignInRequest(BaseModel):
    """Body of `POST /sign-in`."""

    model_config = ConfigDict(extra="forbid")

    account: Who = "streamer"


class SignInWeb:
    """`platform` None: nobody can sign in here; `reason` then says why, and `link` how chat is
    heard all the same, if it is. `more`: what else the document of `GET /link` says."""

    def __init__(
        self,
        platform: TwitchPlatform | None,
        reason: str = NOT_SET_UP,
        link: Callable[[], dict[str, Any]] | None = None,
        more: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self._platform = platform
        self._reason = reason
        self._state = platform.link_state if platform is not None else link or self._nothing
        self._more = more

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/link", self._link, methods=["GET"]),
            Route("/sign-in", self._begin, methods=["POST"]),
            Route("/sign-in", self._cancel, methods=["DELETE"]),
            Route(CALLBACK, self._came_back, methods=["GET"]),
            Route("/accounts/{role}", self._sign_out, methods=["DELETE"]),
        ]

    def access_rules(self) -> Mapping[str, Scope]:
        """Twitch's page sends the browser back without our cookie: the state that only the two of
        us know stands for it."""
        return {CALLBACK: Scope.PUBLIC}

    async def _link(self, request: Request) -> Response:
        return JSONResponse({**self._state(), **self._more()})

    async def _begin(self, request: Request) -> Response:
        try:
            wanted = SignInRequest.model_validate_json(await request.body() or b"{}")
        except ValidationError:
            detail = 'Send {"account": "streamer"} or {"account": "bot"}.'
            raise Problem(422, "Not a sign-in request", detail, "invalid") from None
        try:
            view = await self._need().sign_in.begin(wanted.account)
        except SignInImpossible as problem:
            raise Problem(409, "Nobody can sign in yet", str(problem), "impossible") from None
        return JSONResponse(view.told(), 201)

    async def _cancel(self, request: Request) -> Response:
        await self._need().sign_in.cancel()
        return JSONResponse({"sign_in": None})

    async def _came_back(self, request: Request) -> Response:
        view = await self._need().sign_in.came_back(request.query_params)
        if view is None:
            said = "This page is not from a sign-in that was begun here. Nothing was changed."
            return _page(said, 400)
        done = view.state is SignInState.DONE
        said = f"Signed in as {view.message}." if done else view.message
        return _page(f"{said} You can close this page.")

    async def _sign_out(self, request: Request) -> Response:
        role = request.path_params["role"]
        if role not in ("streamer", "bot"):
            raise Problem(404, "No such account", "There are: streamer, bot.", "unknown")
        done = await self._need().sign_out("streamer" if role == "streamer" else "bot")
        if not done:
            raise Problem(404, "Not signed in", f"No {role} is signed in to Twitch.", "signed_out")
        return JSONResponse({"signed_out": role})

    def _need(self) -> TwitchPlatform:
        if self._platform is None:
            raise Problem(409, "Nobody can sign in yet", self._reason, "impossible")
        return self._platform

    def _nothing(self) -> dict[str, Any]:
        return link_document(state="not_configured", detail=self._reason)


def _page(text: str, status: int = 200) -> Response:
    body = f"<!doctype html><meta charset=utf-8><title>Kitsu</title><p>{html.escape(text)}</p>"
    headers = {"Cache-Control": "no-store"}
    return HTMLResponse(body, status, headers)
