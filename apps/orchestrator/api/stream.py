"""`WS /stream`: the panel's one socket. The server owns all state; commands are acknowledged."""

import asyncio
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.orchestrator.api import actions
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.avatar_orders import AvatarOrder
from apps.orchestrator.memory import records
from apps.orchestrator.orders import Order
from apps.orchestrator.panel import protocol
from apps.orchestrator.panel.microphone_messages import HoldToTalkCommand, SetMicrophoneCommand
from apps.orchestrator.status import status_message
from apps.orchestrator.studio_orders import StudioOrder, event_of
from libs.contracts.control import SetPersona
from libs.contracts.people import Role
from libs.worker.access import Scope
from libs.worker.problems import Problem

if TYPE_CHECKING:
    from apps.orchestrator.screens import Screen
    from apps.orchestrator.worker import OrchestratorWorker

router = APIRouter()

log = logging.getLogger("kitsu.orchestrator.stream")

#: News is gathered for this long before it is sent: 20 frames a second at most.
FRAME_SECONDS = 0.05
#: A new panel is shown this many turns.
SHOWN_TURNS = 20

_COMMAND: TypeAdapter[protocol.PanelCommand] = TypeAdapter(protocol.PanelCommand)


@router.websocket("/stream")
async def stream(socket: WebSocket, worker: TheWorker) -> None:
    await socket.accept()
    screen = worker.screens.open()
    try:
        await _send(socket, await _welcome(worker))
        async with asyncio.TaskGroup() as group:
            news = group.create_task(_send_news(socket, screen))
            await _hear_commands(socket, worker, group)
            news.cancel()
    except* WebSocketDisconnect:
        pass
    finally:
        worker.screens.close(screen)


async def _welcome(worker: "OrchestratorWorker") -> list[BaseModel]:
    turns = await worker.database.look(lambda db: records.turns(db, SHOWN_TURNS))
    incidents = await worker.incidents.latest(20)
    return [
        status_message(worker),
        *worker.feed.latest(),
        *worker.microphone.latest(),
        *(
            protocol.TurnMessage(turn=protocol.Turn.model_validate(turn))
            for turn in reversed(turns)
        ),
        worker.conversation.latency_message(),
        *(
            protocol.IncidentMessage(incident=protocol.Incident.model_validate(incident))
            for incident in reversed(incidents)
        ),
    ]


async def _send(socket: WebSocket, messages: list[BaseModel]) -> None:
    await socket.send_text(f"[{','.join(message.model_dump_json() for message in messages)}]")


async def _send_news(socket: WebSocket, screen: "Screen") -> None:
    while True:
        await _send(socket, await screen.batch())
        await asyncio.sleep(FRAME_SECONDS)


async def _hear_commands(
    socket: WebSocket, worker: "OrchestratorWorker", group: asyncio.TaskGroup
) -> None:
    """One after the other; but a panic waits for nobody, and nobody waits for OBS or an avatar."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        command = _understood(message.get("text") or "")  # binary frames have none
        answer = _answer(command, socket, worker)
        if isinstance(command, protocol.PanicCommand | Order):
            group.create_task(answer, name=f"obey {command.command}")
        else:
            await answer


def _understood(text: str) -> protocol.PanelCommand | protocol.AckMessage:
    """The command, or what is wrong with it."""
    try:
        return _COMMAND.validate_json(text)
    except ValidationError as error:
        detail = "; ".join(item["msg"] for item in error.errors())[:300]
        refused = protocol.AckError(title="Not understood", detail=detail)
        return protocol.AckMessage(id=_id_of(text), ok=False, error=refused)


async def _answer(
    command: protocol.PanelCommand | protocol.AckMessage,
    socket: WebSocket,
    worker: "OrchestratorWorker",
) -> None:
    if isinstance(command, protocol.AckMessage):
        ack = command
    else:
        ack = await _obey(command, socket, worker)
    with suppress(WebSocketDisconnect):
        await _send(socket, [ack])


async def _obey(
    command: protocol.PanelCommand, socket: WebSocket, worker: "OrchestratorWorker"
) -> protocol.AckMessage:
    """Carries out one command; a refusal becomes its acknowledgement."""
    try:
        _check_rights(socket, command)
        await _carry_out(command, worker)
    except Problem as problem:
        refused = protocol.AckError(title=problem.title, detail=problem.detail)
        return protocol.AckMessage(id=command.id, ok=False, error=refused)
    return protocol.AckMessage(id=command.id, ok=True)


def _id_of(text: str) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    told = str(found.get("id", ""))[:64] if isinstance(found, dict) else ""
    return told.encode("utf-8", "replace").decode()  # JSON can name halves of a sign


def _check_rights(socket: WebSocket, command: protocol.PanelCommand) -> None:
    if not socket.state.access.allows(Scope.OPERATOR):
        raise Problem(403, "Not allowed", f"'{command.command}' needs the operator's rights.")


async def _carry_out(command: protocol.PanelCommand, worker: "OrchestratorWorker") -> None:
    match command:
        case protocol.PanicCommand(on=True):
            await worker.panic_desk.engage(command.reason, "panel")
        case protocol.PanicCommand():
            await worker.panic_desk.release("panel")
        case protocol.ModuleCommand():
            await actions.set_module(worker, command.module, command.enabled)
        case protocol.PersonaCommand():
            fields = command.model_dump(exclude={"id", "command"})
            change = SetPersona(show=worker.show, by="panel", **fields)
            await actions.set_persona(worker, change)
        case protocol.ChatCommand():
            await actions.ingest_chat(worker, command.text, command.author, Role.VIEWER)
        case protocol.SayCommand():
            await actions.say(worker, command.text)
        case protocol.StopCommand():
            await actions.stop_speaking(worker, "panel")
        case protocol.ExpressionCommand():
            await actions.set_expression(worker, command.mood)
        case SetMicrophoneCommand() | HoldToTalkCommand() | Order():
            await _hand_on(command, worker)


async def _hand_on(command: protocol.PanelCommand, worker: "OrchestratorWorker") -> None:
    """To the ears, to OBS, or to an avatar."""
    match command:
        case SetMicrophoneCommand():
            await actions.set_microphone(worker, command.muted, command.mode, "panel")
        case HoldToTalkCommand():
            await actions.hold_to_talk(worker, command.held, command.at_most_seconds, "panel")
        case StudioOrder():
            await worker.studio.order(event_of(command, "panel"))
        case AvatarOrder():
            await worker.avatar.order(command, "panel")
