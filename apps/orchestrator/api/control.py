"""Steering the show."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from apps.orchestrator.api import actions
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.panel.protocol import StatusMessage
from apps.orchestrator.personas import persona_files
from apps.orchestrator.status import status_message
from libs.contracts.control import SetPersona
from libs.contracts.listening import TranscriptFinalized
from libs.contracts.people import Role
from libs.contracts.speaking import Mood
from libs.worker.panic_control import BY_LINK, NOT_KEPT, PanicRequest

router = APIRouter(tags=["control"])


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChatLine(Body):
    author: str = Field(default="viewer", max_length=500)
    text: str
    role: Role = Role.VIEWER
    picture: str = Field(default="", repr=False)
    """A JPEG, PNG or WebP picture in base64, or as a data URL; 1 MB at most."""


class SayRequest(Body):
    text: str
    voice: str = Field(default="", max_length=64)
    mood: Mood = Mood.NEUTRAL
    override: bool = False
    """Say it although the gate would not; recorded with your name."""


class Toggle(Body):
    enabled: bool


class PersonaChange(Body):
    persona: str | None = Field(default=None, max_length=64)
    """File name in configs/personas: she becomes this one (or is read again)."""
    style: str | None = Field(default=None, max_length=64)
    chaos: float | None = Field(default=None, ge=0, le=1)
    energy: float | None = Field(default=None, ge=0, le=1)
    family_mode: bool | None = None


class Transcript(Body):
    text: str = Field(min_length=1, max_length=2_000)
    silence_wait_seconds: float = Field(default=0.0, ge=0, le=30)
    recognition_seconds: float = Field(default=0.0, ge=0, le=60)
    """From the end of that wait to these words."""


@router.get("/status")
async def get_status(worker: TheWorker) -> StatusMessage:
    """The whole state of the show."""
    return status_message(worker)


@router.get("/health")
async def get_health(worker: TheWorker) -> dict[str, Any]:
    """Whether the orchestrator itself works; needs no token and tells nothing else."""
    return {"status": "ok" if worker.bus.connected else "degraded"}


@router.post("/ingest/chat", status_code=202)
async def post_chat(line: ChatLine, worker: TheWorker) -> dict[str, str]:
    """A chat line, as if a viewer had written it, perhaps with a picture for her to look at."""
    event = await actions.ingest_chat(worker, line.text, line.author, line.role, line.picture)
    return {"event_id": event.event_id}


@router.post("/tts", status_code=202)
async def post_tts(request: SayRequest, worker: TheWorker) -> dict[str, str]:
    """Says the text word for word, after the gate."""
    utterance_id = await actions.say(
        worker, request.text, request.mood, request.voice, request.override
    )
    return {"utterance_id": utterance_id}


@router.post("/stop")
async def post_stop(worker: TheWorker) -> dict[str, int]:
    """Stops what is being said and drops what was about to be said."""
    return {"epoch": await actions.stop_speaking(worker, "operator")}


@router.post("/toggle/{module}")
async def post_toggle(module: str, toggle: Toggle, worker: TheWorker) -> dict[str, Any]:
    """Switches a module on or off; the same again changes nothing."""
    await actions.set_module(worker, module, toggle.enabled)
    return {"module": module, "enabled": toggle.enabled}


@router.post("/persona")
async def post_persona(change: PersonaChange, worker: TheWorker) -> dict[str, Any]:
    """Changes only what is given."""
    fields = change.model_dump()
    await actions.set_persona(worker, SetPersona(show=worker.show, by="operator", **fields))
    return worker.session.persona_status().model_dump()


@router.get("/personas")
async def get_personas(worker: TheWorker) -> dict[str, Any]:
    """The persona files that are there, good or not, and which one she is."""
    files = await asyncio.to_thread(persona_files)
    return {"current": worker.session.snapshot.persona, "personas": files}


@router.post("/events/asr", status_code=202)
async def post_transcript(transcript: Transcript, worker: TheWorker) -> dict[str, str]:
    """What an external recogniser heard the host say."""
    waited = transcript.silence_wait_seconds + transcript.recognition_seconds
    event = TranscriptFinalized(
        show=worker.show,
        text=transcript.text,
        speech_ended_at=worker.now() - waited,
        silence_wait_seconds=transcript.silence_wait_seconds,
        recognition_seconds=transcript.recognition_seconds,
        engine="api",
    )
    await worker.publish(event)
    return {"event_id": event.event_id}


@router.get("/panic")
async def get_panic(worker: TheWorker, reason: str = "") -> Response:
    """The same by opening an address with the hook key (`?key=`): for a Stream Deck."""
    report = await worker.panic_desk.engage(reason, BY_LINK)
    return JSONResponse(report.as_json(), headers=NOT_KEPT)


@router.post("/panic")
async def post_panic(request: Request, worker: TheWorker) -> Response:
    """Everything that can be seen or heard stops, and stays stopped until released.

    A broken or missing body is still a panic.
    """
    try:
        body = PanicRequest.model_validate_json(await request.body() or b"{}")
    except ValueError:
        body = PanicRequest()
    report = await worker.panic_desk.engage(body.reason, body.by)
    return JSONResponse(report.as_json())


@router.post("/panic/release")
async def post_release(worker: TheWorker, body: PanicRequest | None = None) -> dict[str, Any]:
    """Ends the panic. Nothing from before is ever spoken."""
    report = await worker.panic_desk.release(body.by if body else "operator")
    return report.as_json()
