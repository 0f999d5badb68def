"""An orchestrator that plays a script: it speaks the panel's protocol and keeps what it is told."""

import asyncio
import base64
import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.orchestrator.panel import obs_commands, protocol
from apps.orchestrator.panel.avatar_commands import AvatarMoodCommand
from apps.orchestrator.panel.avatar_messages import AvatarsState, AvatarState
from apps.orchestrator.panel.microphone_messages import HoldToTalkCommand, SetMicrophoneCommand
from apps.orchestrator.studio_orders import StudioOrder
from libs.worker.web_gate import content_security_policy
from tests.panel.script import PICTURE, opening_status
from tests.panel.scripted_floor import ScriptedFloor
from tests.panel.scripted_memory import ScriptedMemory
from tests.panel.scripted_mind import ScriptedMind
from tests.panel.scripted_safety import ScriptedSafety
from tests.panel.scripted_twitch import ScriptedTwitch
from tests.panel.thread_server import ThreadServer

STATIC = Path(protocol.__file__).parent / "static"
#: How often a status comes when nothing changes.
BEAT_SECONDS = 2.0
COMMANDS: TypeAdapter[protocol.PanelCommand] = TypeAdapter(protocol.PanelCommand)


def names_of(avatar: dict[str, Any]) -> str:
    return hashlib.blake2s(json.dumps(avatar).encode(), digest_size=8).hexdigest()


def told(message: dict[str, Any]) -> dict[str, Any]:
    """As a panel is told: of avatars in a status only how they are."""
    if "avatar" not in message:
        return message
    avatar = message["avatar"]
    state = {name: avatar[name] for name in AvatarsState.model_fields if name in avatar}
    state["avatars"] = [
        {name: one[name] for name in AvatarState.model_fields if name in one}
        for one in avatar.get("avatars", ())
    ]
    return {**message, "avatar": {**state, "names": names_of(avatar)}}


class ContentPolicy:
    """Adds the content security policy that the panel is served under."""

    def __init__(self, app: ASGIApp, orchestrator: "ScriptedOrchestrator") -> None:
        self.app = app
        self.orchestrator = orchestrator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                ports = [
                    port
                    for module in self.orchestrator.status["modules"].values()
                    for port in module.get("ports", [])
                ]
                addresses = [f"http://127.0.0.1:{port}" for port in ports]
                policy = content_security_policy(*addresses)
                header = (b"content-security-policy", policy.encode())
                message["headers"] = [*message["headers"], header]
            await send(message)

        await self.app(scope, receive, with_policy)


