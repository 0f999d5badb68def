"""Tools for tests: a box over the stand-in server as a real child process, or over HTTP."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from apps.policy_worker.tools.box import ToolBox
from apps.policy_worker.tools.server import ServerState
from apps.policy_worker.tools_file import ToolsSettings
from libs.safety import Gate

ALL = (
    "roll", "slow_clock", "fail", "huge", "inject", "tags", "page", "nothing", "environment", "die",
    "hang",
)  # fmt: skip
GATE = Gate.load()


def stand_in(*options: str, allow: tuple[str, ...] = ALL, **more: Any) -> dict[str, Any]:
    """The settings of a server that is this program, as they stand in the file."""
    module = "libs.testing.stand_ins.tool_server"
    arguments = ["-m", module, *options]
    roles = ["broadcaster", "moderator", "viewer"]
    given = {"command": sys.executable, "arguments": arguments, "allow": list(allow)}
    return {**given, "roles": roles, **more}


def tools_file(folder: Path, servers: dict[str, Any], **more: Any) -> Path:
    path = folder / "tools.yaml"
    path.write_text(yaml.safe_dump({**more, "servers": servers}), "utf-8")
    return path


def box_of(servers: dict[str, Any], *secrets: str, **more: Any) -> ToolBox:
    settings = ToolsSettings.model_validate({**more, "servers": servers})
    return ToolBox(settings, GATE, secrets)


@asynccontextmanager
async def opened(box: ToolBox, ready: bool = True) -> AsyncIterator[ToolBox]:
    """The box, when all of its servers have said what they offer."""
    box.start()
    try:
        if ready:
            for server in box.servers:
                await server.is_in(ServerState.READY)
        yield box
    finally:
        await box.stop()
