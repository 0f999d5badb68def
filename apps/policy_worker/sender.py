"""Sends the sentences of one reply to be spoken, each of them once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from apps.policy_worker.actions import Action
from apps.policy_worker.code_blocks import CodeBlock
from apps.policy_worker.progress import LIFETIME_SECONDS, Progress, event_id_of, note_name
from apps.policy_worker.reply_clock import ReplyClock
from apps.policy_worker.stage_orders import order_of
from libs.bus.base import BusError
from libs.contracts.conversation import (
    ActionChosen,
    CodeWritten,
    ReplyFinished,
    TurnCommitted,
    TurnSource,
)
from libs.contracts.envelope import Event
from libs.contracts.safety import BlockedTextShown, GateAction, JudgedPlace, TextBlocked, Verdict
from libs.contracts.speaking import Mood, SpeakSentence
from libs.safety import Judged

#: The slowest voice; the speech before a sentence is not thought shorter than it is.
SLOWEST_CHARACTERS_PER_SECOND = 8.0

Publish = Callable[[Event], Awaitable[None]]
#: A text that was stopped is told of as far as this.
SHOWN_CHARACTERS = 2_000


@dataclass(frozen=True)
class End:
    """How a reply ended: who spoke, and a reason code where something went wrong on the way."""

    engine: str
    outcome: Literal["complete", "blocked", "cut", "failed"] = "complete"
    reason: str = ""
    task: str = "chat"


class Notes(Protocol):
    """The part of the bus on which progress is written down."""

    async def note(self, name: str) -> dict[str, Any] | None: ...

    async def set_note(self, name: str, value: Mapping[str, Any], ttl_seconds: float) -> None: ...


class ReplySender:
    """The outgoing side of one reply.

    Promises: sentences are numbered without gaps; nothing is sent without a verdict that lets it
    pass; a sentence that was sent before a crash keeps its id and its words; one `ReplyFinished`.
    """

    def __init__(self, turn: TurnCommitted, notes: Notes, publish: Publish, again: bool) -> None:
        """`again`: an earlier attempt may have left something."""
        assert turn.utterance_id is not None
        self.turn = turn
        self.utterance_id = turn.utterance_id
        self._notes = notes
        self._publish = publish
        self._again = again
        self._writing = asyncio.Lock()
        self._lost: BusError | None = None
        """Why something may not have been sent: then nothing that follows it is."""
        self._progress = Progress()
        self._begun_at = time.perf_counter()
        self.gate_seconds = 0.0
        self.first_token_seconds: float | None = None
        self.first_sentence_seconds: float | None = None

    @property
    def said(self) -> tuple[str, ...]:
        """What was said of the reply; that the question was heard is no part of it."""
        return tuple(self._progress.said[self._progress.acknowledged :])

    @property
    def begun(self) -> bool:
        """Whether anything was sent, now or before a crash."""
        return bool(self._progress.said)

    @property
    def acknowledged(self) -> bool:
        return self._progress.acknowledged

    @property
    def elapsed_seconds(self) -> float:
        return time.perf_counter() - self._begun_at

    def token_came(self) -> None:
        """A model has begun to write."""
        if self.first_token_seconds is None:
            self.first_token_seconds = self.elapsed_seconds

    async def resume(self) -> bool:
        """Takes up what an earlier attempt left. True when the reply was over already."""
        if not self._again:
            return False
        note = await self._notes.note(note_name(self.utterance_id))
        if note is None:
            return False
        self._progress = Progress.from_note(note)
        left: list[tuple[type[Event], dict[str, Any] | None]] = [
            *((ActionChosen, chosen) for chosen in self._progress.last_actions),
            (SpeakSentence, self._progress.last_sentence),
            (ReplyFinished, self._progress.end),
        ]
        for event_type, body in left:
            if body is not None:
                await self._publish(event_type.model_validate(body))
        return self._progress.end is not None

    async def judged(self, judged: Judged, mood: Mood, actions: Iterable[Action] = ()) -> bool:
        """Sends what passed the gate, with what she does meanwhile; tells of what did not pass.
        True when it was sent."""
        verdict = judged.verdict
        self.gate_seconds += verdict.seconds
        if verdict.action is not GateAction.ALLOW:
            await self.tell_blocked(verdict.action, verdict.rule, verdict.category, judged.text)
        if verdict.action is GateAction.BLOCK:
            return False
        await self._say(verdict, mood, actions)
        return True

    async def acknowledge(self, judged: Judged) -> None:
        """Says as the first sentence that the question was heard. Nothing may have been said yet,
        and the text must have passed the gate."""
        assert not self.begun
        self.gate_seconds += judged.verdict.seconds
        self._progress.acknowledged = True
        await self._say(judged.verdict, Mood.NEUTRAL, ())

    async def tell_blocked(
        self, action: GateAction, rule: str, category: str, text: str, heard: bool = False
    ) -> None:
        """Codes on record, for speech with the number the sentence would have had; the text only
        to those who listen now. `heard`: it is what was said to her."""
        given = self.turn.input
        operators = given.source is TurnSource.OPERATOR
        place: JudgedPlace = "input" if heard else "operator" if operators else "speech"
        blocked = TextBlocked.caused_by(
            self.turn,
            place=place,
            action=action,
            rule=rule,
            category=category,
            sentence_index=None if heard else len(self._progress.said),
        )
        shown = BlockedTextShown.caused_by(
            self.turn,
            blocked_id=blocked.event_id,
            text=text[:SHOWN_CHARACTERS],
            place=place,
            viewer_id=given.author.viewer_id,
            author=given.author.name,
        )
        await asyncio.gather(self._publish(blocked), self._publish(shown))

    async def act(self, actions: Iterable[Action]) -> None:
        """What she does with the sentence that was sent last, if there is one."""
        if self._progress.said and (chosen := self._choose(actions)):
            await self._write_down_and_publish(*chosen)

    def _choose(self, actions: Iterable[Action]) -> list[ActionChosen]:
        """The news among these actions: with one sentence each of them is done once."""
        index, known = len(self._progress.said) - 1, self._progress.last_actions
        have = {_what(ActionChosen.model_validate(body).order) for body in known}
        chosen: list[ActionChosen] = []
        for action in actions:
            part = f"{index}.{len(known)}"
            order = order_of(action, self.turn, event_id_of(self.utterance_id, f"do {part}"))
            if _what(order) in have:
                continue
            have.add(_what(order))
            event_id = event_id_of(self.utterance_id, f"chosen {part}")
            one = ActionChosen.caused_by(
                self.turn,
                event_id=event_id,
                index=index,
                order=order,
                expires_at=self._expires_at(),
            )
            known.append(one.model_dump(mode="json"))
            chosen.append(one)
        return chosen

    async def show_code(self, blocks: Iterable[CodeBlock]) -> None:
        for index, block in enumerate(blocks):
            await self._publish(
                CodeWritten.caused_by(
                    self.turn,
                    event_id=event_id_of(self.utterance_id, f"code {index}"),
                    index=index,
                    language=block.language,
                    text=block.text,
                )
            )

    async def _say(self, verdict: Verdict, mood: Mood, actions: Iterable[Action]) -> None:
        turn, progress = self.turn, self._progress
        index, elapsed = len(progress.said), self.elapsed_seconds
        if self.first_sentence_seconds is None and index >= progress.acknowledged:
            self.first_sentence_seconds = elapsed
        sentence = SpeakSentence.caused_by(
            turn,
            event_id=event_id_of(self.utterance_id, index),
            index=index,
            text=verdict.text,
            mood=mood,
            voice=turn.voice or turn.persona.voice,
            language=turn.persona.language,
            energy=turn.persona.energy,
            verdict=verdict,
            policy_seconds=elapsed,
            first_token_seconds=self.first_token_seconds,
            gate_seconds=verdict.seconds,
            expires_at=self._expires_at(),
        )
        progress.said.append(verdict.text)
        progress.last_sentence, progress.last_actions = sentence.model_dump(mode="json"), []
        await self._write_down_and_publish(*self._choose(actions), sentence)

    def _expires_at(self) -> float | None:
        """A sentence may wait for those before it to be spoken, however long that takes."""
        deadline = self.turn.expires_at
        if deadline is None:
            return None
        return deadline + sum(map(len, self._progress.said)) / SLOWEST_CHARACTERS_PER_SECOND

    async def finish(self, end: End, clock: ReplyClock) -> None:
        usage = clock.usage
        finished = ReplyFinished.caused_by(
            self.turn,
            event_id=event_id_of(self.utterance_id, "finished"),
            sentences=len(self._progress.said),
            text=" ".join(self._progress.said),
            engine=end.engine,
            outcome=end.outcome,
            reason=end.reason,
            task=end.task,
            first_token_seconds=clock.first_token_seconds,
            thinking_seconds=clock.thinking_seconds,
            first_sentence_seconds=self.first_sentence_seconds,
            gate_seconds=self.gate_seconds,
            prompt_tokens=usage.prompt_tokens if usage else None,
            reply_tokens=usage.reply_tokens if usage else None,
        )
        self._progress.end = finished.model_dump(mode="json")
        await self._write_down_and_publish(finished)

    async def _write_down_and_publish(self, *events: Event) -> None:
        """The bus keeps the order of what one worker writes, so one round trip does for all. What
        was written down last is all that may be missing: one at a time."""
        async with self._writing:
            if self._lost is not None:
                raise self._lost
            note = self._progress.as_note()
            writing = self._notes.set_note(note_name(self.utterance_id), note, LIFETIME_SECONDS)
            try:
                await asyncio.gather(writing, *map(self._publish, events))
            except BusError as error:
                self._lost = error
                raise


def _what(order: Event) -> tuple[str, str]:
    """What an order is about, whatever its envelope says."""
    own = set(type(order).model_fields) - set(Event.model_fields)
    return order.type, order.model_dump_json(include=own)
