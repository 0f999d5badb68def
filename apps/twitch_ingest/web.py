"""The twitch_ingest's own routes: what is sent, and recorded chats."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from apps.twitch_ingest.engines.replay import ReplayError
from apps.twitch_ingest.replay_desk import AlreadyPlaying, ReplayDesk
from libs.worker.problems import Problem


class ReplayRequest(BaseModel):
    """Body of `POST /replay`. `file`: a path on this machine. `speed`: how many times as fast as it
    was written; 0: as fast as it can be."""

    model_config = ConfigDict(extra="forbid")

    file: str = Field(min_length=1, max_length=4_096)
    speed: float = Field(default=1.0, ge=0, le=1_000, allow_inf_nan=False)


class IngestWeb:
    def __init__(
        self,
        sender: Callable[[], dict[str, Any]],
        replays: ReplayDesk,
        may_play: Callable[[], bool],
    ) -> None:
        self._sender = sender
        self._replays = replays
        self._may_play = may_play

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sender", self._get_sender, methods=["GET"]),
            Route("/replay", self._get_replay, methods=["GET"]),
            Route("/replay", self._post_replay, methods=["POST"]),
            Route("/replay", self._delete_replay, methods=["DELETE"]),
        ]

    async def _get_sender(self, request: Request) -> Response:
        return JSONResponse({"sender": self._sender()})

    async def _get_replay(self, request: Request) -> Response:
        return JSONResponse(self._replays.document())

    async def _post_replay(self, request: Request) -> Response:
        try:
            wanted = ReplayRequest.model_validate_json(await request.body() or b"{}")
        except ValidationError:
            detail = 'Send {"file": "/path/of/a/log.jsonl", "speed": 1.0}; speed is 0 to 1000.'
            raise Problem(422, "Not a replay request", detail, "invalid") from None
        if not self._may_play():
            step = "Switch it on in the panel, then play the log again."
            raise Problem(409, "Chat is switched off", step, "off")
        try:
            self._replays.start(wanted.file, wanted.speed)
        except AlreadyPlaying:
            step = "Wait for its end, or stop it: kitsu replay --stop"
            raise Problem(409, "Another log is being played", step, "playing") from None
        except ReplayError as problem:
            detail = f"{problem}; the path must be one of this machine."
            raise Problem(422, "The log cannot be played", detail, "no_such_file") from None
        return JSONResponse(self._replays.document(), 202)

    async def _delete_replay(self, request: Request) -> Response:
        stopped = await self._replays.stop()
        return JSONResponse({**self._replays.document(), "stopped": stopped})
