"""Summaries of the show, written by a language model while nobody waits for an answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Protocol, runtime_checkable

from apps.policy_worker.engine_ladder import EngineLadder
from apps.policy_worker.engines.base import Pieces, ReplyEngine, Task, Truncated
from apps.policy_worker.engines.errors import EngineError
from apps.policy_worker.engines.prompt import Prompt
from apps.policy_worker.persona_shelf import PersonaShelf
from apps.policy_worker.progress import event_id_of
from apps.policy_worker.summary_prompt import summary_prompt_of
from apps.policy_worker.summary_text import SummaryText
from libs.contracts.envelope import Event
from libs.contracts.memory import SummaryAbandoned, SummaryWritten, WriteSummary
from libs.telemetry import clock

#: For an order that names no deadline.
LONGEST_SECONDS = 60.0

Publish = Callable[[Event], Awaitable[None]]


@runtime_checkable
class LanguageModel(Protocol):
    """An engine that answers any prompt, not only turns."""

    def ask(self, prompt: Prompt) -> Pieces: ...


class SummaryWriter:
    """Promises: each order ends with one `SummaryWritten` or one `SummaryAbandoned` before its
    deadline; one summary is in work at a time; `drop` closes the model's stream at once; lines that
    people wrote as a script write none.
    """

    def __init__(self, ladder: EngineLadder, personas: PersonaShelf, publish: Publish) -> None:
        self._ladder = ladder
        self._personas = personas
        self._publish = publish
        self._writing: asyncio.Task[tuple[str, str]] | None = None
        self._dropped = ""

    def drop(self, reason: str) -> None:
        """Somebody wants an answer, or silence: the model is left to them."""
        if self._writing is not None and not self._dropped:
            self._dropped = reason
            self._writing.cancel()

    async def write(self, order: WriteSummary) -> None:
        if self._writing is not None:
            await self.abandon(order, "busy")
            return
        self._dropped = ""
        writing = self._writing = asyncio.create_task(self._written(order), name="write summary")
        try:
            await asyncio.wait({writing})
        except asyncio.CancelledError:  # this worker is leaving; another one may write it
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            raise
        finally:
            self._writing = None
        if writing.cancelled():
            await self.abandon(order, self._dropped or "cancelled")
            return
        try:
            text, engine = writing.result()
        except EngineError as error:
            await self.abandon(order, error.code)
        except TimeoutError:
            await self.abandon(order, "too_late")
        else:
            count = len(order.lines)
            await self._publish(
                SummaryWritten.caused_by(
                    order, event_id=_end_of(order), text=text, messages=count, engine=engine
                )
            )

    async def abandon(self, order: WriteSummary, reason: str) -> None:
        await self._publish(
            SummaryAbandoned.caused_by(order, event_id=_end_of(order), reason=reason)
        )

    async def _written(self, order: WriteSummary) -> tuple[str, str]:
        """The text, and the engine that wrote it. Raises the `EngineError` of the last engine that
        was asked, or `TimeoutError`."""
        failure: EngineError = NoModel("only scripted engines are there")
        left = LONGEST_SECONDS if order.expires_at is None else order.expires_at - clock.now()
        async with asyncio.timeout(min(left, LONGEST_SECONDS)):
            for engine, model in self._models():
                try:
                    return await self._ask(model, order), engine.name
                except EngineError as error:
                    self._ladder.failed(engine, error)
                    failure = error
        raise failure

    def _models(self) -> Iterator[tuple[ReplyEngine, LanguageModel]]:
        for engine in self._ladder.there(Task.CHAT):
            if isinstance(engine, LanguageModel) and not engine.capabilities.scripted:
                yield engine, engine

    async def _ask(self, model: LanguageModel, order: WriteSummary) -> str:
        persona = self._personas.of(order.persona)
        languages = {order.persona.language, persona.language, *persona.also_speaks}
        text = SummaryText(order.maximum_characters, languages)
        whole = True
        async with aclosing(model.ask(summary_prompt_of(order))) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    text.feed(piece)
                whole = whole and not isinstance(piece, Truncated)
                if text.full:
                    whole = False
                    break
        return text.finish(whole)


class NoModel(EngineError):
    code = "no_model"
    mend = "start a language model: see CHAT_PROVIDER"


def _end_of(order: WriteSummary) -> str:
    """Whoever ends an order that was handed out twice says it with the same id."""
    return event_id_of(order.event_id, "summary")
