"""One turn being answered: input judged, engine asked, sentences sent, an end in every case."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from random import Random
from typing import Literal

from apps.policy_worker.engine_ladder import EngineLadder
from apps.policy_worker.engines.base import EngineError, ReplyEmpty, ReplyEngine, ReplyRequest
from apps.policy_worker.engines.prompt import system_text_of
from apps.policy_worker.engines.verbatim import VerbatimEngine
from apps.policy_worker.progress import mood_of
from apps.policy_worker.reply_text import Line, ReplyText
from apps.policy_worker.sender import ReplySender
from apps.policy_worker.token_feed import TokenFeed
from libs.contracts.conversation import TurnSource
from libs.contracts.safety import GateAction, Verdict
from libs.contracts.speaking import Mood
from libs.safety import Gate, Judged, StreamGate
from libs.settings.personas import Persona

Outcome = Literal["complete", "blocked", "cut", "failed"]

#: Told when an engine failed before anything was said: its name and the error's code.
Retried = Callable[[str, str], None]

#: The engine's name where a stock line of the persona was all there was.
STOCK = "stock"


class Reply:
    """Answers one turn.

    Promises: whatever engines and gate do, `run` ends with one `ReplyFinished`, and a viewer's turn
    with something said; no switch of engines once a sentence was sent; what comes from an engine's
    error is never voiced, only its code is told.
    """

    def __init__(
        self,
        sender: ReplySender,
        persona: Persona,
        gate: Gate,
        ladder: EngineLadder,
        feed: TokenFeed,
        counters: Counter[str],
        retried: Retried,
    ) -> None:
        self._sender = sender
        self._turn = sender.turn
        self._persona = persona
        self._gate = gate
        self._ladder = ladder
        self._feed = feed
        self._counters = counters
        self._retried = retried
        self._first_token_seconds: float | None = None
        self._ended = ""
        self._blocked_rule = ""

    async def run(self) -> None:
        if await self._sender.resume():
            return
        if self._turn.input.source is TurnSource.OPERATOR:
            await self._say_for_operator()
        elif (verdict := self._input_verdict()) is not None:
            await self._turn_down(verdict)
        else:
            await self._answer()

    # The three kinds of turn ------------------------------------------------------------------

    async def _say_for_operator(self) -> None:
        """The operator's words, or nothing: nobody speaks in the operator's name."""
        with suppress(ReplyEmpty):
            await self._stream(VerbatimEngine())
        said = bool(self._sender.said)
        outcome: Outcome = "complete" if said and not self._blocked_rule else "blocked"
        reason = self._blocked_rule or ("" if said else "nothing_to_say")
        await self._finish(VerbatimEngine.name, outcome, reason)

    def _input_verdict(self) -> Verdict | None:
        """The verdict on what was said to her, where it must not reach an engine."""
        verdict = self._gate.check(self._turn.input.text, "input")
        return verdict if verdict.action is GateAction.BLOCK else None

    async def _turn_down(self, verdict: Verdict) -> None:
        await self._sender.tell_blocked(verdict, "input")
        stock = self._persona.stock
        caring = verdict.category == "self_harm"
        await self._say_stock(stock.care if caring else stock.redirect)
        await self._finish(STOCK, "blocked", verdict.rule)

    async def _answer(self) -> None:
        before = len(self._sender.said)
        engine, error = await self._ask_engines()
        name = engine.name if engine else STOCK
        said = len(self._sender.said) > before
        if error is not None and not said:
            if not before:
                await self._say_stock(self._persona.stock.all_failed)
            await self._finish(STOCK, "failed", error.code)
        elif error is not None:
            await self._say_stock(self._persona.stock.unfinished)
            await self._finish(name, "cut", error.code)
        elif not said and self._blocked_rule:
            await self._say_stock(self._persona.stock.redirect)
            await self._finish(name, "blocked", self._blocked_rule)
        else:
            outcome: Outcome = "cut" if self._ended else "complete"
            await self._finish(name, outcome, self._ended or self._blocked_rule)

    # Engines ----------------------------------------------------------------------------------

    async def _ask_engines(self) -> tuple[ReplyEngine | None, EngineError | None]:
        """The engine that answered, and how it broke off if it did."""
        error: EngineError | None = None
        for engine in self._ladder.there():
            for attempt in range(self._ladder.retries + 1):
                await self._ladder.pause_before(attempt)
                said = len(self._sender.said)
                try:
                    await self._stream(engine)
                except EngineError as failure:
                    error = failure
                    self._ladder.failed(engine, failure)
                    self._counters[f"engine_{failure.code}"] += 1
                    if len(self._sender.said) > said or self._blocked_rule:
                        return engine, error
                    self._retried(engine.name, failure.code)
                    if not failure.again:
                        break
                else:
                    return engine, None
        return None, error or ReplyEmpty("no engine is there")

    async def _stream(self, engine: ReplyEngine) -> None:
        """Sends what the engine writes, sentence by sentence. Raises `EngineError`."""
        turn, sender = self._turn, self._sender
        before = sender.said
        mood = mood_of(turn.mood) or Mood.NEUTRAL
        verbatim = turn.input.source is TurnSource.OPERATOR
        text = ReplyText(self._stream_gate(), mood, before, verbatim)
        asked_at = time.perf_counter()
        try:
            async with aclosing(engine.reply(ReplyRequest(turn, self._persona, before))) as pieces:
                async for piece in pieces:
                    if self._first_token_seconds is None:
                        self._first_token_seconds = time.perf_counter() - asked_at
                    await self._send(text.feed(piece))
                    await self._feed.add(text.speech)
                    if text.ended:
                        break
            await self._send(text.finish())
            await self._feed.flush()
        finally:
            self._counters.update(text.dropped)
        self._ended = text.ended
        if len(sender.said) == len(before) and not self._blocked_rule and not before:
            raise ReplyEmpty(engine.name)

    def _stream_gate(self) -> StreamGate:
        given = self._turn.input
        if given.source is TurnSource.OPERATOR:
            return StreamGate(self._gate, place="operator", operator=given.override)
        return StreamGate(self._gate, system_text_of(self._turn.persona, self._persona))

    async def _send(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if not await self._sender.judged(line.judged, line.mood):
                self._blocked_rule = self._blocked_rule or line.judged.verdict.rule

    async def _say_stock(self, lines: Sequence[str]) -> None:
        """One stock line, unless one of them was said before a crash. It passes the gate too; where
        it does not, the next one may."""
        if set(lines) & set(self._sender.said):
            return
        order = list(lines)
        Random(self._turn.turn_id or self._turn.event_id).shuffle(order)
        for line in order:
            verdict = self._gate.check(line)
            if verdict.action is not GateAction.BLOCK:
                await self._sender.judged(Judged(line, verdict), Mood.NEUTRAL)
                return

    async def _finish(self, engine: str, outcome: Outcome, reason: str) -> None:
        await self._sender.finish(engine, outcome, reason, self._first_token_seconds)
