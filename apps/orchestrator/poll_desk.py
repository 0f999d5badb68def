"""Polls in the show: begun when she asks, counted from chat, told when they are over."""

import asyncio
from typing import TYPE_CHECKING

from apps.orchestrator import inputs
from apps.orchestrator.floor import Candidate
from apps.orchestrator.memory import polls
from apps.orchestrator.panel.protocol import PollStatus
from apps.orchestrator.poll import Poll, PollRefused
from libs.contracts.conversation import PollFinished, SkipReason, StartPoll, TurnInput
from libs.contracts.identity import derived_id
from libs.contracts.safety import GateAction
from libs.contracts.stage import ShowPoll
from libs.telemetry import clock

if TYPE_CHECKING:
    from apps.orchestrator.worker import OrchestratorWorker

#: Between two polls there is so much time: nobody can talk her into one after the other.
PAUSE_SECONDS = 120.0
#: Screens are told new counts at most this often.
SHOW_SECONDS = 1.0
#: Votes that were on their way when the time was over are waited for.
GRACE_SECONDS = 0.5
#: After the end, what is nothing but a vote is still no line for her.
LATE_VOTE_SECONDS = 10.0
#: A result that could not be told this long is no news any more.
OLD_RESULT_SECONDS = 60.0


class PollDesk:
    """Promises: one poll at a time; a vote that was acknowledged is on disk; each poll ends once,
    and that is told, also over a kill of this process; a poll that cannot be is refused with a
    code, and counted."""

    def __init__(self, worker: "OrchestratorWorker") -> None:
        self._worker = worker
        self.poll: Poll | None = None
        self._last: Poll | None = None
        self._ended_at = 0.0
        self._votes: dict[str, str] = {}
        """The line that each viewer voted with, in the poll that runs; `_voters`: whose it was."""
        self._voters: dict[str, str] = {}
        self._shown: ShowPoll | None = None
        self._begun = asyncio.Event()

    async def restore(self) -> None:
        """A poll that ran when this process was killed goes on, or ends as well as it can."""
        database, now = self._worker.database, clock.now()
        self._ended_at = min(now, await database.look(polls.last_end))
        poll = await database.look(polls.running)
        if poll is None:
            return
        self.poll = poll
        if self._worker.panic.engaged:
            await self.cancel("panic")
        elif now > poll.ends_at + OLD_RESULT_SECONDS:
            await self.cancel("orchestrator_was_away")
        else:
            self._begun.set()

    async def start(self, event: StartPoll) -> None:
        if await self._worker.database.look(lambda db: polls.knows(db, event.event_id)):
            return
        try:
            poll = self._poll_of(event)
        except PollRefused as refusal:
            self._worker.counters[f"polls_refused_{refusal.code}"] += 1
            return
        self.poll = poll
        await self._worker.database.keep(lambda db: polls.begin(db, poll))
        if self.poll is not poll:
            return  # a panic came meanwhile
        self._worker.counters["polls_started"] += 1
        self._tell(f"poll {poll.id}", f"Poll: {poll.question} {' / '.join(poll.options)}")
        self._begun.set()
        await self._show(poll)

    def _poll_of(self, event: StartPoll) -> Poll:
        worker, now = self._worker, clock.now()
        if worker.panic.engaged or worker.panic_desk.engaging:
            raise PollRefused("panic")
        if worker.fences.stale(event.show, event.epoch, event.turn_id):
            raise PollRefused("stale")
        if self.poll is not None:
            raise PollRefused("running")
        if now - self._ended_at < PAUSE_SECONDS:
            raise PollRefused("too_soon")
        poll = Poll.asked(event, now + worker.settings.poll_seconds)
        gate = worker.memory.gate.in_mode(worker.session.snapshot.family_mode)
        if any(gate.check(text).action is not GateAction.ALLOW for text in poll.texts):
            raise PollRefused("blocked")
        return poll

    # Votes ------------------------------------------------------------------------------------

    async def hear_chat(self, input_id: str, given: TurnInput) -> bool:
        """True when this line is a vote: then it is no line for her."""
        poll = self._voted_on(given.arrived_at)
        choice = poll.choice_of(given.text) if poll is not None else None
        if poll is None or choice is None:
            return False
        viewer_id = given.author.viewer_id
        if poll is not self.poll or given.arrived_at > poll.ends_at:
            self._worker.counters["votes_late"] += 1
        elif poll.vote(viewer_id, choice):
            self._voted_by(viewer_id, given.message_ids)
            await self._worker.database.keep(lambda db: polls.vote(db, poll.id, viewer_id, choice))
            self._worker.status_changed()
        self._worker.feed.skipped(input_id, given.author, given.text, SkipReason.VOTE)
        return True

    def _voted_on(self, at: float) -> Poll | None:
        if self.poll is not None:
            return self.poll
        late = self._last is not None and at < self._last.ends_at + LATE_VOTE_SECONDS
        return self._last if late else None

    def _voted_by(self, viewer_id: str, message_ids: tuple[str, ...]) -> None:
        self._voters.pop(self._votes.pop(viewer_id, ""), None)
        if message_ids:
            self._votes[viewer_id] = message_ids[0]
            self._voters[message_ids[0]] = viewer_id

    async def withdraw_line(self, message_id: str) -> None:
        """The line was deleted that somebody voted with. (A restart knows the votes, not the lines
        that they were given with.)"""
        viewer_id = self._voters.pop(message_id, None)
        if viewer_id is not None:
            await self.withdraw(viewer_id)

    async def withdraw(self, viewer_id: str) -> None:
        """A banned or forgotten viewer has no vote."""
        if self.poll is not None and self.poll.withdraw(viewer_id):
            await self._worker.database.keep(lambda db: polls.withdraw(db, viewer_id))
            self._worker.status_changed()

    # The end ----------------------------------------------------------------------------------

    async def keep_running(self) -> None:
        while True:
            await self._begun.wait()
            self._begun.clear()
            while (poll := self.poll) is not None:
                left = poll.ends_at + GRACE_SECONDS - clock.now()
                if left <= 0:
                    await self._finish(poll, "")
                    break
                await self._show(poll)
                await asyncio.sleep(min(SHOW_SECONDS, left))

    async def cancel(self, reason: str) -> bool:
        """False when there was none."""
        poll = self.poll
        if poll is not None:
            await self._finish(poll, reason)
        return poll is not None

    async def _finish(self, poll: Poll, cancelled: str) -> None:
        """Told first and written after: after a kill in between it is told again under its id."""
        worker, ended = self._worker, not cancelled
        self.poll, self._ended_at, self._shown = None, clock.now(), None
        self._last = poll if ended else None
        self._votes, self._voters = {}, {}
        await worker.publish(self._on_screens(poll) if ended else ShowPoll(show=worker.show))
        finished = PollFinished(
            event_id=derived_id(poll.id, "finished"),
            show=worker.show,
            cause_id=poll.id,
            question=poll.question,
            options=poll.result,
            outcome="ended" if ended else "cancelled",
            reason=cancelled,
        )
        await worker.publish(finished)
        await worker.database.keep(lambda db: polls.end(db, poll.id, finished.outcome))
        self._tell(f"poll over {poll.id}", result_of(finished))

    async def hear_end(self, event: PollFinished) -> None:
        """She may say how it ended. It may be told twice, after a kill."""
        if event.outcome != "ended":
            return
        input_id = event.event_id
        turn_id, utterance_id = derived_id(input_id, "turn"), derived_id(input_id, "utterance")
        given = inputs.from_poll(event, result_of(event))
        candidate = Candidate(input_id, turn_id, utterance_id, given)
        await self._worker.conversation.offer(candidate, first_time=False)
        self._worker.status_changed()

    # Screens ----------------------------------------------------------------------------------

    def status(self) -> PollStatus | None:
        poll = self.poll
        if poll is None:
            return None
        return PollStatus(question=poll.question, options=poll.result, ends_at=poll.ends_at)

    async def _show(self, poll: Poll) -> None:
        """Tells screens what is new."""
        shown = self._on_screens(poll)
        known = self._shown
        if known is None or (known.question, known.options) != (shown.question, shown.options):
            self._shown = shown
            await self._worker.publish(shown)

    def _on_screens(self, poll: Poll) -> ShowPoll:
        return ShowPoll(
            show=self._worker.show,
            cause_id=poll.id,
            question=poll.question,
            options=poll.result,
            ends_at=poll.ends_at,
        )

    def _tell(self, row_id: str, text: str) -> None:
        self._worker.feed.system(row_id, text)
        self._worker.status_changed()


def result_of(event: PollFinished) -> str:
    """How a poll ended, in words."""
    asked = f'the poll "{event.question}"'
    if event.outcome == "cancelled":
        return f"{asked} was called off ({event.reason.replace('_', ' ')})"
    most = max(option.votes for option in event.options)
    if most == 0:
        return f"{asked} is over: nobody voted"
    counts = ", ".join(f"{option.text}: {option.votes}" for option in event.options)
    ahead = [option.text for option in event.options if option.votes == most]
    verdict = f"{ahead[0]} won" if len(ahead) == 1 else f"{' and '.join(ahead)} are level"
    return f"{asked} is over: {verdict} ({counts})"
