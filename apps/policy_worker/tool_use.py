"""The tools of one turn: what the model is offered, and what becomes of its calls."""

import asyncio
import re
import time
from collections.abc import Sequence

from apps.policy_worker.engines.base import ReplyEngine, Task, Tool, ToolCall, ToolExchange
from apps.policy_worker.means import Means
from apps.policy_worker.sender import ReplySender
from apps.policy_worker.stock_lines import say_stock
from apps.policy_worker.tools.errors import (
    ToolArgumentsRefused,
    ToolError,
    ToolTooLate,
    ToolUnusable,
)
from apps.policy_worker.tools.results import (
    DO_NOT_FIT,
    NOT_AVAILABLE,
    NOTHING_USABLE,
    quoted,
)
from libs.contracts.conversation import TurnSource
from libs.contracts.people import Role

#: After this long no tool is asked any more: the model must come to an end.
LATEST_CALL_SECONDS = 7.0
#: All tools of a turn together. The stage gives an utterance up that is silent for eight seconds,
#: and the model needs some of them to go on.
MAXIMUM_TOOL_SECONDS = 6.0
#: More calls at once are a model that plays with the buttons; the rest is not looked at.
MAXIMUM_AT_ONCE = 8

#: What no chat API takes in the name of a tool.
_ODD = re.compile(r"[^A-Za-z0-9_-]")


class ToolUse:
    """Promises: no more calls in a turn than the settings allow, whatever engines do; when the
    first answer takes long and nothing was said yet, she says so, once; whatever a tool does, the
    model gets an answer to its call and the turn goes on; a turn that is given up calls off what
    is being asked.

    `trouble` is the first thing that went wrong, a code.
    """

    def __init__(self, sender: ReplySender, means: Means) -> None:
        self._sender = sender
        self._means = means
        self._box = means.tools
        self._calls = 0
        self._seconds = 0.0
        self.exchanges: tuple[ToolExchange, ...] = ()
        self.trouble = ""

    def offered(self, engine: ReplyEngine, task: Task) -> tuple[Tool, ...]:
        """The tools that the next question may use."""
        box, given = self._box, self._sender.turn.input
        if box is None or not self._may_use(engine, task):
            return ()
        if self._calls >= box.settings.maximum_calls or self._late:
            return ()
        if given.source in (TurnSource.OPERATOR, TurnSource.IDLE):
            return ()
        return box.offered_to(self._role)

    def heard_of(self, engine: ReplyEngine, task: Task) -> tuple[ToolExchange, ...]:
        """What tools said in this turn; an engine without tools would not understand it."""
        return self.exchanges if self._may_use(engine, task) else ()

    async def carry_out(self, calls: Sequence[ToolCall]) -> None:
        """Makes the calls and keeps what the model is to be told of them."""
        wanted = calls[:MAXIMUM_AT_ONCE]
        numbered = [_as_told(call, self._calls + n) for n, call in enumerate(wanted)]
        tasks = [asyncio.create_task(self._answer(call)) for call in wanted]
        begun = time.monotonic()
        try:
            await self._hold_on_while(tasks)
            answers = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._seconds += time.monotonic() - begun
        said = self._sender.said[sum(len(exchange.said) for exchange in self.exchanges) :]
        self.exchanges += (ToolExchange(said, tuple(zip(numbered, answers, strict=True))),)

    # Inside -----------------------------------------------------------------------------------

    def _may_use(self, engine: ReplyEngine, task: Task) -> bool:
        can = engine.capabilities
        return can.tools and not can.scripted and task in (Task.CHAT, Task.CODE)

    @property
    def _late(self) -> bool:
        return self._sender.elapsed_seconds > LATEST_CALL_SECONDS

    @property
    def _role(self) -> Role:
        given = self._sender.turn.input
        return Role.BROADCASTER if given.source is TurnSource.VOICE else given.author.role

    async def _hold_on_while(self, tasks: "Sequence[asyncio.Task[str]]") -> None:
        assert self._box is not None
        _, late = await asyncio.wait(tasks, timeout=self._box.settings.hold_on_seconds)
        if late and not self._sender.said:
            stock = self._means.persona.stock
            await say_stock(self._sender, self._means.gate, stock.hold_on)

    async def _answer(self, call: ToolCall) -> str:
        """What the model is told of one call."""
        assert self._box is not None
        left = MAXIMUM_TOOL_SECONDS - self._seconds
        number, self._calls = self._calls, self._calls + 1
        try:
            if number >= self._box.settings.maximum_calls or self._late or left <= 0:
                raise ToolTooLate(call.name)
            text = await self._box.call(
                call.name, call.arguments, self._role, self._means.gate, left
            )
        except ToolError as error:
            await self._note(error)
            return _note_for_model(error)
        self._means.counters["tools_used"] += 1
        return quoted(text)

    async def _note(self, error: ToolError) -> None:
        self.trouble = self.trouble or error.code
        self._means.counters[error.code] += 1
        await self._means.listener.tool_failed(error)


def _as_told(call: ToolCall, number: int) -> ToolCall:
    """The call as it is said back to a model: with an id and a name that every chat API takes."""
    return ToolCall(f"kitsu{number:04d}", _plain(call.name), call.arguments)


def _plain(name: str) -> str:
    """A model may have made the name up."""
    return _ODD.sub("_", name)[:64] or "unknown"


def _note_for_model(error: ToolError) -> str:
    match error:
        case ToolArgumentsRefused():
            return DO_NOT_FIT
        case ToolUnusable():
            return NOTHING_USABLE
    return NOT_AVAILABLE
