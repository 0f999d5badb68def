"""Telling screens what a model was asked: bounded, without secrets, and never before it answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable

from apps.policy_worker.engines.base import ReplyEngine, ReplyRequest
from apps.policy_worker.engines.prompt import Message, prompt_of
from libs.contracts.conversation import PromptBuilt, PromptMessage, TurnCommitted
from libs.contracts.envelope import Event

#: Longest text of one message, and of all messages of a prompt, that screens are told.
MESSAGE_CHARACTERS = 12_000
PROMPT_CHARACTERS = 48_000
#: Longest note of a call to a tool.
CALL_CHARACTERS = 500
#: Stands where text was left out.
LEFT_OUT = " […]"

Publish = Callable[[Event], Awaitable[None]]


class PromptTeller:
    """Promises: the request that an engine was given last is told once, when `tell` is called, and
    no sentence waits for it; other work goes on between its messages."""

    def __init__(self, turn: TurnCommitted, publish: Publish, redact: Callable[[str], str]) -> None:
        self._turn = turn
        self._publish = publish
        self._redact = redact
        self._asked: tuple[ReplyEngine, ReplyRequest] | None = None

    def asked(self, engine: ReplyEngine, request: ReplyRequest) -> None:
        self._asked = engine, request

    async def tell(self) -> None:
        if self._asked is None:
            return
        (engine, request), self._asked = self._asked, None
        prompted = not engine.capabilities.scripted
        messages, shortened = await self._shown(prompt_of(request).messages if prompted else ())
        await self._publish(
            PromptBuilt.caused_by(
                self._turn,
                engine=engine.label[:200],
                model=engine.model[:200],
                task=request.task.value,
                messages=messages,
                shortened=shortened,
                committed_at=self._turn.emitted_at,
            )
        )

    async def _shown(self, messages: Iterable[Message]) -> tuple[tuple[PromptMessage, ...], bool]:
        """The messages as screens get them, and whether text was left out."""
        room, shortened, shown = PROMPT_CHARACTERS, False, list[PromptMessage]()
        for message in messages:
            text = self._redact(message.text)
            limit = max(0, min(MESSAGE_CHARACTERS, room) - len(LEFT_OUT))
            if len(text) > limit:
                text, shortened = text[:limit] + LEFT_OUT, True
            room -= len(text)
            pictures = tuple(
                f"{picture.media_type}, {len(picture.data) // 1_000} kB"
                for picture in message.pictures
            )
            tools = tuple(_cut(self._redact(note)) for note in _tools_of(message))
            shown.append(
                PromptMessage(role=message.role, text=text, pictures=pictures, tools=tools)
            )
            await asyncio.sleep(0)
        return tuple(shown), shortened


def _tools_of(message: Message) -> Iterable[str]:
    if message.tool_name:
        yield message.tool_name
    for call in message.tool_calls:
        arguments = json.dumps(dict(call.arguments), ensure_ascii=False, default=str)
        yield f"{call.name} {arguments}"


def _cut(note: str) -> str:
    if len(note) <= CALL_CHARACTERS:
        return note
    return note[: CALL_CHARACTERS - len(LEFT_OUT)] + LEFT_OUT
