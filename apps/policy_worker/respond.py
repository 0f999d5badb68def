"""`POST /respond`: a reply for another program, as server-sent events."""

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from apps.policy_worker.engines.base import EngineError, ReplyEngine, ReplyRequest
from apps.policy_worker.reply_text import Line, ReplyText
from libs.contracts.conversation import PersonaSnapshot, TurnCommitted, TurnInput, TurnSource
from libs.contracts.identity import new_id
from libs.contracts.people import Author
from libs.contracts.safety import GateAction
from libs.contracts.speaking import Mood
from libs.safety import StreamGate, clean_chat
from libs.telemetry import clock
from libs.worker.problems import Problem

if TYPE_CHECKING:
    from apps.policy_worker.worker import PolicyWorker

_MAXIMUM_CHARACTERS = 2_000


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=_MAXIMUM_CHARACTERS)
    author: str = Field(default="someone", min_length=1, max_length=64)
    stream: bool = True


class Respond:
    """Answers a text with the engines, the persona and the gate of live turns. Nothing is spoken,
    remembered or sent to the bus. Only judged sentences leave."""

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

    async def _events(self, question: Question) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
        begun_at = time.perf_counter()
        worker, turn = self._worker, self._turn(question)
        persona = worker.personas.of(turn.persona)
        told = {"name": persona.name, "style": turn.persona.style, "language": persona.language}
        yield "start", {"turn_id": turn.turn_id, "persona": told}
        verdict = worker.gate.check(turn.input.text, "input")
        said: list[str] = []
        outcome, reason, engine_name, retries = "complete", "", "stock", 0
        if verdict.action is GateAction.BLOCK:
            caring = verdict.category == "self_harm"
            line = (persona.stock.care if caring else persona.stock.redirect)[0]
            outcome, reason, said = "blocked", verdict.rule, [line]
            yield "token", {"text": line, "mood": Mood.NEUTRAL}
        else:
            for engine in worker.ladder.there():
                engine_name = engine.name
                text = ReplyText(StreamGate(worker.gate, persona.system_text), Mood.NEUTRAL)
                try:
                    async for line_said in self._lines(engine, turn, text):
                        spoken = line_said.judged.verdict.text
                        if spoken:
                            said.append(spoken)
                            yield "token", {"text": spoken, "mood": line_said.mood}
                except EngineError as error:
                    worker.ladder.failed(engine, error)
                    reason = error.code
                    if said:
                        outcome = "cut"
                        break
                    retries += 1
                    yield "retry", {"engine": engine.name, "reason": error.code}
                else:
                    break
            if not said:
                outcome, said = "failed", [persona.stock.all_failed[0]]
                engine_name = "stock"
                yield "token", {"text": said[0], "mood": Mood.NEUTRAL}
        latency_ms = round((time.perf_counter() - begun_at) * 1_000, 1)
        yield (
            "final",
            {
                "text": " ".join(said),
                "outcome": outcome,
                "reason": reason,
                "engine": engine_name,
                "latency_ms": latency_ms,
                "stats": {"sentences": len(said), "retries": retries},
                "persona": told,
            },
        )

    async def _lines(
        self, engine: ReplyEngine, turn: TurnCommitted, text: ReplyText
    ) -> AsyncIterator[Line]:
        persona = self._worker.personas.of(turn.persona)
        async with aclosing(engine.reply(ReplyRequest(turn, persona))) as pieces:
            async for piece in pieces:
                for line in text.feed(piece):
                    yield line
                if text.ended:
                    break
        for line in text.finish():
            yield line

    def _turn(self, question: Question) -> TurnCommitted:
        persona, settings = self._worker.personas.default, self._worker.settings
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
                family_mode=settings.policy_family_friendly,
            ),
        )


async def _question(request: Request) -> Question:
    try:
        return Question.model_validate_json(await request.body())
    except ValidationError as error:
        item = error.errors()[0]
        field = ".".join(str(part) for part in item["loc"]) or "the body"
        raise Problem(422, "Wrong input", f"{field}: {item['msg']}", "input") from None


async def _as_sse(events: AsyncGenerator[tuple[str, dict[str, Any]], None]) -> AsyncIterator[str]:
    """Server-sent events (WHATWG HTML, section 9.2): one JSON document each."""
    async with aclosing(events):
        async for kind, body in events:
            yield f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"
