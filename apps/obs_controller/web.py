"""The obs_controller's own routes: what is set up in OBS, and setting it up."""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from apps.obs_controller.studio import Studio
from libs.worker.problems import Problem


class MakeRequest(BaseModel):
    """Body of `POST /setup`: the ids of what is to be made; none: all that is missing."""

    model_config = ConfigDict(extra="forbid")

    items: list[str] | None = Field(default=None, max_length=20)


class SetupWeb:
    def __init__(self, studio: Studio, dock_url: str) -> None:
        self._studio = studio
        self._setup, self._link = studio.setup, studio.link
        self._dock_url = dock_url

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/setup", self._get, methods=["GET"]),
            Route("/setup", self._post, methods=["POST"]),
        ]

    async def _get(self, request: Request) -> Response:
        items = [asdict(item) for item in self._setup.items()] if self._link.ready else []
        return JSONResponse(
            {
                "link": self._studio.link_state.value,
                "detail": self._link.detail,
                "items": items,
                "dock_url": self._dock_url,
            }
        )

    async def _post(self, request: Request) -> Response:
        try:
            wanted = MakeRequest.model_validate_json(await request.body() or b"{}")
        except ValidationError:
            detail = 'Send {"items": ["brb_scene"]}, or {} for all that is missing.'
            raise Problem(422, "Not a set-up request", detail, "invalid") from None
        if not self._link.ready:
            raise Problem(503, "OBS is not connected", self._link.detail, "obs_not_ready")
        made = await self._setup.make(wanted.items)
        await self._studio.read_anew()
        return JSONResponse({"done": [asdict(one) for one in made]})
