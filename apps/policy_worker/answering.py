"""Engines being asked for one turn, and what they write being sent, sentence by sentence."""

from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import replace

from apps.policy_worker.actions import Action, Allowed, words_of
from apps.policy_worker.caution import Caution
from apps.policy_worker.code_blocks import CodeBlock, code_blocks
from apps.policy_worker.editor import Cut, Editor
from apps.policy_worker.engines.base import (
    Picture,
    Pieces,
    ReplyEngine,
    ReplyRequest,
    Task,
    ToolCall,
    Truncated,
    Usage,
)
from apps.policy_worker.engines.errors import (
    EngineError,
    OtherLanguage,
    ReplyEmpty,
    ReplyRepeated,
)
from apps.policy_worker.engines.prompt import system_text_of
from apps.policy_worker.means import Means
from apps.policy_worker.patience import in_time
from apps.policy_worker.reply_clock import ReplyClock
from apps.policy_worker.reply_text import Line, ReplyText, Unsaid
from apps.policy_worker.sayable_names import with_sayable_names
from apps.policy_worker.sender import ReplySender
from apps.policy_worker.token_feed import TokenFeed
from apps.policy_worker.tool_use import ToolUse
from libs.contracts.conversation import TurnCommitted, TurnSource
from libs.contracts.safety import GateAction
from libs.contracts.speaking import Mood
from libs.safety import Judged, StreamGate
from libs.speech.sentences import SentenceCutter

#: Told when an engine failed before anything was said: its name and the error's code.
Retried = Callable[[str, str], None]

#: Later than this no model is asked any more: the next one could not answer in good time either.
LATEST_QUESTION_SECONDS = 7.0
#: So many of her last replies are not said again.
REMEMBERED_REPLIES = 3


