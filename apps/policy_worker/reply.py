"""One turn being answered: input judged, engine asked, sentences sent, an end in every case."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from apps.policy_worker.actions import Allowed, DoOnStage
from apps.policy_worker.code_blocks import code_blocks
from apps.policy_worker.editor import Cut, Editor
from apps.policy_worker.engine_ladder import EngineLadder
from apps.policy_worker.engines.base import (
    Picture,
    Pieces,
    ReplyEngine,
    ReplyRequest,
    Task,
    Truncated,
)
from apps.policy_worker.engines.errors import (
    EngineError,
    OtherLanguage,
    ReplyEmpty,
    ReplyRepeated,
)
from apps.policy_worker.engines.prompt import system_text_of
from apps.policy_worker.engines.verbatim import VerbatimEngine
from apps.policy_worker.patience import Patience, in_time
from apps.policy_worker.reply_clock import ReplyClock
from apps.policy_worker.reply_text import Line, ReplyText, Unsaid
from apps.policy_worker.router import Kind, Route, route
from apps.policy_worker.sender import End, ReplySender
from apps.policy_worker.token_feed import TokenFeed
from libs.contracts.conversation import TurnCommitted, TurnSource
from libs.contracts.safety import GateAction, Verdict
from libs.contracts.speaking import Mood
from libs.safety import Gate, Judged, StreamGate
from libs.settings.personas import Persona
from libs.speech.sentences import SentenceCutter

#: Told when an engine failed before anything was said: its name and the error's code.
Retried = Callable[[str, str], None]

#: The engine's name where a stock line of the persona was all there was.
STOCK = "stock"
#: So many of her last replies are not said again.
REMEMBERED_REPLIES = 3


class Listener(Protocol):
    """Who is told of what people should know."""

    async def engine_failed(self, engine: ReplyEngine, error: EngineError) -> None: ...

    async def not_supported(self, kind: str) -> None:
        """She asked for a kind of action that nobody carries out yet."""
        ...


@dataclass(frozen=True)
class Means:
    """What a reply is made with."""

    persona: Persona
    gate: Gate
    ladder: EngineLadder
    patience: Patience
    counters: Counter[str]
    listener: Listener
    stage_names: tuple[str, ...] = ()


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
        self._turn = sender.turn
        self._means = means
        self._persona = means.persona
        self._feed = feed
        self._picture = picture
        self._retried = retried
        self._clock = ReplyClock()
        self._route = Route(Kind.CHAT, 1.0)
        self._ended = ""
        self._blocked_rule = ""
        self._trouble = ""
        """The first thing that went wrong and was mended."""

    @property
    def route(self) -> Route:
        return self._route

    async def run(self) -> None:
        if await self._sender.resume():
            return
        self._route = route(self._turn.input, self._means.stage_names)
        if self._turn.input.source is TurnSource.OPERATOR:
            await self._say_for_operator()
        elif (verdict := self._input_verdict()) is not None:
            await self._turn_down(verdict)
        elif self._route.kind is Kind.SYSTEM:
            await self._obey(self._route.action)
        else:
            await self._answer()

    # The kinds of turn ------------------------------------------------------------------------

    async def _say_for_operator(self) -> None:
        """The operator's words, or nothing: nobody speaks in the operator's name."""
        with suppress(ReplyEmpty):
            await self._stream(VerbatimEngine())
        said = bool(self._sender.said)
        reason = self._blocked_rule or ("" if said else "nothing_to_say")
        await self._finish(End(VerbatimEngine.name, "blocked" if reason else "complete", reason))

    def _input_verdict(self) -> Verdict | None:
        """The verdict on what was said to her, where it must not reach an engine."""
        verdict = self._means.gate.check(self._turn.input.text, "input")
        return verdict if verdict.action is GateAction.BLOCK else None

    async def _turn_down(self, verdict: Verdict) -> None:
        await self._sender.tell_blocked(verdict.action, verdict.rule, verdict.category, "input")
        stock = self._persona.stock
        caring = verdict.category == "self_harm"
        await self._say_stock(stock.care if caring else stock.redirect)
        await self._finish(End(STOCK, "blocked", verdict.rule))

    async def _obey(self, action: str) -> None:
        """Someone who may do so asked for something on stage."""
        await self._say_stock(self._persona.stock.done)
        await self._sender.act([DoOnStage(action)])
        await self._finish(End(STOCK))

    async def _answer(self) -> None:
        stock = self._persona.stock
        before = len(self._sender.said)
        engine, error = await self._ask_engines()
        name = engine.name if engine else STOCK
        said = len(self._sender.said) > before
        if error is not None and not said:
            blind = self._picture is not None and not self._means.ladder.there(Task.VISION)
            if not before:
                await self._say_stock(stock.cannot_see if blind else stock.all_failed)
            await self._finish(End(STOCK, "failed", "no_vision" if blind else error.code))
        elif error is not None:
            await self._say_stock(stock.unfinished)
            await self._finish(End(name, "cut", error.code))
        elif not said and self._blocked_rule:
            await self._say_stock(stock.redirect)
            await self._finish(End(name, "blocked", self._blocked_rule))
        else:
            reason = self._ended or self._blocked_rule or self._trouble
            await self._finish(End(name, "cut" if self._ended else "complete", reason))

    # Engines ----------------------------------------------------------------------------------

    @property
    def _task(self) -> Task:
        if self._picture is not None:
            return Task.VISION
        return Task.CODE if self._route.kind is Kind.CODE else Task.CHAT

    async def _ask_engines(self) -> tuple[ReplyEngine | None, EngineError | None]:
        """The engine that answered, and how it broke off if it did."""
        means = self._means
        error: EngineError | None = None
        for engine in means.ladder.there(self._task):
            for attempt in range(means.ladder.retries + 1):
                await means.ladder.pause_before(attempt)
                said = len(self._sender.said)
                try:
                    await self._stream(engine)
                except EngineError as failure:
                    error = failure
                    again = await self._note_failure(engine, failure)
                    if len(self._sender.said) > said or self._blocked_rule:
                        return engine, error
                    self._retried(engine.name, failure.code)
                    if not again:
                        break
                else:
                    return engine, None
        return None, error or ReplyEmpty("no engine is there")

    async def _note_failure(self, engine: ReplyEngine, failure: EngineError) -> bool:
        """True when the engine may be asked again."""
        self._trouble = self._trouble or failure.code
        self._means.counters[f"engine_{failure.code}"] += 1
        await self._means.listener.engine_failed(engine, failure)
        return self._means.ladder.failed(engine, failure)

    async def _stream(self, engine: ReplyEngine) -> None:
        """Sends what the engine writes, sentence by sentence. Raises `EngineError`."""
        before = self._sender.said
        text = self._reply_text(engine, before)
        raw: list[str] = []
        truncated = False
        self._clock.asked()
        try:
            pieces = engine.reply(self._request(before))
            async with aclosing(pieces), aclosing(self._in_time(pieces, text)) as timely:
                async for piece in timely:
                    if isinstance(piece, str):
                        raw.append(piece)
                        await self._send(text.feed(piece))
                        await self._feed.add(text.speech)
                    truncated = truncated or isinstance(piece, Truncated)
                    self._clock.came(piece, text.thinking)
                    if text.ended:
                        break
            await self._send(text.finish(truncated))
            await self._feed.flush()
        finally:
            self._clock.thought_ended()
            self._means.counters.update(text.trouble.counters)
        self._ended = text.ended
        await self._after_speech(text, "".join(raw), before)

    def _in_time(self, pieces: Pieces, text: ReplyText) -> Pieces:
        return in_time(pieces, self._means.patience, lambda: text.begun)

    async def _after_speech(self, text: ReplyText, raw: str, before: tuple[str, ...]) -> None:
        """What belongs to a reply beside its sentences. Raises `EngineError` when it has none."""
        for kind in text.trouble.unsupported:
            await self._means.listener.not_supported(kind)
        if text.trouble.counters["sentences_other_language"]:
            self._trouble = self._trouble or OtherLanguage.code
        blocks = code_blocks(raw) if self._task is Task.CODE else []
        if blocks and self._sender.said == before and not self._blocked_rule:
            await self._say_stock(self._persona.stock.code_ready)
        if self._sender.said != before:
            await self._sender.act(text.last_actions)
        await self._sender.show_code(blocks)
        if self._sender.said == before and not self._blocked_rule and not before:
            raise _EMPTY.get(text.only_reason, ReplyEmpty)("nothing to say")

    def _request(self, before: tuple[str, ...]) -> ReplyRequest:
        return ReplyRequest(
            self._turn,
            self._persona,
            before,
            self._task,
            self._picture,
            self._means.stage_names,
        )

    # Sentences --------------------------------------------------------------------------------

    def _reply_text(self, engine: ReplyEngine, before: tuple[str, ...]) -> ReplyText:
        turn, persona = self._turn, self._persona
        allowed = Allowed(persona.moods, self._means.stage_names, persona.hotkeys)
        verbatim = turn.input.source is TurnSource.OPERATOR
        recent = () if engine.capabilities.scripted else _last_lines(turn)
        editor = Editor(persona, before, recent, verbatim)
        mood = allowed.mood_of(turn.mood) or Mood.NEUTRAL
        return ReplyText(self._stream_gate(), editor, allowed, mood, before, verbatim)

    def _stream_gate(self) -> StreamGate:
        given, gate = self._turn.input, self._means.gate
        if given.source is TurnSource.OPERATOR:
            return StreamGate(gate, place="operator", operator=given.override)
        return StreamGate(gate, system_text_of(self._turn.persona, self._persona))

    async def _send(self, lines: Iterable[Line | Unsaid]) -> None:
        for line in lines:
            if isinstance(line, Unsaid):
                self._blocked_rule = self._blocked_rule or line.rule
                await self._sender.tell_blocked(GateAction.BLOCK, line.rule, line.category)
            elif await self._sender.judged(line.judged, line.mood):
                await self._sender.act(line.actions)
            else:
                self._blocked_rule = self._blocked_rule or line.judged.verdict.rule

    async def _say_stock(self, lines: Sequence[str]) -> None:
        """One stock line, unless one of them was said before a crash. It passes the gate too; where
        it does not, the next one may."""
        if set(lines) & set(self._sender.said):
            return
        order = list(lines)
        Random(self._turn.turn_id or self._turn.event_id).shuffle(order)
        for line in order:
            verdict = self._means.gate.check(line)
            if verdict.action is not GateAction.BLOCK:
                await self._sender.judged(Judged(line, verdict), Mood.NEUTRAL)
                return

    async def _finish(self, end: End) -> None:
        await self._sender.finish(replace(end, task=self._route.kind.value), self._clock)


_EMPTY: dict[Cut | None, type[EngineError]] = {
    Cut.OTHER_LANGUAGE: OtherLanguage,
    Cut.SAID_LAST_TIME: ReplyRepeated,
}


def _last_lines(turn: TurnCommitted) -> list[str]:
    """The sentences of her last replies, cut as they were when she said them."""
    own = [line.text for line in turn.history if line.speaker == "kitsu"]
    sentences: list[str] = []
    for text in own[-REMEMBERED_REPLIES:]:
        cutter = SentenceCutter()
        sentences += [*cutter.feed(text), *cutter.finish()]
    return sentences
