"""A program that speaks as veadotube mini does, with an avatar of named states.

Form: veadotube's documentation, "the API", with "instance channel" and "nodes channel"
(veado.tube/docs/tech/api), and for version 2.0 "connecting to the websocket server"
(veado.tube/help/docs/websocket). Options stand where these leave something open. To be tried
against the real program wherever that can be had.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

STATES_NODE = {"type": "stateEvents", "id": "mini", "name": "avatar state"}
MICROPHONE_NODE = {"type": "boolean", "id": "mini", "name": "push-to-talk"}

#: Launch time and process of the instance's id: sixteen and eight hexadecimal digits.
INSTANCE_ID = "mini-08dd3cd72f015bb9-000681a2"


class VeadotubeStandIn:
    """`async with VeadotubeStandIn(["#1", "happy"], folder) as app:` listens on loopback.

    As the real one it writes its instance file, and takes it away when it ends. `states` may be
    changed at any time (another avatar was loaded), `show` is the user's own click. Misbehaviour:
    `silent` answers nothing, `garbage` answers every message with these frames.
    """

    def __init__(
        self,
        states: Sequence[str],
        folder: Path | None = None,
        *,
        port: int = 0,
        version: str = "2.1",
        zeros: bool = True,
        tells_on_listen: bool = True,
    ) -> None:
        """`zeros`: messages end in zeros, as some clients say. `tells_on_listen`: whether those
        who listen are told the present state at once."""
        self.names = list(states)
        self.folder = folder
        self.port = port
        self.version = version
        self.zeros = zeros
        self.tells_on_listen = tells_on_listen
        self.showing = self.ids[0] if self.names else ""
        self.shown: list[str] = []
        """Ids of the states that clients set, in their order."""
        self.heard: list[dict[str, Any]] = []
        self.clients: list[str] = []
        """Names of all who ever connected."""
        self.refused = 0
        """How many were turned away because they did not say their name."""
        self.silent = False
        self.garbage: list[str | bytes] = []
        self.has_states_node = True
        self._server: Server | None = None
        self._listening: dict[ServerConnection, str] = {}
        self._keeping: asyncio.Task[None] | None = None

    @property
    def ids(self) -> list[str]:
        """From 2.1 on the names themselves; before, short ids, and names may be double."""
        if self.version.startswith("2.0"):
            return [f"{number:02X}" for number in range(1, len(self.names) + 1)]
        return self.names

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._meet,
            "127.0.0.1",
            self.port,
            process_request=self._admit,
            compression=None,
            close_timeout=0.5,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        if self.folder is not None:
            self._write_file()
            self._keeping = asyncio.create_task(self._keep_file())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        if self._keeping is not None and self.folder is not None:
            self._keeping.cancel()
            (self.folder / INSTANCE_ID).unlink(missing_ok=True)
        self.drop()
        self._server.close()
        await self._server.wait_closed()

    def drop(self) -> None:
        """All connections break at once, as when the program is killed."""
        assert self._server is not None
        for connection in self._server.connections:
            connection.transport.abort()

    async def show(self, name: str) -> None:
        """The user clicks a state."""
        self.showing = self.ids[self.names.index(name)]
        await self._tell_listeners()

    async def load(self, names: Sequence[str]) -> None:
        """The user loads another avatar."""
        self.names = list(names)
        self.showing = self.ids[0] if self.names else ""
        await self._tell_listeners()

    def name_of(self, state_id: str) -> str:
        return self.names[self.ids.index(state_id)]

    # One client -------------------------------------------------------------------------------

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Clients without a name are rejected."""
        names = parse_qs(urlsplit(request.path).query).get("n", [""])
        if names[0]:
            self.clients.append(names[0])
            return None
        self.refused += 1
        return Response(HTTPStatus.BAD_REQUEST, "Bad Request", Headers(), b"")

    async def _meet(self, connection: ServerConnection) -> None:
        try:
            if not self.version.startswith("2.0") and not self.silent and not self.garbage:
                await self._say(connection, "instance", {"event": "info", **self._info()})
            async for raw in connection:
                await self._answer(connection, raw)
        except ConnectionClosed:
            pass
        finally:
            self._listening.pop(connection, None)

    async def _answer(self, connection: ServerConnection, raw: str | bytes) -> None:
        if self.garbage:
            for frame in self.garbage:
                await connection.send(frame)
            return
        text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
        channel, _, body = text.replace("\0", "").partition(":")
        try:
            document = json.loads(body)
        except ValueError:
            return
        if self.silent or channel.strip() != "nodes" or not isinstance(document, dict):
            return
        self.heard.append(document)
        if document.get("event") == "list":
            entries = [MICROPHONE_NODE, *([STATES_NODE] if self.has_states_node else [])]
            await self._say(connection, "nodes", {"event": "list", "entries": entries})
        elif document.get("event") == "payload" and document.get("type") == STATES_NODE["type"]:
            await self._answer_states(connection, document.get("payload") or {})

    async def _answer_states(self, connection: ServerConnection, payload: dict[str, Any]) -> None:
        match payload.get("event"):
            case "list":
                states = [
                    {"id": state_id, "name": name, "thumbHash": f"{number:08x}"}
                    for number, (state_id, name) in enumerate(
                        zip(self.ids, self.names, strict=True)
                    )
                ]
                await self._say_payload(connection, {"event": "list", "states": states})
            case "peek":
                await self._say_payload(connection, {"event": "peek", "state": self.showing})
            case "listen":
                self._listening[connection] = str(payload.get("token", ""))
                if self.tells_on_listen:
                    await self._say_payload(connection, {"event": "peek", "state": self.showing})
            case "unlisten":
                self._listening.pop(connection, None)
            case "set" if payload.get("state") in self.ids:
                self.showing = str(payload["state"])
                self.shown.append(self.showing)
                await self._tell_listeners()

    async def _tell_listeners(self) -> None:
        for connection in list(self._listening):
            with contextlib.suppress(ConnectionClosed):
                await self._say_payload(connection, {"event": "peek", "state": self.showing})

    async def _say_payload(self, connection: ServerConnection, payload: dict[str, Any]) -> None:
        await self._say(
            connection, "nodes", {"event": "payload", **STATES_NODE, "payload": payload}
        )

    async def _say(
        self, connection: ServerConnection, channel: str, document: dict[str, Any]
    ) -> None:
        await connection.send(f"{channel}:{json.dumps(document)}" + "\0" * (3 * self.zeros))

    # The instance file ------------------------------------------------------------------------

    def _info(self) -> dict[str, Any]:
        return {
            "name": "veadotube mini",
            "id": INSTANCE_ID,
            "version": self.version,
            "language": "en",
            "server": f"127.0.0.1:{self.port}",
        }

    def _write_file(self) -> None:
        assert self.folder is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        document = {"time": int(time.time()), **self._info()}
        (self.folder / INSTANCE_ID).write_text(json.dumps(document), "utf-8")

    async def _keep_file(self) -> None:
        while True:
            await asyncio.sleep(2)
            self._write_file()