class Answering:
    """Promises: the next engine is asked only while nothing was said; what comes from an engine's
    error is never voiced, only its code is kept.

    After `ask` or `stream`: `ended` is why the rest was not wanted, `blocked_rule` the first rule
    that stopped a sentence, `turned_aside` the rule by which she must speak of something else,
    `trouble` the first thing that went wrong and was mended, `code` the pieces of code that were
    written.
    """

    def __init__(
        self,
        sender: ReplySender,
        means: Means,
        feed: TokenFeed,
        retried: Retried,
        caution: Caution,
    ) -> None:
        self._sender = sender
        self._turn = with_sayable_names(sender.turn, means.gate, means.persona.scripted.nameless)
        self._means = means
        self._feed = feed
        self._retried = retried
        self._caution = caution
        self._secret = system_text_of(self._turn.persona, means.persona)
        self._tools = ToolUse(sender, means)
        self.task = Task.CHAT
        self.picture: Picture | None = None
        self.blind = False
        """The words are about something to be seen that cannot be seen."""
        self.clock = ReplyClock()
        self.ended = ""
        self.blocked_rule = ""
        self.turned_aside = ""
        self.trouble = ""
        self.code: list[CodeBlock] = []

    async def ask(self) -> tuple[ReplyEngine | None, EngineError | None]:
        """The engine that answered, and how it broke off if it did."""
        ladder, error = self._means.ladder, None
        for engine in ladder.there(self.task):
            for attempt in range(ladder.retries + 1):
                if self._too_late_for(engine):
                    break
                await ladder.pause_before(attempt)
                said = len(self._sender.said)
                try:
                    await self.stream(engine)
                except EngineError as failure:
                    error = failure
                    again = await self._note_failure(engine, failure)
                    if len(self._sender.said) > said or self.blocked_rule:
                        return engine, error
                    self._retried(engine.name, failure.code)
                    if not again:
                        break
                else:
                    return engine, None
        return None, error or ReplyEmpty("no engine is there")

    def _too_late_for(self, engine: ReplyEngine) -> bool:
        late = self._sender.elapsed_seconds > LATEST_QUESTION_SECONDS
        return late and not engine.capabilities.scripted

    async def _note_failure(self, engine: ReplyEngine, failure: EngineError) -> bool:
        """True when the engine may be asked again."""
        self.trouble = self.trouble or failure.code
        self._means.counters[f"engine_{failure.code}"] += 1
        await self._means.listener.engine_failed(engine, failure)
        return self._means.ladder.failed(engine, failure)

    async def stream(self, engine: ReplyEngine) -> None:
        """Sends what the engine writes, with the tools it asks for on the way. Raises
        `EngineError`, also when nothing of it could be said and no rule stopped it."""
        gate = self._stream_gate()
        raw: list[str] = []
        mood = self._turn.mood
        while True:
            text = self._reply_text(engine, gate, mood)
            calls = await self._ask_once(engine, text, raw)
            if not calls:
                break
            await self._tools.carry_out(calls)
            mood = text.mood
        await self._feed.flush()
        self.ended = text.ended
        self.trouble = self.trouble or self._tools.trouble
        coding = self.task is Task.CODE and not self.turned_aside
        self.code = code_blocks("".join(raw)) if coding else []
        if not (self.spoke_after(0) or self.blocked_rule or self.code):
            raise _EMPTY.get(text.only_reason, ReplyEmpty)("nothing to say")

    async def _ask_once(
        self, engine: ReplyEngine, text: ReplyText, raw: list[str]
    ) -> list[ToolCall]:
        """One question to the engine. Returns the tools it waits for; none where the rest is not
        wanted."""
        before = self._sender.said
        request = self._request(engine)
        self._means.prompts.asked(engine, request)
        calls: list[ToolCall] = []
        self.clock.asked()
        try:
            await self._send_pieces(engine.reply(request), text, raw, calls)
        except EngineError as failure:
            if not text.speech_closed or self._sender.said == before:
                raise
            calls.clear()
            await self._note_failure(engine, failure)  # behind the last word: nobody hears it
            await self._send(text.finish())
        finally:
            self.clock.thought_ended()
            self._means.counters.update(text.trouble.counters)
        await self._look_back(text, before)
        over = text.ended or self.turned_aside
        return calls if request.tools and not over else []

    async def _send_pieces(
        self, pieces: Pieces, text: ReplyText, raw: list[str], calls: list[ToolCall]
    ) -> None:
        """Collects the raw reply and the calls on the way."""
        truncated = False
        async with aclosing(pieces), aclosing(self._in_time(pieces, text)) as timely:
            async for piece in timely:
                if not isinstance(piece, Usage):
                    self._sender.token_came()
                if isinstance(piece, str):
                    raw.append(piece)
                    await self._send(text.feed(piece))
                    await self._feed.add(text.speech)
                elif isinstance(piece, ToolCall):
                    calls.append(piece)
                truncated = truncated or isinstance(piece, Truncated)
                self.clock.came(piece, text.thinking)
                over = text.over and self.task is not Task.CODE
                if text.ended or over or self.turned_aside:
                    break
        await self._send(text.finish(truncated))

    def _in_time(self, pieces: Pieces, text: ReplyText) -> Pieces:
        return in_time(pieces, self._means.patience, lambda: text.begun)

    async def _send(self, lines: Iterable[Line | Unsaid]) -> None:
        for line in lines:
            if self.turned_aside:
                return
            if isinstance(line, Unsaid):
                await self._unsaid(line)
            elif not await self._is_safe(line):
                return
            elif not await self._sender.judged(
                self._with_wait(line.judged), line.mood, line.actions
            ):
                self.blocked_rule = self.blocked_rule or line.judged.verdict.rule

    async def _unsaid(self, line: Unsaid) -> None:
        self.blocked_rule = self.blocked_rule or line.rule
        block = GateAction.BLOCK
        await self._sender.tell_blocked(block, line.rule, line.category, line.text)

    async def _is_safe(self, line: Line) -> bool:
        """False when the reply ends before this line, for its topic is touchy."""
        text = line.judged.verdict.text
        if not text or self._turn.input.source is TurnSource.OPERATOR:
            return True
        text = " ".join(filter(None, (text, *map(words_of, line.actions))))
        rule = await self._caution.objection(self._sender.said, text)
        if not rule:
            return True
        self.turned_aside = rule
        await self._unsaid(Unsaid(rule, rule.partition(".")[0], text))
        return False

    def _with_wait(self, judged: Judged) -> Judged:
        """Waiting for the guard is time that the gate took."""
        waited = self._caution.seconds
        if not waited or judged.verdict.action is GateAction.BLOCK:
            return judged
        seconds = judged.verdict.seconds + waited
        return replace(judged, verdict=judged.verdict.model_copy(update={"seconds": seconds}))

    async def _look_back(self, text: ReplyText, before: tuple[str, ...]) -> None:
        if text.trouble.counters["sentences_other_language"]:
            self.trouble = self.trouble or OtherLanguage.code
        if self._sender.said != before and not self.turned_aside:
            await self._sender.act([a for a in text.last_actions if await self._is_harmless(a)])

    async def _is_harmless(self, action: Action) -> bool:
        """False when its words are not to be read: nothing else is wrong with the reply."""
        words = words_of(action)
        rule = await self._caution.objection(self._sender.said, words) if words else ""
        if rule:
            block = GateAction.BLOCK
            await self._sender.tell_blocked(block, rule, rule.partition(".")[0], words)
        return not rule

    def spoke_after(self, sentences: int) -> bool:
        """Whether more was said after so many sentences than that it takes a moment."""
        return any(
            line not in self._means.persona.stock.hold_on for line in self._sender.said[sentences:]
        )

    # What it is made of -----------------------------------------------------------------------

    def _request(self, engine: ReplyEngine) -> ReplyRequest:
        return ReplyRequest(
            self._turn,
            self._means.persona,
            self._sender.said,
            self.task,
            self.picture,
            self._means.stage_names,
            self._means.items,
            self.blind,
            self._tools.offered(engine, self.task),
            self._tools.heard_of(engine, self.task),
        )

    def _reply_text(self, engine: ReplyEngine, gate: StreamGate, mood: str) -> ReplyText:
        turn, persona, before = self._turn, self._means.persona, self._sender.said
        means = self._means
        allowed = Allowed(
            persona.moods, means.stage_names, persona.hotkeys, means.items, persona.actions
        )
        verbatim = turn.input.verbatim or turn.input.source is TurnSource.OPERATOR
        recent = () if engine.capabilities.scripted else _last_lines(turn)
        editor = Editor(persona, self._secret, before, recent, verbatim)
        first = allowed.mood_of(mood) or Mood.NEUTRAL
        return ReplyText(gate, editor, allowed, first, before, verbatim)

    def _stream_gate(self) -> StreamGate:
        given, gate = self._turn.input, self._means.gate
        if given.source is TurnSource.OPERATOR:
            return StreamGate(gate, place="operator", operator=given.override)
        return StreamGate(gate, self._secret)


_EMPTY: dict[Cut | None, type[EngineError]] = {
    Cut.OTHER_LANGUAGE: OtherLanguage,
    Cut.SAID_LAST_TIME: ReplyRepeated,
}


def _last_lines(turn: TurnCommitted) -> list[str]:
    """The sentences of her last replies, whole, and cut as they were when she said them."""
    own = [line.text for line in turn.history if line.speaker == "kitsu"]
    sentences: list[str] = []
    for text in own[-REMEMBERED_REPLIES:]:
        for cutter in (SentenceCutter(), SentenceCutter(first_piece=len(text) + 1)):
            sentences += [*cutter.feed(text), *cutter.finish()]
    return sentences
