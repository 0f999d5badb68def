"""The host's voice in the show: he comes first, he may cut her off, and he may go on."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from apps.orchestrator import inputs
from apps.orchestrator.floor import Candidate
from apps.orchestrator.turns import Turn
from libs.bus.base import BusError, Delivery
from libs.contracts.conversation import SkipReason, TurnSource
from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold
from libs.contracts.listening import (
    InterruptionDecided,
    InterruptionKind,
    MicrophoneReported,
    TranscriptFinalized,
    TranscriptUpdated,
)
from libs.telemetry import clock

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: A hold ends by itself after this long, should nobody be there to end it.
HOLD_SECONDS = 2.0
#: So often it is sent again while the host speaks.
RENEW_SECONDS = 0.8
#: Who holds her voice.
HOLDER = "host_first"
#: So many words are no cough.
REAL_WORDS = 2
#: A decision that names nothing is not carried out when it is older.
OLD_DECISION_SECONDS = 5.0

INTERRUPTED = "interrupted by the host"
WENT_ON, SPOKE_FIRST = "host_went_on", "host_spoke_first"


class HostDesk:
    """Promises: a reply in thought is not begun while the host speaks, where `host.thought` says
    so, and not for longer than `host.at_most_seconds` after the last that was heard of him; a
    decision to interrupt cuts the answer it was made about and nothing newer; words that he goes on
    with are answered together with those before, also over a kill of this process.
    """

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker
        self._conversation = worker.conversation
        self._floor = worker.conversation.room.floor
        self._rules = self._floor.rules.host
        self._held = ""
        """The utterance that is kept from beginning."""
        self._cut = ""
        """The utterance that was cut last."""
        self._holding = asyncio.Lock()
        self._next_look: asyncio.TimerHandle | None = None
        self._conversation.when_opened = self._turn_opened

    def stop(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()

    # What is heard of him ---------------------------------------------------------------------

    async def started(self, event: Event) -> None:
        self._floor.host.started(event.emitted_at, event.event_id)
        self._worker.floor.silence.somebody_came(event.emitted_at)
        await self._look()

    async def ended(self, event: Event) -> None:
        """When the words do not come, those who wait are looked at again."""
        self._floor.host.ended(event.emitted_at, _speech_of(event))
        await self._go_on()

    async def dismissed(self, event: Event) -> None:
        """It was nothing: the floor is open again at once."""
        self._floor.host.understood(_speech_of(event))
        await self._go_on()

    async def reported(self, event: MicrophoneReported) -> None:
        if event.voice:
            self._floor.host.heard(event.emitted_at)
        elif event.state.deaf and self._floor.host.goes_on(clock.now()):
            self._floor.host.understood()
            await self._go_on()

    async def partly_understood(self, event: TranscriptUpdated) -> None:
        speech_id = _speech_of(event)
        if not self._floor.host.heard(event.emitted_at, speech_id):
            return
        began_at = self._floor.host.began_at(speech_id) or event.emitted_at
        turn, words = self._in_thought(), len(event.text.split())
        if turn is not None and words >= REAL_WORDS and not self._belongs_to(turn, began_at):
            await self._drop(turn)

    async def understood(
        self, event: TranscriptFinalized, delivery: Delivery
    ) -> Awaitable[None] | None:
        """Words for her. What is returned is done when they are on disk."""
        speech_id = _speech_of(event)
        began_at = self._floor.host.began_at(speech_id) or event.speech_ended_at
        self._floor.host.understood(speech_id)
        candidate = inputs.candidate_of(event.event_id, inputs.from_voice(event))
        turn = self._in_thought()
        if turn is not None and await self._is_new(candidate, delivery):
            if not self._belongs_to(turn, began_at):
                await self._drop(turn)
            elif await self._join(turn, candidate):
                await self._go_on()
                return self._conversation.room.at_hand(candidate)
        await self._look()
        written = await self._worker.accept(candidate, delivery)
        await self._conversation.advance()
        return written

    async def _is_new(self, candidate: Candidate, delivery: Delivery) -> bool:
        if delivery.deliveries == 1:
            return True
        room, is_open = self._conversation.room, self._conversation.is_open(candidate)
        at_hand = is_open or room.at_hand(candidate) is not None
        return not (at_hand or await room.knows(candidate))

    async def _go_on(self) -> None:
        await self._look()
        await self._conversation.advance()

    # A reply in thought -----------------------------------------------------------------------

    def _in_thought(self) -> Turn | None:
        """The open turn, if nothing of it was heard and the host comes before it."""
        turn = self._conversation.active
        if turn is None or turn.outcome is not None or turn.state != "thinking":
            return None
        return None if turn.candidate.input.source is TurnSource.OPERATOR else turn

    def _belongs_to(self, turn: Turn, began_at: float) -> bool:
        """Whether the turn answers words of his that what began then goes on with."""
        given = turn.candidate.input
        if given.source is not TurnSource.VOICE or not self._rules.goes_on_seconds:
            return False
        ended_at = given.arrived_at - given.wait_seconds
        return began_at - ended_at <= self._rules.goes_on_seconds

    async def _join(self, turn: Turn, candidate: Candidate) -> bool:
        earlier = turn.candidate
        both = replace(candidate, input=inputs.joined(earlier.input, candidate.input))
        if not await self._conversation.replace_thought(turn, both, WENT_ON):
            return False
        self._worker.feed.went_on(earlier.input_id)
        self._worker.counters["host_went_on"] += 1
        return True

    async def _drop(self, turn: Turn) -> None:
        if self._rules.thought != "drop":
            return
        await self._conversation.drop_thought(SPOKE_FIRST)
        if turn.reason == SPOKE_FIRST:
            detail = "the host spoke before the answer was heard"
            reason = SkipReason.OUTRANKED
            await self._conversation.room.drop(turn.candidate, reason, detail)
            self._worker.counters["thoughts_dropped_for_host"] += 1

    # Holding her voice ------------------------------------------------------------------------

    async def _turn_opened(self, turn: Turn) -> None:
        if self._held or self._floor.host.goes_on(clock.now()):
            await self._look_again()

    def _to_be_held(self, now: float) -> str:
        """The utterance that must not begin now. One that was held stays so until he is done."""
        turn = self._conversation.active
        if self._rules.thought == "go_on" or turn is None or not self._floor.host.goes_on(now):
            return ""
        held = turn.outcome is None and turn.utterance_id == self._held
        return turn.utterance_id if held or self._in_thought() is turn else ""

    async def _look(self) -> None:
        """Holds her voice or lets it go, as it should be now."""
        async with self._holding:
            now = clock.now()
            before, self._held = self._held, self._to_be_held(now)
            if self._held:
                self._conversation.think_on()
                self._look_in(min(RENEW_SECONDS, self._floor.host.over_at - now))
                await self._hold(SpeechHold.PAUSED, HOLD_SECONDS)
            elif before:
                await self._hold(SpeechHold.NONE, 0.0)

    async def _hold(self, hold: SpeechHold, seconds: float) -> None:
        order = HoldSpeaking(
            show=self._worker.show,
            hold=hold,
            at_most_seconds=seconds,
            by=HOLDER,
            expires_at=clock.now() + seconds if seconds else None,
        )
        await self._worker.publish(order)

    def _look_in(self, seconds: float) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        loop = asyncio.get_running_loop()
        self._next_look = loop.call_later(max(0.01, seconds), self._look_now)

    def _look_now(self) -> None:
        self._worker.spawn("look after the host's floor", self._look_again())

    async def _look_again(self) -> None:
        """A bus that fails must end neither a task nor the turn that is being opened."""
        with suppress(BusError):  # without a bus nobody begins to speak either
            await self._look()

    # Cutting her off --------------------------------------------------------------------------

    async def decided(self, event: InterruptionDecided, delivery: Delivery) -> None:
        if not event.kind.cuts:
            return
        worker, turn = self._worker, self._meant(event, delivery)
        if turn is None or turn.utterance_id == self._cut:
            worker.counters["interruptions_too_late"] += 1
            return
        source = turn.candidate.input.source
        if event.kind is not InterruptionKind.KEYWORD and source not in self._rules.interrupts:
            worker.counters["interruptions_refused"] += 1
            told = (
                f"The host spoke over a line that he may not cut off ({source.value}): it goes on."
            )
            worker.feed.system(f"protected {event.event_id}", told)
            return
        self._cut, turn.cut_by = turn.utterance_id, INTERRUPTED
        worker.counters["interruptions_by_host"] += 1
        await self._conversation.interrupt(INTERRUPTED, "the host's voice")
        await worker.tell_epoch()

    def _meant(self, event: InterruptionDecided, delivery: Delivery) -> Turn | None:
        """The open turn, if the decision was made about it."""
        turn = self._conversation.active
        if turn is None or turn.outcome is not None:
            return None
        if event.utterance_id is not None:
            return turn if turn.utterance_id == event.utterance_id else None
        old = max(delivery.age_seconds, clock.now() - event.emitted_at) > OLD_DECISION_SECONDS
        return None if old or turn.opened_at > event.emitted_at else turn


def _speech_of(event: Event) -> str:
    """Every event of a speech names its start as its cause; nothing: it is any that goes on."""
    return event.cause_id or ""