class ScriptedOrchestrator:
    """Runs in its own thread; a test changes it from outside by the public attributes and calls."""

    def __init__(self) -> None:
        self.status = opening_status()
        self.memory = ScriptedMemory()
        self.mind = ScriptedMind()
        self.safety = ScriptedSafety()
        self.twitch = ScriptedTwitch()
        self.floor = ScriptedFloor()
        self.history: list[dict[str, Any]] = []
        """What a panel gets after the status when it connects."""
        self.commands: list[dict[str, Any]] = []
        self.posts: list[str] = []
        self.refuse_socket = False
        self.refuse_posts = False
        self.signed_in = True
        self.silent = False
        """Takes commands and says nothing more."""
        self.refusal: dict[str, str] | None = None
        """Answers every command with this error."""
        self.picture_problem = ""
        """Why there is no programme picture."""
        self.pictures = 0
        """How many were asked for."""
        self.hangs = False
        """Takes requests and never answers them."""
        self.avatar_looks = 0
        """How often it was asked what the avatars have."""
        self._sockets: set[WebSocket] = set()
        self._server = ThreadServer()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def port(self) -> int:
        return self._server.port

    def start(self) -> None:
        self._server.start(self._app())

    def stop(self) -> None:
        self._server.stop()
        self._sockets.clear()

    def push(self, *messages: dict[str, Any]) -> None:
        """Sends these messages to every open panel, in one frame."""
        self._server.run(self._send_all(list(messages)))

    def drop_sockets(self) -> None:
        self._server.run(self._close_all())

    def heard(self, command: str) -> list[dict[str, Any]]:
        return [entry for entry in self.commands if entry["command"] == command]

    async def _send_all(self, messages: list[dict[str, Any]]) -> None:
        messages = [told(message) for message in messages]
        for socket in list(self._sockets):
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.send_json(messages)

    async def _close_all(self) -> None:
        for socket in list(self._sockets):
            await socket.close(1012)

    def _app(self) -> ASGIApp:
        routes = [
            Route("/", self._index),
            Route("/status", self._status),
            Route("/panic", self._panic, methods=["POST"]),
            Route("/panic/release", self._release, methods=["POST"]),
            Route("/panic-link", self._panic_link, methods=["POST"]),
            Route("/sign-in-link", self._panic_link, methods=["POST"]),
            Route("/obs/screenshot", self._screenshot),
            Route("/avatar", self._avatar),
            *self.memory.routes(),
            *self.mind.routes(),
            *self.safety.routes(),
            *self.twitch.routes(),
            *self.floor.routes(),
            WebSocketRoute("/stream", self._stream),
            Mount("/panel", StaticFiles(directory=STATIC)),
        ]
        return ContentPolicy(Starlette(routes=routes), self)

    async def _index(self, _request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def _status(self, _request: Request) -> Response:
        if not self.signed_in:
            return JSONResponse({"title": "Not signed in", "status": 401}, status_code=401)
        return JSONResponse(told(self.status))

    async def _avatar(self, _request: Request) -> Response:
        self.avatar_looks += 1
        if self.refuse_posts:
            return JSONResponse({"title": "Broken", "status": 500}, status_code=500)
        avatar = self.status["avatar"]
        return JSONResponse({**avatar, "names": names_of(avatar)})

    async def _panic_link(self, _request: Request) -> Response:
        if self.refuse_posts:
            return JSONResponse({"title": "Broken", "status": 500}, status_code=500)
        return JSONResponse({"url": "http://127.0.0.1:8000/panic?key=hook-key"})

    async def _screenshot(self, _request: Request) -> Response:
        self.pictures += 1
        if self.picture_problem:
            body = {"title": "OBS is not ready", "detail": self.picture_problem, "status": 503}
            return JSONResponse(body, status_code=503)
        return Response(base64.b64decode(PICTURE), media_type="image/png")

    async def _panic(self, request: Request) -> Response:
        return await self._take_post(request, engaged=True)

    async def _release(self, request: Request) -> Response:
        return await self._take_post(request, engaged=False)

    async def _take_post(self, request: Request, *, engaged: bool) -> Response:
        self.posts.append(request.url.path)
        while self.hangs:  # noqa: ASYNC110 - a plain attribute that a test changes from outside
            await asyncio.sleep(0.05)
        if self.refuse_posts:
            return JSONResponse({"title": "Broken", "status": 500}, status_code=500)
        self.status["panic"]["engaged"] = engaged
        return JSONResponse({"engaged": engaged, "modules": {}, "took_ms": 1.0})

    async def _stream(self, socket: WebSocket) -> None:
        if self.refuse_socket or not self.signed_in:
            await socket.close(4401)
            return
        await socket.accept()
        self._sockets.add(socket)
        await socket.send_json([told(self.status), *self.history])
        beat = asyncio.create_task(self._beat(socket))
        try:
            while True:
                await self._take(socket, await socket.receive_json())
        except WebSocketDisconnect:
            pass
        finally:
            beat.cancel()
            self._sockets.discard(socket)

    async def _beat(self, socket: WebSocket) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if not self.silent:
                await socket.send_json([told(self.status)])

    async def _take(self, socket: WebSocket, raw: dict[str, Any]) -> None:
        self.commands.append(raw)
        if self.silent:
            return
        error = self.refusal
        try:
            command = COMMANDS.validate_python(raw)
        except ValidationError as wrong:
            error = {"title": "Malformed command", "detail": str(wrong)}
        else:
            if error is None:
                self._apply(command)
        await self._send_all([self.status])
        await socket.send_json(
            [{"type": "ack", "id": raw["id"], "ok": error is None, "error": error}]
        )

    def _apply(self, command: protocol.PanelCommand) -> None:
        if isinstance(command, protocol.PanicCommand):
            latch = "latched" if command.on else "released"
            outputs = [id_ for id_, module in self.status["modules"].items() if module["output"]]
            self.status["panic"] = {
                "engaged": command.on,
                "since": time.time() if command.on else None,
                "reason": command.reason,
                "modules": dict.fromkeys(outputs, latch),
                "obs": {"state": "applied" if command.on else "off", "steps": []},
            }
        elif isinstance(command, protocol.ModuleCommand):
            module = self.status["modules"][command.module]
            module["enabled"] = command.enabled
            module["state"] = "ready" if command.enabled else "off"
        elif isinstance(command, protocol.PersonaCommand):
            given = command.model_dump(exclude_none=True, exclude={"id", "command"})
            self.status["persona"].update(given)
        elif isinstance(command, SetMicrophoneCommand):
            told = command.model_dump(exclude_none=True, exclude={"id", "command"})
            self.status["microphone"].update(told)
        elif isinstance(command, HoldToTalkCommand):
            self.status["microphone"]["talking"] = command.held
        elif isinstance(command, protocol.ExpressionCommand):
            self.status["mood"] = command.mood.value
        elif isinstance(command, StudioOrder):
            self._apply_to_obs(command)
        elif isinstance(command, AvatarMoodCommand):
            self._map_mood(command)

    def _map_mood(self, command: AvatarMoodCommand) -> None:
        avatars: list[dict[str, Any]] = self.status["avatar"]["avatars"]
        moods = next(one for one in avatars if one["id"] == command.avatar)["moods"]
        shown = next(one for one in moods if one["mood"] == command.mood.value)
        shown["chosen_by"] = "name" if command.expression is None else "panel"
        shown["expression"] = command.expression or ""

    def _apply_to_obs(self, command: StudioOrder) -> None:
        studio = self.status["studio"]
        match command:
            case obs_commands.ObsSceneCommand():
                studio["scene"] = command.scene
            case obs_commands.ObsMuteCommand():
                self._input(command.input)["muted"] = command.muted
            case obs_commands.ObsVolumeCommand():
                self._input(command.input)["volume_db"] = command.volume_db
            case obs_commands.ObsTransitionCommand():
                studio["transition"] = command.transition
            case obs_commands.ObsRecordCommand():
                states = {"start": "on", "resume": "on", "pause": "paused", "stop": "off"}
                studio["recording"] = states[command.action]
            case obs_commands.ObsReplayCommand():
                studio["replay"] = command.action != "stop"

    def _input(self, name: str) -> dict[str, Any]:
        inputs: list[dict[str, Any]] = self.status["studio"]["inputs"]
        return next(input_ for input_ in inputs if input_["name"] == name)
