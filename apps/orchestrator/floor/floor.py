"""Who speaks next. Pure rules; time comes in as a number.

The operator and the host come first, in the order in which they came, then what was paid for, then
the chat line that deserves it most, then what fills a silence. Whatever is not taken leaves with a
reason code.
"""

from collections import Counter, deque
from itertools import chain

from apps.orchestrator.floor.candidates import PRIORITY, Candidate, Skipped
from apps.orchestrator.floor.crowd import Crowd
from apps.orchestrator.floor.host import HostSpeech
from apps.orchestrator.floor.line_up import LineUp, Waiting
from apps.orchestrator.floor.reading import Reading, fold, read
from apps.orchestrator.floor.rules import FloorRules
from apps.orchestrator.floor.scoring import score
from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.conversation import SkipReason, TurnSource
from libs.contracts.people import Role

#: Operator lines, speech and paid messages wait in lists of this size.
OTHER_WAITING_LINES = 50
#: What fills a silence is no news when something else was said first.
IDLE_WAITING_LINES = 2
#: Lines of raiders and newcomers of so many words or fewer, which do not ask, are greetings.
GREETING_WORDS = 8

#: Those whom nothing but an order silences.
_FIRST = (TurnSource.OPERATOR, TurnSource.VOICE)
#: Whose lines are never taken for spam.
_TRUSTED = frozenset({Role.OPERATOR, Role.BROADCASTER, Role.MODERATOR})
_RAID, _NEWCOMERS = "raid", "newcomers"


