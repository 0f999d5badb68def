"""Plays the playlist on an output and owns the truth of what was heard."""

import time
from collections.abc import Callable
from typing import Protocol

from apps.stage import facts
from apps.stage.holds import Holds
from apps.stage.journal import Journal, Memory, Remembered, Told
from apps.stage.outputs.base import Output
from apps.stage.playlist import Playlist
from apps.stage.utterance import Utterance
from apps.stage.waiting_orders import WaitingOrders
from libs.contracts.conversation import ActionChosen, RememberFact, ReplyFinished
from libs.contracts.envelope import Event
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import (
    AudioChunk,
    PlaybackOutcome,
    SentenceSynthesized,
)
from libs.telemetry import clock

#: Sound handed to the output before it is due: rides out a stall of this process.
AHEAD_SECONDS = 1.5
#: `PlaybackProgressed` and the journal's notes of the position.
PROGRESS_SECONDS = 0.25
#: An order that was not carried out this soon belongs to a sentence that is over.
ORDER_SECONDS = 5.0


class Watcher(Protocol):
    """Sees what is on air: the overlay pages' captions and character."""

    def began(self, utterance: Utterance, number: int) -> None: ...

    def moved(self, utterance: Utterance, position: int) -> None: ...

    def held(self, hold: SpeechHold) -> None: ...

    def ended(self, utterance: Utterance, outcome: PlaybackOutcome) -> None: ...


