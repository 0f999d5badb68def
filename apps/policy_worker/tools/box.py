"""All tools of this worker."""

import asyncio
import importlib.util
from collections.abc import Iterable, Mapping
from typing import Any

from apps.policy_worker.engines.base import Tool
from apps.policy_worker.tools.catalogue import OfferedTool
from apps.policy_worker.tools.errors import ToolError, ToolNotAllowed
from apps.policy_worker.tools.results import usable_text
from apps.policy_worker.tools.server import ServerState, ToolServer
from apps.policy_worker.tools.transport import VariableMissing, values_of
from apps.policy_worker.tools_file import ToolsSettings
from libs.contracts.people import Role
from libs.safety import Gate
from libs.telemetry.redaction import Redactor

MENDED_BY = 'python -m pip install "kitsu-vtuber[tools]"'
#: More names do not fit into a line of status.
SHOWN_NAMES = 8


def package_is_there() -> bool:
    return importlib.util.find_spec("mcp") is not None


class ToolBox:
    """Promises: only allowed tools of servers that are there are offered, to those whose roles may
    use them; nothing else is ever called; what comes back is bounded, without secrets, and passed
    the gate."""

    def __init__(self, settings: ToolsSettings, gate: Gate, secrets: Iterable[str] = ()) -> None:
        self.settings = settings
        self.complaint = ""
        names = settings.model_names()
        self.servers = tuple(
            ToolServer(name, given, {tool: names[name, tool] for tool in given.allow}, gate)
            for name, given in settings.servers.items()
        )
        self._redact = Redactor([*secrets, *self._values()])

    def _values(self) -> list[str]:
        """What servers are given must not come back in what their tools say."""
        found: list[str] = []
        for given in self.settings.servers.values():
            try:
                found += values_of(given).values()
            except VariableMissing:
                continue
        return found

    # Life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Servers start in the background: no turn waits for them."""
        if not self.servers:
            return
        if not package_is_there():
            step = f"run `{MENDED_BY}` with the Python in .venv"
            self.complaint = f"tools need a package that is not there: {step}"
            return
        for server in self.servers:
            server.start()

    async def stop(self) -> None:
        await asyncio.gather(*(server.stop() for server in self.servers))

    @property
    def complaints(self) -> list[str]:
        found = [self.complaint, *(server.complaint for server in self.servers)]
        return [complaint for complaint in found if complaint]

    @property
    def summary(self) -> str:
        """The tools that are there, for people; empty where there are none."""
        names = [name for server in self.servers for name in server.offered]
        if not names:
            return ""
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        return f"tools: {', '.join(names[:SHOWN_NAMES])}{more}"

    # Use --------------------------------------------------------------------------------------

    def offered_to(self, role: Role) -> tuple[Tool, ...]:
        return tuple(
            tool.tool
            for server in self.servers
            if role in server.settings.roles
            for tool in server.offered.values()
        )

    async def call(
        self, name: str, arguments: Mapping[str, Any], role: Role, gate: Gate, seconds: float
    ) -> str:
        """The words of what a tool gave back; waits for at most `seconds`. Raises `ToolError`."""
        server, tool = self._find(name, role)
        patience = min(seconds, server.settings.timeout_seconds)
        server.calls += 1
        try:
            result = await server.call(tool, arguments, patience)
            return usable_text(result, gate, self._redact)
        except ToolError as error:
            server.failed(error)
            raise

    def _find(self, name: str, role: Role) -> tuple[ToolServer, OfferedTool]:
        for server in self.servers:
            tool = server.offered.get(name)
            if tool is not None and role in server.settings.roles:
                return server, tool
        raise ToolNotAllowed("no such tool for this role")

    def is_ready(self) -> bool:
        """Whether every server has said what it offers."""
        return all(server.state is ServerState.READY for server in self.servers)
