"""`POST /respond`: a reply for another program, as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from apps.policy_worker.sender import ReplySender
from libs.contracts.conversation import (
    PersonaSnapshot,
    ReplyFinished,
    TurnCommitted,
    TurnInput,
    TurnSource,
)
from libs.contracts.envelope import Event
from libs.contracts.identity import new_id
from libs.contracts.people import Author
from libs.contracts.speaking import SpeakSentence
from libs.safety import clean_chat
from libs.settings.personas import Persona
from libs.telemetry import clock
from libs.worker.problems import Problem

if TYPE_CHECKING:
    from apps.policy_worker.worker import PolicyWorker

_MAXIMUM_CHARACTERS = 2_000

Told = tuple[str, dict[str, Any]]


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=_MAXIMUM_CHARACTERS)
    author: str = Field(default="someone", min_length=1, max_length=64)
    stream: bool = True


class _NoNotes:
    """Nobody takes over a reply to a program that waits for it."""

    async def note(self, name: str) -> None:
        return None

    async def set_note(self, name: str, value: Mapping[str, Any], ttl_seconds: float) -> None:
        return None


class Respond:
    """Answers a text as a live turn is answered, with the same engines, persona and gate; nothing
    of it is spoken, remembered or put on the bus. Panic ends it like any other reply."""

    def __init__(self, worker: "PolicyWorker") -> None:
        self._worker = worker

    async def answer(self, request: Request) -> Response:
        if self._worker.panic.engaged:
            raise Problem(503, "Panic", "Panic is engaged; release it first.", "panic")
        if not self._worker.enabled:
            raise Problem(503, "Switched off", "Switch policy_worker on first.", "off")
        question = await _question(request)
        events = self._events(question)
        if question.stream:
            return StreamingResponse(_as_sse(events), media_type="text/event-stream")
        async with aclosing(events):
            final = [body async for kind, body in events if kind == "final"]
        return JSONResponse(final[0])

    async def _events(self, question: Question) -> AsyncGenerator[Told, None]:
        begun_at = time.perf_counter()
        persona = self._worker.personas.default
        turn = _turn(question, persona, self._worker.settings.policy_family_friendly)
        about = {"name": persona.name, "style": turn.persona.style, "language": persona.language}
        yield "start", {"turn_id": turn.turn_id, "persona": about}
        queue: asyncio.Queue[Told] = asyncio.Queue()
        task = asyncio.create_task(self._reply(turn, queue), name="respond")
        retries = 0
        try:
            while True:
                kind, body = await queue.get()
                retries += kind == "retry"
                if kind == "final":
                    latency_ms = round((time.perf_counter() - begun_at) * 1_000, 1)
                    body = {**body, "latency_ms": latency_ms, "persona": about}
                    body["stats"] = {**body["stats"], "retries": retries}
                    yield "final", body
                    return
                yield kind, body
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _reply(self, turn: TurnCommitted, queue: asyncio.Queue[Told]) -> None:
        """Puts what becomes of the turn on the queue; a final word in every case."""

        async def hear(event: Event) -> None:
            if isinstance(event, SpeakSentence):
                told = {"text": event.text, "mood": event.mood, "index": event.index}
                queue.put_nowait(("token", told))
            elif isinstance(event, ReplyFinished):
                queue.put_nowait(("final", _final_of(event)))

        def retried(engine: str, reason: str) -> None:
            queue.put_nowait(("retry", {"engine": engine, "reason": reason}))

        sender = ReplySender(turn, _NoNotes(), hear, begun=False)
        reply = self._worker.reply_with(sender, hear, retried)
        reason = "internal_error"
        try:
            reason = await self._worker.replies.run(turn, reply.run)
        finally:
            if reason:
                queue.put_nowait(("final", _given_up(reason)))


def _turn(question: Question, persona: Persona, family_mode: bool) -> TurnCommitted:
    author = clean_chat(question.author, maximum=64) or "someone"
    return TurnCommitted(
        turn_id=new_id(),
        utterance_id=new_id(),
        input=TurnInput(
            source=TurnSource.CHAT,
            author=Author(viewer_id="respond", name=author),
            text=clean_chat(question.text, maximum=_MAXIMUM_CHARACTERS),
            arrived_at=clock.now(),
        ),
        persona=PersonaSnapshot(
            name=persona.name,
            style=persona.styles[0],
            language=persona.language,
            system_text=persona.system_text,
            family_mode=family_mode,
        ),
    )


def _final_of(event: ReplyFinished) -> dict[str, Any]:
    return {
        "text": event.text,
        "outcome": event.outcome,
        "reason": event.reason,
        "engine": event.engine,
        "stats": {
            "sentences": event.sentences,
            "first_token_ms": _ms(event.first_token_seconds),
            "first_sentence_ms": _ms(event.first_sentence_seconds),
            "gate_ms": _ms(event.gate_seconds),
        },
    }


def _given_up(reason: str) -> dict[str, Any]:
    return {"text": "", "outcome": "abandoned", "reason": reason, "engine": "", "stats": {}}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1_000, 2)


async def _question(request: Request) -> Question:
    try:
        return Question.model_validate_json(await request.body())
    except ValidationError as error:
        item = error.errors()[0]
        field = ".".join(str(part) for part in item["loc"]) or "the body"
        raise Problem(422, "Wrong input", f"{field}: {item['msg']}", "input") from None


async def _as_sse(events: AsyncGenerator[Told, None]) -> AsyncIterator[str]:
    """Server-sent events (WHATWG HTML, section 9.2): one JSON document each."""
    async with aclosing(events):
        async for kind, body in events:
            yield f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"
