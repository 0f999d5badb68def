"""One MCP server: kept there, asked for what it offers, and called."""

import asyncio
import logging
import time
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from apps.policy_worker.tools.catalogue import Catalogue, OfferedTool, catalogue_of
from apps.policy_worker.tools.errors import ToolError, ToolFailed, ToolGone, ToolTimedOut
from apps.policy_worker.tools.transport import VariableMissing, connected
from apps.policy_worker.tools_file import ServerSettings
from libs.safety import Gate
from libs.settings.model_servers import shown

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult
    from mcp.types import Tool as ListedTool

_LOG = logging.getLogger("kitsu.policy_worker.tools")

#: Until a server has said what it offers; programs may have to be fetched at their first start.
START_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
#: Who was well for so long is started again without a long pause.
WELL_SECONDS = 60.0
#: A server whose tool took too long must answer a plain question within this, or it hangs (or has
#: more to say than anybody wants to hear) and is started anew.
LIVENESS_SECONDS = 10.0
#: A program that does not leave by itself is ended by the client package within this.
STOP_SECONDS = 5.5
MAXIMUM_PAGES = 20
MAXIMUM_LISTED = 500


class ServerState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    AWAY = "away"
    """It failed; it is tried again."""
    STOPPED = "stopped"


class ToolServer:
    """Promises: its program runs from `start` to `stop` and is started again when it goes, after
    pauses that grow to a minute; what it says of its tools is read once for each start; `call`
    raises nothing but `ToolError`s."""

    def __init__(
        self, name: str, settings: ServerSettings, names: Mapping[str, str], gate: Gate
    ) -> None:
        """`names`: the allowed tools, and what models call them."""
        self.name = name
        self.settings = settings
        self.state = ServerState.STARTING
        self.catalogue = Catalogue()
        self.last_error = ""
        self.complaint = ""
        self.starts = 0
        self.calls = 0
        self.failures = 0
        self._names = names
        self._gate = gate
        self._client: Client | None = None
        self._gone = asyncio.Event()
        self._doubt: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    # Life -------------------------------------------------------------------------------------

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"tool server {self.name}")

    async def stop(self) -> None:
        """The program is gone when this returns."""
        self._stopping.set()
        self._gone.set()
        task = self._task
        if task is None:
            return
        if self.state is not ServerState.READY:
            task.cancel()
        await asyncio.wait({task}, timeout=STOP_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.state = ServerState.STOPPED

    async def is_in(self, *states: ServerState) -> None:
        """Waits until it is in one of these states."""
        while self.state not in states:
            self._changed.clear()
            await self._changed.wait()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                await self._serve()
            except Exception as error:  # noqa: BLE001 - another program is supervised here
                self._note(error)
            if self._stopping.is_set():
                return
            self._enter(ServerState.AWAY)
            if time.monotonic() - begun > WELL_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _serve(self) -> None:
        """From start to end of one connection."""
        self._enter(ServerState.STARTING)
        self.starts += 1
        self._gone = gone = asyncio.Event()
        try:
            async with asyncio.timeout(START_SECONDS) as limit:
                async with connected(self.name, self.settings, gone) as client:
                    listed = await _listed(client)
                    self.catalogue = catalogue_of(listed, self._names, self._gate)
                    limit.reschedule(None)
                    self._client, self.complaint = client, self._about_catalogue()
                    self._enter(ServerState.READY)
                    if not self._stopping.is_set():
                        await gone.wait()
        finally:
            self._client = None
            if self._doubt is not None:
                self._doubt.cancel()
                await asyncio.gather(self._doubt, return_exceptions=True)
                self._doubt = None
        if not self._stopping.is_set():
            raise ToolGone("the connection ended")

    def _enter(self, state: ServerState) -> None:
        if state is not self.state:
            _LOG.info("%s is %s", self.name, state, extra={"server": self.name})
        self.state = state
        self._changed.set()

    def _note(self, error: BaseException) -> None:
        """Keeps a code and a sentence; the text of a foreign error goes nowhere."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        at = f" at {shown(self.settings.url)}" if self.settings.url else ""
        who = f"tool server {self.name}"
        match error:
            case VariableMissing():
                self.last_error = "tool_variable_missing"
                self.complaint = f"{who} needs {error}: set it before Kitsu starts"
            case FileNotFoundError() | PermissionError() | NotADirectoryError():
                self.last_error = "tool_command_missing"
                self.complaint = f"{who}: its command is not there: correct configs/tools.yaml"
            case TimeoutError():
                self.last_error = "tool_no_answer"
                self.complaint = f"{who}{at} does not answer: see the log of the brain"
            case ToolGone():
                self.last_error = error.code
                self.complaint = f"{who}{at} has gone and is tried again"
            case _:
                self.last_error = "tool_no_connection"
                self.complaint = f"{who}{at} cannot be reached: check it and configs/tools.yaml"
        kind = type(error).__name__
        _LOG.warning("%s: %s", self.name, kind, extra={"code": self.last_error})

    def _about_catalogue(self) -> str:
        wrong = [*self.catalogue.refused, *self.catalogue.missing]
        if not wrong:
            return ""
        names = ", ".join(wrong[:5])
        return f"tool server {self.name} has no usable {names}: see GET /tools"

    # Calls ------------------------------------------------------------------------------------

    @property
    def offered(self) -> Mapping[str, OfferedTool]:
        """What can be called now, by the name that models use."""
        return self.catalogue.offered if self._client is not None else {}

    async def call(
        self, tool: OfferedTool, arguments: Mapping[str, Any], seconds: float
    ) -> "CallToolResult":
        """What the tool gave back. Raises `ToolError`; a call that is cancelled is called off at
        the server too."""
        from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult

        client, gone = self._client, self._gone
        if client is None or gone.is_set():
            raise ToolGone("not connected")
        params = CallToolRequestParams(name=tool.original, arguments=tool.check(arguments))
        request = CallToolRequest(params=params)
        try:
            async with asyncio.timeout(seconds):
                result = await client.session.send_request(request, CallToolResult)
        except TimeoutError:
            if self._doubt is None or self._doubt.done():
                self._doubt = asyncio.create_task(_end_unless_alive(client, gone))
            raise ToolTimedOut(f"{seconds:.1f} s") from None
        except Exception as error:  # noqa: BLE001 - another program's answer is supervised here
            if self.settings.url:
                gone.set()  # over HTTP only a failed call tells that a server is another one now
            if gone.is_set():
                raise ToolGone(type(error).__name__) from None
            raise ToolFailed(type(error).__name__) from None
        return result

    def failed(self, error: ToolError) -> None:
        self.failures += 1
        self.last_error = error.code


async def _end_unless_alive(client: "Client", gone: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LIVENESS_SECONDS):
            await client.list_tools()
    except Exception:  # noqa: BLE001 - another program is supervised here
        gone.set()


async def _listed(client: "Client") -> list["ListedTool"]:
    found, cursor = list["ListedTool"](), None
    for _ in range(MAXIMUM_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if not cursor or len(found) > MAXIMUM_LISTED:
            break
    return found[:MAXIMUM_LISTED]