class Floor:
    """Promises: bounded; never hands out a chat line older than its limit; every input that enters
    leaves exactly once, through `take` or as `Skipped`."""

    def __init__(self, rules: FloorRules | None = None) -> None:
        self.rules = rules or FloorRules()
        self.crowd = Crowd(self.rules)
        self.host = HostSpeech(self.rules.host)
        self.her_names = frozenset(map(fold, self.rules.names))
        self.muted: set[str] = set()
        self.quiet_until = float("-inf")
        self._queues: dict[TurnSource, deque[Candidate]] = {source: deque() for source in PRIORITY}
        self._chat = LineUp(self.rules)
        self._recent: deque[tuple[float, str]] = deque()
        self._writing: Counter[str] = Counter()
        self._raided_at = float("-inf")
        self._greeted_raid = False

    def __len__(self) -> int:
        return len(self._chat) + sum(map(len, self._queues.values()))

    def goes_by(self, *names: str) -> None:
        """Her names beside those in the rules."""
        self.her_names = frozenset(map(fold, (*self.rules.names, *names)))

    @property
    def waiting(self) -> list[Waiting | Candidate]:
        """Everyone who waits: lines of chat with their scores, others without."""
        others = [candidate for source in PRIORITY for candidate in self._queues[source]]
        return [*others, *self.chat_lines]

    def holds(self, input_id: str) -> bool:
        """Whether this input waits."""
        others = (one for queue in self._queues.values() for one in queue)
        lines = (line.candidate for line in self._chat.lines)
        return any(one.input_id == input_id for one in chain(others, lines))

    @property
    def chat_lines(self) -> list[Waiting]:
        return self._chat.lines

    # Coming -----------------------------------------------------------------------------------

    def offer(self, candidate: Candidate, now: float) -> list[Skipped]:
        """Adds a candidate; returns who leaves for it, or itself."""
        if refused := self._refused(candidate, now):
            if candidate.source is TurnSource.CHAT:  # who is not heard can be muted, and unmuted
                self.crowd.met(candidate.input.author, now)
            return [Skipped(candidate, *refused)]
        source = candidate.source
        if source is TurnSource.CHAT:
            return self._offer_chat(candidate, now)
        queue = self._queues[source]
        if source is TurnSource.IDLE:
            queue.append(candidate)
            return _shortened(queue)
        if len(queue) >= OTHER_WAITING_LINES:
            return [Skipped(candidate, SkipReason.FULL)]
        if source is TurnSource.PAID:
            self.crowd.met(candidate.input.author, now)
        queue.append(candidate)
        return []

    def _refused(self, candidate: Candidate, now: float) -> tuple[SkipReason, str] | None:
        if candidate.source in _FIRST:
            return None
        if now < self.quiet_until:
            return SkipReason.QUIET, "she was asked to be quiet"
        if candidate.viewer_id in self.muted:
            return SkipReason.BLOCKED, "this viewer is muted"
        age = max(candidate.late_seconds, now - candidate.input.arrived_at)
        old = age > self.rules.fresh_seconds
        if old and candidate.source in (TurnSource.CHAT, TurnSource.IDLE):
            return SkipReason.TOO_OLD, f"came more than {self.rules.fresh_seconds:g} s late"
        return None

    def _offer_chat(self, candidate: Candidate, now: float) -> list[Skipped]:
        reading = read(candidate.input.text, self.her_names, self.rules)
        self._note_writing(candidate.viewer_id, now)
        found, answered = score(candidate, reading, self.crowd, self.her_names, self.rules, now)
        age_rank = self.rules.points.decay_a_second * min(now, candidate.input.arrived_at)
        label = self._label(candidate, reading, now)
        waiting = Waiting(candidate, reading, found, now, found.points + age_rank, label)
        if found.spam >= self.rules.spam.limit and candidate.input.author.role not in _TRUSTED:
            return self._spam(waiting)
        if waiting.label == _RAID and self._greeted_raid:
            return [waiting.skipped(SkipReason.DUPLICATE, "the raid was greeted already")]
        if found.points < self.rules.least_points:
            if answered is not None:
                detail = f"answered just before, to {answered.name}"
                return [waiting.skipped(SkipReason.DUPLICATE, detail)]
            return [waiting.skipped(SkipReason.OUTRANKED, f"too few points: {found.worst}")]
        return self._chat.enter(waiting, self._cooling(now))

    def _spam(self, waiting: Waiting) -> list[Skipped]:
        """With it leave the first copies of a text that only now turns out to be copied."""
        detail = ", ".join(part.part for part in waiting.score.parts if part.points < 0)
        gone = [waiting.skipped(SkipReason.SPAM, detail)]
        if any(part.part == "wave" for part in waiting.score.parts):
            copies = self._chat.remove(lambda line: line.reading.folded == waiting.reading.folded)
            gone += [copy.skipped(SkipReason.SPAM, "wave") for copy in copies]
        return gone

    def _label(self, candidate: Candidate, reading: Reading, now: float) -> str:
        """Greetings of raiders are answered together, and so are those of newcomers."""
        if reading.asks or len(reading.words) > GREETING_WORDS:
            return ""
        raided = now - self._raided_at < self.rules.alerts.raid_seconds
        if raided and self.crowd.came_after(candidate.viewer_id, self._raided_at):
            return _RAID
        return _NEWCOMERS if candidate.first_time else ""

    def raided(self, now: float) -> None:
        """A raid came: for a while, greetings of newcomers are answered together."""
        self._raided_at, self._greeted_raid = now, False

    # Going ------------------------------------------------------------------------------------

    def take(self, now: float) -> tuple[Candidate | None, list[Skipped]]:
        """The next one to answer, and those that grew too old waiting or are answered with it."""
        skipped = self._drop_old(now)
        for source in _FIRST:
            if self._queues[source]:
                return self._queues[source].popleft(), skipped
        if self.host.goes_on(now):
            return None, skipped
        if self._queues[TurnSource.PAID]:
            return self._queues[TurnSource.PAID].popleft(), skipped
        if self._chat_from(now) <= now:
            taken, together = self._take_chat(now)
            return taken, skipped + together
        if not len(self._chat) and self._queues[TurnSource.IDLE]:
            return self._queues[TurnSource.IDLE].popleft(), skipped
        return None, skipped

    def _take_chat(self, now: float) -> tuple[Candidate | None, list[Skipped]]:
        best, others = self._chat.take(self._cooling(now))
        if best is None:
            return None, []
        authors = [line.candidate.input.author for line in (best, *others)]
        self.crowd.answered(authors, best.reading, now)
        self._greeted_raid = self._greeted_raid or best.label == _RAID
        detail = f"answered together with {best.candidate.input.author.name}"
        return best.candidate, [line.skipped(SkipReason.DUPLICATE, detail) for line in others]

    def next_at(self, now: float) -> float:
        """When `take` may have something; infinity: not before something else happens."""
        if any(self._queues[source] for source in _FIRST):
            return now
        others = (TurnSource.PAID, TurnSource.IDLE)
        chat = self._chat_from(now) if len(self._chat) else float("inf")
        first = now if any(self._queues[source] for source in others) else chat
        return max(first, self.host.over_at if self.host.goes_on(now) else now)

    def _chat_from(self, now: float) -> float:
        """When the best chat line may be taken: in a burst, at the end of its window."""
        window = self.rules.window_seconds
        while self._recent and now - self._recent[0][0] > window:
            _, viewer_id = self._recent.popleft()
            self._writing[viewer_id] -= 1
            if not self._writing[viewer_id]:
                del self._writing[viewer_id]
        if not len(self._chat):
            return float("inf")
        burst = len(self._writing) >= self.rules.burst_viewers
        return self._chat.waits_since + window if burst else now

    def withdraw(
        self,
        message_id: str = "",
        viewer_id: str = "",
        reason: SkipReason = SkipReason.DELETED,
        platform: str = "",
    ) -> list[Skipped]:
        """A deleted message, everything of a banned (or muted) viewer, or all of a chat."""
        withdrawal = Withdrawal(message_id, viewer_id, platform)

        def leaves(candidate: Candidate) -> bool:
            return withdrawal.left_of(candidate.input) is None

        gone = [
            Skipped(candidate, reason)
            for queue in self._queues.values()
            for candidate in queue
            if leaves(candidate)
        ]
        for source, queue in self._queues.items():
            self._queues[source] = deque(one for one in queue if not leaves(one))
        lines = self._chat.remove(lambda line: leaves(line.candidate))
        return gone + [line.skipped(reason) for line in lines]

    def clear(self, reason: SkipReason) -> list[Skipped]:
        """Everyone leaves (panic); in a quiet, all but those whom only an order silences."""
        sources = [one for one in PRIORITY if reason is not SkipReason.QUIET or one not in _FIRST]
        gone = [Skipped(one, reason) for source in sources for one in self._queues[source]]
        for source in sources:
            self._queues[source].clear()
        return gone + [line.skipped(reason) for line in self._chat.remove(lambda line: True)]

    def _drop_old(self, now: float) -> list[Skipped]:
        idle, limit = self._queues[TurnSource.IDLE], self.rules.fresh_seconds
        old = [one for one in idle if now - one.input.arrived_at > limit]
        for candidate in old:
            idle.remove(candidate)
        gone = [Skipped(one, SkipReason.TOO_OLD) for one in old]
        return gone + self._chat.drop_old(self._cooling(now), now)

    def _cooling(self, now: float) -> "Cooling":
        return Cooling(self.crowd, now)

    def _note_writing(self, viewer_id: str, now: float) -> None:
        self._recent.append((now, viewer_id))
        self._writing[viewer_id] += 1
        self._chat_from(now)


class Cooling:
    """Whether a viewer was answered so lately that others come first."""

    def __init__(self, crowd: Crowd, now: float) -> None:
        self._crowd = crowd
        self._now = now

    def __call__(self, viewer_id: str) -> bool:
        return self._crowd.cools_down(viewer_id, self._now)


def _shortened(queue: deque[Candidate]) -> list[Skipped]:
    if len(queue) <= IDLE_WAITING_LINES:
        return []
    return [Skipped(queue.popleft(), SkipReason.OUTRANKED)]
