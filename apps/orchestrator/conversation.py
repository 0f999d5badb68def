"""One turn at a time, from the floor's pick to what was heard.

Everything that must survive a kill is in the database before it is acknowledged or published.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from apps.orchestrator.feed import Feed
from apps.orchestrator.floor import Candidate
from apps.orchestrator.latency import LatencyWindow
from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.memory import Memory
from apps.orchestrator.panel.protocol import LatencyMessage, TurnMessage
from apps.orchestrator.panel.protocol import Turn as TurnRow
from apps.orchestrator.screens import Screens
from apps.orchestrator.session import Session
from apps.orchestrator.settings import OrchestratorSettings
from apps.orchestrator.turn_request import request_of
from apps.orchestrator.turns import Turn, TurnOutcome
from apps.orchestrator.waiting_room import WaitingRoom, Written
from libs.contracts.conversation import (
    ReplyAbandoned,
    ReplyFinished,
    SkipReason,
    TurnCommitted,
    TurnOpened,
)
from libs.contracts.envelope import Event
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import PlaybackFinished, PlaybackStarted
from libs.telemetry import clock

#: After an interruption the stage has this long to say what was heard.
LAST_WORD_SECONDS = 2.0
#: Disk and screens wait this long after a request, so that they take no time from the answer.
ANSWER_FIRST_SECONDS = 0.01
#: A turn that is being spoken and of which nothing more is heard is given up after this long.
SPEAKING_SILENCE_SECONDS = 60.0

log = logging.getLogger("kitsu.orchestrator.conversation")

Publish = Callable[[Event], Awaitable[None]]


async def _nothing(turn: Turn) -> None: ...


class Conversation:
    """Promises: at most one turn is open; a turn ends exactly once; an input that was accepted is
    answered or skipped with a reason, also over a kill of this process."""

    def __init__(
        self,
        settings: OrchestratorSettings,
        database: Database,
        session: Session,
        publish: Publish,
        screens: Screens,
        feed: Feed,
        memory: Memory,
    ) -> None:
        self._settings = settings
        self._database = database
        self._session = session
        self._publish = publish
        self._screens = screens
        self._feed = feed
        self.room = WaitingRoom(settings, database, publish, feed)
        self._picking = asyncio.Lock()
        self._deadline: asyncio.TimerHandle | None = None
        self._next_look: asyncio.TimerHandle | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._memory = memory
        self.when_opened: Callable[[Turn], Awaitable[None]] = _nothing
        """Called before the request of a new turn goes out."""
        self.latency = LatencyWindow()
        self.active: Turn | None = None
        self._cut = False

    @property
    def waiting(self) -> int:
        return len(self.room)

    @property
    def quiet(self) -> bool:
        """Whether nobody waits for an answer, and nothing is kept from being answered."""
        return self.active is None and not self.waiting and self.held is None

    @property
    def held(self) -> SkipReason | None:
        return self.room.held

    async def restore(self) -> None:
        """Takes up what a kill left: waiting inputs, and the turn that was open."""
        open_turns = await self._database.run(records.open_turns)
        await self.room.restore()
        for found in open_turns[:-1]:
            await self._close(found.turn, "failed", "superseded")
        for found in open_turns[-1:]:
            await self._resume(found)

    async def _resume(self, found: records.OpenTurn) -> None:
        request, late = found.request, clock.now()
        if found.turn.retracted:
            await self.cut_turn(found.turn, "retracted")
            await self._close(found.turn, "interrupted", "retracted")
            return
        if request.expires_at is not None and late > request.expires_at and not found.published:
            await self._close(found.turn, "expired", "orchestrator_was_away")
            return
        self.active = found.turn
        self._give_up_in(self._settings.turn_thinking_seconds)
        if not found.published:
            await self._send(found.turn, request)

    async def stop(self) -> None:
        for timer in (self._deadline, self._next_look):
            if timer is not None:
                timer.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.room.catch_up()

    # Inputs -----------------------------------------------------------------------------------

    async def offer(self, candidate: Candidate, first_time: bool = True) -> None:
        """Accepts an input: when this returns it is on disk, or is as soon as the disk takes it.
        The same input again is ignored.

        `first_time`: it cannot have been offered before (it was not handed out again).
        """
        written = await self.accept(candidate, first_time)
        if written is not None:
            await written

    async def accept(self, candidate: Candidate, first_time: bool = True) -> Written | None:
        """`offer`, but what is returned is to be waited for: many inputs are written at once."""
        if not first_time:
            if (written := self.room.at_hand(candidate)) is not None:
                return written
            if self.is_open(candidate) or await self.room.knows(candidate):
                return None
        self.room.floor.goes_by(self._session.snapshot.name)
        written = self.room.enter(candidate)
        if not first_time:
            await self.room.settle()  # no short way: a former life may have sent its request
        if self.active is None:
            await self.advance(candidate.input_id)
        return written

    @contextlib.asynccontextmanager
    async def nothing_half_written(self) -> AsyncIterator[None]:
        """While this is held no turn is being opened or closed: what is known is on disk."""
        async with self._picking:
            await self.room.settle()
            yield

    async def advance(self, handed_in: str = "") -> None:
        """Opens the next turn if none is open and somebody may have it now.

        The short way, for the line that is just `handed_in`: the request goes out before the disk
        is written. A kill in between hands the input out again, and as its ids come from the input,
        what it leads to is recognised everywhere as the same.
        """
        async with self._picking:
            if self.active is not None:
                return
            candidate, unwritten = self.room.take(handed_in)
            if candidate is None:
                self._look_again()
                return
            now = clock.now()
            waited = 0.0 if unwritten else candidate.waited_seconds(now)
            turn = Turn(candidate, now, self._session.epoch, waited)
            self.active = turn
            self._give_up_in(self._settings.turn_thinking_seconds)
            await self.when_opened(turn)
            request = await self._request(turn)
            if unwritten:
                if self.active is turn:  # it was not given up meanwhile
                    await self._publish(request)
                await asyncio.sleep(ANSWER_FIRST_SECONDS)
                await self._database.keep(lambda db: records.open_published(db, turn, request))
            else:
                await self._database.keep(lambda db: records.open_turn(db, turn, request))
        if unwritten:
            self._in_background("tell of turn", self._tell_of(turn, request))
            self._feed.heard_input(candidate.input_id, candidate.input)
        elif self.active is turn:
            await self._send(turn, request)

    def _look_again(self) -> None:
        """When somebody who waits may be answered: a window or the host's words are over."""
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None
        seconds = self.room.opens_in()
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._next_look = loop.call_later(seconds, self._look_now)

    def _look_now(self) -> None:
        self._in_background("look who waits", self.advance())

    async def _request(self, turn: Turn) -> TurnCommitted:
        near = await self._memory.think_of(turn.candidate.input)
        return request_of(turn, self._settings, self._session, self._memory, near)

    async def _send(self, turn: Turn, request: TurnCommitted) -> None:
        """Sends a request that is on disk, and that a former life may have sent already."""
        await self._publish(request.model_copy(update={"again": True}))
        self._in_background("tell of turn", self._tell_of(turn, request))

    async def _tell_of(self, turn: Turn, request: TurnCommitted) -> None:
        """What can wait until the answer is on its way. (A kill before the mark sends the request
        again with the same event id, which a policy worker recognises.)"""
        await asyncio.sleep(ANSWER_FIRST_SECONDS)
        await self._publish(TurnOpened.caused_by(request, input=request.input))
        await self._database.keep(lambda db: records.mark_published(db, turn.turn_id))
        self._show(turn)

    # What became of it ------------------------------------------------------------------------

    def is_open(self, candidate: Candidate) -> bool:
        return self.active is not None and self.active.candidate.input_id == candidate.input_id

    def _is_active(self, event: Event) -> bool:
        return self.active is not None and event.utterance_id == self.active.utterance_id

    async def reply_finished(self, event: ReplyFinished) -> None:
        turn = self.active
        if turn is not None and self._is_active(event) and turn.reply_finished(event):
            await self._finish(turn)

    async def reply_abandoned(self, event: ReplyAbandoned) -> None:
        turn = self.active
        if turn is not None and self._is_active(event) and turn.reply_abandoned(event):
            await self._finish(turn)

    async def playback_started(self, event: PlaybackStarted) -> None:
        if self.active is None or not self._is_active(event):
            return
        self.active.playback_started(event)
        self._session.mood = event.mood
        self._session.last_tts = event.text
        self._give_up_in(SPEAKING_SILENCE_SECONDS)
        self.latency.add(self.active.stages)
        self._screens.tell(self.latency_message(), replaces="latency")
        self._show(self.active)

    def playback_goes_on(self) -> None:
        """The stage is still at it, perhaps with what it began before this process did."""
        if self.active is not None and not self._cut:
            self.active.state = "speaking"
            self._give_up_in(SPEAKING_SILENCE_SECONDS)

    async def playback_finished(self, event: PlaybackFinished) -> None:
        turn = self.active
        if turn is None or not self._is_active(event):
            await self._database.keep(lambda db: records.heard_late(db, event))
            await self._memory.refresh()
            return
        turn.playback_finished(event)
        self._feed.heard_reply(turn, event)
        await self._finish(turn)

    async def interrupt(self, reason: str, by: str) -> int:
        """Cuts her off: a new epoch, told to all. Returns the epoch."""
        epoch = self._session.next_epoch()
        show = self._settings.kitsu_show
        await self._publish(StopSpeaking(show=show, epoch=epoch, reason=reason, by=by))
        self.expect_the_end(reason)
        await self._session.keep_epoch()
        return epoch

    def expect_the_end(self, reason: str = "stopped") -> None:
        """The open turn was cut: whoever knows what was heard has a moment to say so."""
        if self.active is not None:
            self._cut = True
            self._give_up_in(LAST_WORD_SECONDS, "interrupted", reason)

    def think_on(self) -> None:
        """The open turn is kept from being heard for a while: that does not count against it."""
        if self.active is not None and self.active.state == "thinking" and not self._cut:
            self._give_up_in(self._settings.turn_thinking_seconds)

    def close_floor(self, reason: SkipReason) -> None:
        """No turn is opened from now on. Takes no time; `hold` or `let_go` must follow."""
        self.room.held = reason

    async def hold(self, reason: SkipReason) -> None:
        """Nothing is answered from now on; what waits leaves with this reason."""
        await self.room.hold(reason)

    async def drop_thought(self, reason: str) -> None:
        """A turn of which nothing was heard yet ends now, and what is still being thought of it is
        fenced. (Should the stage have begun this moment, what was heard is written down later.)"""
        turn = self.active
        if turn is not None and turn.state == "thinking":
            await self._give_up(turn, "interrupted", reason)

    async def replace_thought(self, turn: Turn, candidate: Candidate, reason: str) -> bool:
        """A turn of which nothing was heard ends, and this input, which has its words too, wants
        the floor: on disk both happen or neither does. False: something of it was heard."""
        turn.replaced_by = candidate
        await self.cut_turn(turn, reason)
        if self.active is turn:
            if turn.state != "thinking":
                turn.replaced_by = None
                return False
            turn.end("interrupted", reason)
            await self._finish(turn)
        return True

    async def let_go(self) -> None:
        self.room.held = None
        await self.advance()

    async def cut_turn(self, turn: Turn, reason: str) -> None:
        """Fences this turn's work, wherever it is."""
        await self._publish(turn.cut(self._settings.kitsu_show, self._session.epoch, reason))
        if self.active is turn:
            self._cut = True
            self._give_up_in(LAST_WORD_SECONDS, "interrupted", reason)

    # The end ----------------------------------------------------------------------------------

    async def _finish(self, turn: Turn) -> None:
        """The open turn has its outcome: written, told, and the next one begins."""
        if self._deadline is not None:
            self._deadline.cancel()
        self.active = None
        self._cut = False
        async with self._picking:  # a quick answer may come before its question is on disk
            await self._close(turn, turn.outcome or "failed", turn.reason)
            if turn.replaced_by is not None:
                self.room.enter(turn.replaced_by)
        await self.advance()

    async def _close(self, turn: Turn, outcome: TurnOutcome, reason: str) -> None:
        turn.end(outcome, reason)
        learn = self._memory.lessons(turn)

        def write(db: sqlite3.Connection) -> None:
            if records.close_turn(db, turn, clock.now()):
                learn(db)

        await self._database.keep(write)
        await self._memory.refresh()
        await self._publish(turn.timed(self._settings.kitsu_show))
        self._show(turn)

    def _give_up_in(
        self, seconds: float, outcome: TurnOutcome = "failed", reason: str = "no_answer"
    ) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        turn = self.active
        if turn is not None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(seconds, self._start_giving_up, turn, outcome, reason)

    def _start_giving_up(self, turn: Turn, outcome: TurnOutcome, reason: str) -> None:
        self._in_background("give up turn", self._give_up(turn, outcome, reason))

    def _in_background(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _give_up(self, turn: Turn, outcome: TurnOutcome, reason: str) -> None:
        """Nobody said in time how the turn ended. Its work is fenced: it cannot come late."""
        if self.active is not turn:
            return
        log.warning("turn given up: %s", reason, extra={"turn_id": turn.turn_id})
        await self.cut_turn(turn, reason)
        if self.active is not turn:
            return  # its end was told just now
        turn.end(outcome, reason)
        await self._finish(turn)

    # Screens ----------------------------------------------------------------------------------

    def latency_message(self) -> LatencyMessage:
        return LatencyMessage.model_validate({"at": clock.now(), **self.latency.as_json()})

    def _show(self, turn: Turn) -> None:
        self._screens.tell(TurnMessage(turn=TurnRow.model_validate(turn.as_json())))