class Player:
    """From arriving sound to published facts.

    No method waits for anything, so that none can come between two others. Promises: each
    utterance gets one terminal fact; it is in the journal before it is handed to `publish`; facts
    are handed over in the order in which they happened; an utterance of which any sound was given
    to the output is never begun again, also not after a crash; an order is given once, when
    something of its sentence was heard, and never when nothing was; while she is paused nothing
    begins, and what plays goes on afterwards from the sample at which it stood.
    """

    def __init__(
        self,
        playlist: Playlist,
        output: Output,
        journal: Journal,
        publish: Callable[[Event], None],
        watcher: Watcher,
        now: Callable[[], float] = time.monotonic,
        show_now: Callable[[], float] = clock.now,
    ) -> None:
        self.playlist = playlist
        self.output = output
        self._journal = journal
        self._publish = publish
        self._watcher = watcher
        self._now = now
        self._show_now = show_now
        self._orders = WaitingOrders()
        self._holds = Holds()
        self.held = SpeechHold.NONE
        self._paused_at = 0.0
        self._number = 0
        self._fed = 0
        self._told_all = False
        self._said_started = False
        self._progress_at = 0.0
        self._halted = False
        self.refused = 0

    @property
    def position(self) -> int:
        return self.output.playing().position if self.playlist.current else 0

    # What arrives ------------------------------------------------------------------------------

    def audio(self, event: AudioChunk, pcm: bytes) -> None:
        utterance = self._utterance(event)
        if utterance is None or not utterance.add(event, pcm):
            self.refused += 1
        self.look()

    def synthesized(self, event: SentenceSynthesized) -> None:
        utterance = self._utterance(event)
        if utterance is None or not utterance.close_sentence(event):
            self.refused += 1
        self.look()

    def chosen(self, event: ActionChosen) -> None:
        """It opens no utterance: what is done beside speaking needs something that is said."""
        identity = event.utterance_id
        if not identity or self.playlist.has_ended(identity) or not self._orders.add(event):
            return
        self._journal.chosen(event)
        self.look()

    def reply_finished(self, event: ReplyFinished) -> None:
        utterance = self._utterance(event)
        if utterance is not None and utterance.expected is None:
            utterance.expected = event.sentences
            utterance.text_told = event.text
            self._journal.replied(utterance)
        self.look()

    def dropped(self, event: Event, reason: str, text: str = "") -> None:
        """A reply of which nothing (more) will be played gets its end, known here or not."""
        identity = event.utterance_id
        if not identity or self.playlist.has_ended(identity):
            return
        known = next((u for u in self.playlist if u.id == identity), None)
        if known is not None:
            self.end(known, PlaybackOutcome.INTERRUPTED, reason)
            return
        self.playlist.remember(identity)
        self._orders.drop(identity)
        self._tell(facts.lost(event.show, identity, event.turn_id, event.epoch, reason, text))

    def restore(self, memory: Memory, fenced: Callable[[Remembered], str]) -> None:
        """Takes up what an earlier life left behind.

        `fenced` gives the reason why an utterance may not be said any more, or nothing.
        """
        for utterance_id in memory.ended:
            self.playlist.remember(utterance_id)
        for told in list(memory.unpublished.values()):
            self._publish(told)
        for known in list(memory.utterances.values()):
            reason = "stage_restarted" if known.started else fenced(known)
            if reason:
                self.playlist.remember(known.id)
                self._tell(known.interrupted(reason))
            else:
                self.playlist.add(self._resumed(known))
        for event in memory.chosen.values():
            self._orders.add(event)

    # What holds it back, what stops it -----------------------------------------------------------

    def hold(self, by: str, hold: SpeechHold, at_most_seconds: float) -> None:
        """From now on this holder holds her so, for so long at most."""
        self._holds.take(by, hold, self._now() + at_most_seconds)
        self.look()

    def interrupt(self, which: Callable[[Utterance], bool], reason: str) -> None:
        """Silence first, then the facts."""
        current = self.playlist.current
        if current is not None and which(current):
            self.end(current, PlaybackOutcome.INTERRUPTED, reason)
        for utterance in self.playlist.waiting:
            if which(utterance):
                self.end(utterance, PlaybackOutcome.INTERRUPTED, reason)
        self.look()

    def halt(self, reason: str) -> None:
        """The stage leaves: what plays is interrupted, what waits stays for its next life."""
        self._halted = True
        if self.playlist.current is not None:
            self.end(self.playlist.current, PlaybackOutcome.INTERRUPTED, reason)

    def end(self, utterance: Utterance, outcome: PlaybackOutcome, reason: str = "") -> None:
        """The one way an utterance ends."""
        now = self._now()
        playing = utterance is self.playlist.current
        name = self._output_name(utterance) if playing else ""
        position = self.output.stop() if playing else 0
        if not self.playlist.end(utterance, outcome, reason, position, now):
            return
        stopped_at = self._silent_since() if playing and position else None
        if playing:
            self._watcher.ended(utterance, outcome)
        if outcome is PlaybackOutcome.COMPLETED:
            self._give_orders(utterance, (utterance.expected or 0) - 1)
        self._orders.drop(utterance.id)
        self._tell(facts.finished(utterance, name, stopped_at))

    # The look at the clock ---------------------------------------------------------------------

    def look(self) -> float | None:
        """Does what is due. Returns when to look again at the latest; None: when an event comes."""
        if self._halted:
            return None
        now = self._now()
        self._obey(self._holds.strictest(now))
        for utterance in self.playlist.overdue(now):
            self.end(utterance, PlaybackOutcome.EXPIRED, "too_old")
        if self.playlist.current is not None:
            self._carry_on(self.playlist.current, now)
        if not self._paused and (following := self.playlist.next_up(now)) is not None:
            self._begin(following, now)
        return now if self.playlist.current is not None else self.wakes_at(now)

    def wakes_at(self, now: float) -> float | None:
        """When something may be due although nothing plays and no event comes."""
        due = (self.playlist.wakes_at(now), self._holds.wakes_at)
        return min((at for at in due if at is not None), default=None)

    def _obey(self, hold: SpeechHold) -> None:
        if hold is self.held:
            return
        self.held, self._paused_at = hold, self._show_now()
        self.output.hold(hold)
        self._watcher.held(hold)
        if (utterance := self.playlist.current) is not None:
            self._note(utterance, self.output.playing().position)

    def _begin(self, utterance: Utterance, now: float) -> None:
        self.playlist.begin(utterance, now)
        self._number += 1
        self._fed, self._told_all = 0, False
        self._said_started, self._progress_at = False, now + PROGRESS_SECONDS
        self._journal.heard(utterance, 0, self._output_name(utterance))
        self._watcher.began(utterance, self._number)
        self.output.start(utterance, self._number)
        self._carry_on(utterance, now)

    def _carry_on(self, utterance: Utterance, now: float) -> None:
        if not self._paused:
            self._feed(utterance)
        playing = self.output.playing()
        if playing.audible_at is not None and playing.audible_at <= now and not self._said_started:
            self._said_started = True
            began = self._show_now() - (now - playing.audible_at)
            self._tell(facts.started(utterance, self._output_name(utterance), began))
        self._watcher.moved(utterance, playing.position)
        if self._said_started and utterance.id in self._orders:
            self._give_orders(utterance, utterance.begun_at(playing.position))
        if playing.ended and self._told_all:
            self.end(utterance, PlaybackOutcome.COMPLETED)
        elif self.playlist.stalled(playing.position, now, self._paused):
            self.end(utterance, PlaybackOutcome.FAILED, "stalled")
        elif now >= self._progress_at:
            self._progress_at = now + PROGRESS_SECONDS
            self._note(utterance, playing.position)

    def _note(self, utterance: Utterance, position: int) -> None:
        """How far she was heard, for the next life of the stage and for screens."""
        self._journal.heard(utterance, position, self._output_name(utterance))
        self._publish(facts.progressed(utterance, position, self.held))

    def _give_orders(self, utterance: Utterance, begun: int) -> None:
        """What she does with the sentences up to this one, and has not done yet. What is to be
        remembered does not grow old."""
        now = self._show_now()
        for order in self._orders.due(utterance.id, begun):
            expires_at = None if isinstance(order, RememberFact) else now + ORDER_SECONDS
            self._tell(order.model_copy(update={"emitted_at": now, "expires_at": expires_at}))

    def _feed(self, utterance: Utterance) -> None:
        wanted = self.output.playing().position + int(AHEAD_SECONDS * utterance.rate_hz) - self._fed
        pcm = utterance.sound(self._fed, wanted) if wanted > 0 else b""
        if pcm:
            self._fed += len(pcm) // 2
            self.output.feed(pcm)
        if not self._told_all and utterance.whole and self._fed >= utterance.known_samples:
            self._told_all = True
            self.output.finish()

    # Helpers of the above ----------------------------------------------------------------------

    @property
    def _paused(self) -> bool:
        return self.held is SpeechHold.PAUSED

    def _silent_since(self) -> float:
        """When what is stopped now was heard last (show's clock)."""
        return self._paused_at if self._paused else self._show_now()

    def _utterance(self, event: Event) -> Utterance | None:
        known_before = {u.id for u in self.playlist}
        now, show_now = self._now(), self._show_now()
        utterance = self.playlist.of(event, now, show_now)
        if utterance is not None and utterance.id not in known_before:
            self._journal.opened(utterance, show_now + utterance.good_until - now)
        return utterance

    def _resumed(self, known: Remembered) -> Utterance:
        return Utterance(
            id=known.id,
            show=known.show,
            turn_id=known.turn_id,
            epoch=known.epoch,
            cause_id=known.cause_id,
            good_until=self._now() + known.good_until - self._show_now(),
            first_chunk_at=self._show_now(),
            gap_seconds=self.playlist.rules.gap_seconds,
            expected=known.sentences,
            text_told=known.full_text,
        )

    def _output_name(self, utterance: Utterance) -> str:
        return "captions" if utterance.captions_only else self.output.name

    def _tell(self, told: Told) -> None:
        self._journal.fact(told)
        self._publish(told)
