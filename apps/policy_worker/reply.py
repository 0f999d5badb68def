"""One turn being answered: input judged, engines asked, an end in every case."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from apps.policy_worker.actions import DoOnStage
from apps.policy_worker.answering import Answering, Retried
from apps.policy_worker.caution import Caution
from apps.policy_worker.engines.base import Picture, ReplyEngine, Task
from apps.policy_worker.engines.errors import EngineError, ReplyEmpty
from apps.policy_worker.engines.verbatim import VerbatimEngine
from apps.policy_worker.means import Means
from apps.policy_worker.router import Kind, Route, route
from apps.policy_worker.sender import End, ReplySender
from apps.policy_worker.stock_lines import say_stock
from apps.policy_worker.token_feed import TokenFeed
from libs.contracts.conversation import TurnCommitted, TurnSource
from libs.contracts.safety import GateAction, Verdict

#: The engine's name where a stock line of the persona was all there was.
STOCK = "stock"
#: Who writes of hurting himself hears a kind line; who wants others to do it does not.
IN_NEED = "self_harm.written_of"


class Reply:
    """Answers one turn.

    Promises: whatever engines and gate do, `run` ends with one `ReplyFinished`, and a viewer's turn
    with something said; no switch of engines once a sentence was sent; what comes from an engine's
    error is never voiced, only its code is told.
    """

    def __init__(
        self,
        sender: ReplySender,
        means: Means,
        feed: TokenFeed,
        picture: Picture | None = None,
        retried: Retried = lambda engine, code: None,
    ) -> None:
        self._sender = sender
        self._input = sender.turn.input
        self._means = means
        self._stock = means.persona.stock
        self._caution = Caution(
            means.gate, means.guard, means.deflect_touchy, sender.turn.input.text
        )
        self._answering = Answering(sender, means, feed, retried, self._caution)
        self._answering.picture = picture
        self.route = Route(Kind.CHAT, 1.0)

    async def run(self) -> None:
        if await self._sender.resume():
            return
        self.route = route(self._input, self._means.stage_names)
        if self._input.source is TurnSource.OPERATOR:
            await self._say_verbatim()
        elif (verdict := self._input_verdict()) is not None:
            await self._turn_down(verdict)
        elif self._input.verbatim and not self._caution.turns_aside:
            await self._say_verbatim()
        elif self.route.kind is Kind.SYSTEM:
            await self._obey(self.route.action)
        elif rule := self._caution.turns_aside:
            await self._turn_aside(rule)
        else:
            await self._answer()

    # The kinds of turn ------------------------------------------------------------------------

    async def _say_verbatim(self) -> None:
        """The words that were given, or nothing: nobody speaks in the operator's name."""
        with suppress(ReplyEmpty):
            await self._answering.stream(VerbatimEngine())
        reason = self._answering.blocked_rule or ("" if self._sender.said else "nothing_to_say")
        await self._finish(End(VerbatimEngine.name, "blocked" if reason else "complete", reason))

    def _input_verdict(self) -> Verdict | None:
        """The verdict on what was said to her, where it must not reach an engine."""
        before = said_before_by_the_same(self._sender.turn)
        verdict = self._means.gate.check(self._input.text, "input", before)
        return verdict if verdict.action is GateAction.BLOCK else None

    async def _turn_down(self, verdict: Verdict) -> None:
        given, rule = self._input.text, verdict.rule
        await self._sender.tell_blocked(verdict.action, rule, verdict.category, given, heard=True)
        caring = IN_NEED in self._means.gate.rules(given, "input")
        await self._say_stock(self._stock.care if caring else self._stock.redirect)
        await self._finish(End(STOCK, "blocked", verdict.rule))

    async def _turn_aside(self, rule: str) -> None:
        """Nobody is there to judge what she would say of this."""
        replace_it = GateAction.REPLACE
        await self._sender.tell_blocked(replace_it, rule, "touchy", self._input.text, heard=True)
        await self._speak_of_something_else()
        await self._finish(End(STOCK, "blocked", rule))

    async def _speak_of_something_else(self) -> None:
        caring = self._caution.topic == "suicide"
        await self._say_stock(self._stock.care if caring else self._stock.redirect)

    async def _obey(self, action: str) -> None:
        """Someone who may do so asked for something on stage."""
        await self._say_stock(self._stock.done)
        await self._sender.act([DoOnStage(action)])
        await self._finish(End(STOCK))

    async def _answer(self) -> None:
        before, means = len(self._sender.said), self._means
        try:
            async with means.acknowledging.while_thinking(
                self._sender, means.gate, self._stock.acknowledgements
            ):
                await self._open_eyes()
                engine, error = await self._answering.ask()
        finally:  # a reply that ends without a word was asked something too
            await means.prompts.tell()
        if error is None and engine is not None:
            await self._close_whole(engine, before)
        elif len(self._sender.said) > before:
            await self._say_stock(self._stock.unfinished)
            name = engine.name if engine else STOCK
            await self._finish(End(name, "cut", error.code if error else ""))
        else:
            await self._close_silent(error, before)

    async def _open_eyes(self) -> None:
        """Looks at the screen when the words are about it and no picture came with them."""
        means, answering = self._means, self._answering
        if self.route.kind is Kind.VISION and answering.picture is None:
            shown = bool(self._input.picture)  # and lost on the way: the screen is not what it was
            if not shown and means.look is not None and means.ladder.there(Task.VISION):
                answering.picture = await means.look()
            answering.blind = answering.picture is None
        if answering.picture is not None:
            answering.task = Task.VISION
        elif self.route.kind is Kind.CODE:
            answering.task = Task.CODE

    async def _close_whole(self, engine: ReplyEngine, before: int) -> None:
        """The engine came to the end of what it had to say."""
        answering = self._answering
        said = answering.spoke_after(before)
        if not said and answering.code:
            await self._say_stock(self._stock.code_ready)
        await self._sender.show_code(answering.code)
        if answering.turned_aside:
            await self._speak_of_something_else()
            end = End(engine.name, "cut" if said else "blocked", answering.turned_aside)
            await self._finish(end)
            return
        if not said and answering.blocked_rule:
            await self._say_stock(self._stock.redirect)
            await self._finish(End(engine.name, "blocked", answering.blocked_rule))
            return
        reason = answering.ended or answering.blocked_rule or answering.trouble
        await self._finish(End(engine.name, "cut" if answering.ended else "complete", reason))

    async def _close_silent(self, error: EngineError | None, before: int) -> None:
        """No engine had anything that was said."""
        blind = self._answering.task is Task.VISION and not self._means.ladder.there(Task.VISION)
        if not before:
            await self._say_stock(self._stock.cannot_see if blind else self._stock.all_failed)
        code = error.code if error else ReplyEmpty.code
        await self._finish(End(STOCK, "failed", "no_vision" if blind else code))

    # Stock lines and the end ------------------------------------------------------------------

    async def _say_stock(self, lines: Sequence[str]) -> None:
        await say_stock(self._sender, self._means.gate, lines)

    async def _finish(self, end: End) -> None:
        await self._sender.finish(replace(end, task=self.route.kind.value), self._answering.clock)


def said_before_by_the_same(turn: TurnCommitted) -> str:
    """The last line of chat, if it is of the same viewer: one text may be written in two lines."""
    lines = [line for line in turn.history if line.speaker == "viewer"]
    same = bool(lines) and lines[-1].name == turn.input.author.name
    return lines[-1].text if same else ""
