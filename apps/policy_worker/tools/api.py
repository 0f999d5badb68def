"""`GET /tools`: which servers there are, how they are, and what of them may be used."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from apps.policy_worker.tools.box import ToolBox, package_is_there
from apps.policy_worker.tools.server import ToolServer
from libs.safety import clean_chat


class ToolApi:
    """Only the operator gets here. Neither commands nor variables are told."""

    def __init__(self, box: ToolBox) -> None:
        self._box = box

    def routes(self) -> list[BaseRoute]:
        return [Route("/tools", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        settings = self._box.settings
        return JSONResponse(
            {
                "package": package_is_there(),
                "complaints": self._box.complaints,
                "maximum_calls": settings.maximum_calls,
                "hold_on_seconds": settings.hold_on_seconds,
                "servers": [_told(server) for server in self._box.servers],
            }
        )


def _told(server: ToolServer) -> dict[str, Any]:
    catalogue, settings = server.catalogue, server.settings
    return {
        "name": server.name,
        "transport": "http" if settings.url else "stdio",
        "state": server.state,
        "roles": [role.value for role in settings.roles],
        "timeout_seconds": settings.timeout_seconds,
        "tools": [
            {"name": name, "tool": tool.original, "description": tool.tool.description}
            for name, tool in catalogue.offered.items()
        ],
        "refused": [
            {"tool": clean_chat(name, 128), "reason": reason}
            for name, reason in catalogue.refused.items()
        ],
        "missing": list(catalogue.missing),
        "not_allowed": catalogue.others,
        "starts": server.starts,
        "calls": server.calls,
        "failures": server.failures,
        "last_error": server.last_error,
    }
