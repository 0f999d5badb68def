"""`POST /respond`: a reply for another program, as server-sent events."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from apps.policy_worker.engines.base import Picture
from apps.policy_worker.pictures import MAXIMUM_BYTES, picture_of_base64
from apps.policy_worker.reply import Reply
from apps.policy_worker.request_body import body_of
from apps.policy_worker.sender import ReplySender
from apps.policy_worker.server_events import Told, as_events
from libs.contracts.conversation import (
    CodeWritten,
    PersonaSnapshot,
    ReplyFinished,
    TurnCommitted,
    TurnInput,
    TurnSource,
)
from libs.contracts.envelope import Event
from libs.contracts.identity import new_id
from libs.contracts.people import Author
from libs.contracts.safety import GateAction, TextBlocked
from libs.contracts.speaking import SpeakSentence
from libs.safety import clean_chat
from libs.settings.personas import Persona
from libs.telemetry import clock
from libs.worker.problems import Problem

if TYPE_CHECKING:
    from apps.policy_worker.worker import PolicyWorker

_MAXIMUM_CHARACTERS = 2_000
#: Base64 makes four characters of three bytes.
_MAXIMUM_PICTURE_CHARACTERS = MAXIMUM_BYTES * 4 // 3 + 100
MAXIMUM_BODY_BYTES = _MAXIMUM_PICTURE_CHARACTERS + 20_000


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=_MAXIMUM_CHARACTERS)
    author: str = Field(default="someone", min_length=1, max_length=64)
    picture: str | None = Field(default=None, max_length=_MAXIMUM_PICTURE_CHARACTERS, repr=False)
    """JPEG, PNG or WebP in base64, or as a data URL."""
    stream: bool = True

    @field_validator("picture")
    @classmethod
    def _can_be_read(cls, picture: str | None) -> str | None:
        if picture is not None:
            picture_of_base64(picture)
        return picture


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
        question = await body_of(request, Question, MAXIMUM_BODY_BYTES)
        events = self._events(question)
        if question.stream:
            return as_events(events)
        async with aclosing(events):
            final = [body async for kind, body in events if kind == "final"]
        return JSONResponse(final[0])

    async def _events(self, question: Question) -> AsyncGenerator[Told, None]:
        begun_at = time.perf_counter()
        persona = self._worker.personas.default
        picture = picture_of_base64(question.picture) if question.picture else None
        turn = _turn(question, picture, persona, self._worker.settings.policy_family_friendly)
        about = _about(turn.persona)
        yield "start", {"turn_id": turn.turn_id, "persona": about}
        queue: asyncio.Queue[Told] = asyncio.Queue()
        task = asyncio.create_task(self._reply(turn, picture, queue), name="respond")
        try:
            while True:
                kind, body = await queue.get()
                if kind == "final":
                    latency_ms = round((time.perf_counter() - begun_at) * 1_000, 1)
                    yield "final", {**body, "latency_ms": latency_ms, "persona": about}
                    return
                yield kind, body
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _reply(
        self, turn: TurnCommitted, picture: Picture | None, queue: asyncio.Queue[Told]
    ) -> None:
        """Puts what becomes of the turn on the queue; a final word in every case."""
        ears = _Ears(queue)
        sender = ReplySender(turn, _NoNotes(), ears.hear, again=False)
        reply = self._worker.reply_with(sender, ears.hear, picture, ears.retried)
        ears.reply = reply
        reason = "internal_error"
        try:
            reason = await self._worker.replies.run(turn, reply.run)
        finally:
            if reason:
                queue.put_nowait(("final", _given_up(reason)))


class _Ears:
    """Hears what a reply publishes, and tells it as events."""

    def __init__(self, queue: asyncio.Queue[Told]) -> None:
        self._queue = queue
        self._counts: Counter[str] = Counter()
        self._code: list[dict[str, str]] = []
        self.reply: Reply | None = None

    async def hear(self, event: Event) -> None:
        if isinstance(event, SpeakSentence):
            told = {"text": event.text, "mood": event.mood, "index": event.index}
            self._queue.put_nowait(("token", told))
        elif isinstance(event, CodeWritten):
            self._code.append({"language": event.language, "text": event.text})
        elif isinstance(event, TextBlocked):
            self._counts["blocked"] += event.action is GateAction.BLOCK
        elif isinstance(event, ReplyFinished):
            self._queue.put_nowait(("final", self._final_of(event)))

    def retried(self, engine: str, reason: str) -> None:
        self._counts["retries"] += 1
        self._queue.put_nowait(("retry", {"engine": engine, "reason": reason}))

    def _final_of(self, event: ReplyFinished) -> dict[str, Any]:
        assert self.reply is not None
        route = self.reply.route
        return {
            "text": event.text,
            "outcome": event.outcome,
            "reason": event.reason,
            "engine": event.engine,
            "route": {"kind": route.kind, "confidence": route.confidence, "rule": route.rule},
            "code": self._code,
            "stats": {
                "sentences": event.sentences,
                "blocked": self._counts["blocked"],
                "retries": self._counts["retries"],
                "first_token_ms": _ms(event.first_token_seconds),
                "thinking_ms": _ms(event.thinking_seconds),
                "first_sentence_ms": _ms(event.first_sentence_seconds),
                "gate_ms": _ms(event.gate_seconds),
                "prompt_tokens": event.prompt_tokens,
                "reply_tokens": event.reply_tokens,
            },
        }


def _turn(
    question: Question, picture: Picture | None, persona: Persona, family_mode: bool
) -> TurnCommitted:
    author = clean_chat(question.author, maximum=64) or "someone"
    return TurnCommitted(
        turn_id=new_id(),
        utterance_id=new_id(),
        input=TurnInput(
            source=TurnSource.CHAT,
            author=Author(viewer_id="respond", name=author),
            text=clean_chat(question.text, maximum=_MAXIMUM_CHARACTERS),
            arrived_at=clock.now(),
            picture=picture.media_type if picture else "",
        ),
        persona=PersonaSnapshot(
            name=persona.name,
            style=persona.styles[0],
            chaos=persona.chaos,
            energy=persona.energy,
            language=persona.language,
            voice=persona.voice,
            system_text=persona.system_text,
            family_mode=family_mode,
        ),
    )


def _about(persona: PersonaSnapshot) -> dict[str, Any]:
    told = ("name", "style", "chaos", "energy", "family_mode", "language")
    return {name: getattr(persona, name) for name in told}


def _given_up(reason: str) -> dict[str, Any]:
    return {
        "text": "",
        "outcome": "abandoned",
        "reason": reason,
        "engine": "",
        "route": None,
        "code": [],
        "stats": {},
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1_000, 2)
