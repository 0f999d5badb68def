"""The ears' own HTTP routes."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from libs.contracts.listening import MicrophoneReported


class ListeningWeb:
    """`GET /listening`: how listening is now, as the event tells it."""

    def __init__(self, report: Callable[[], MicrophoneReported]) -> None:
        self._report = report

    def routes(self) -> list[BaseRoute]:
        return [Route("/listening", self._get_listening)]

    async def _get_listening(self, request: Request) -> Response:
        return JSONResponse(self._report().model_dump(mode="json"))
