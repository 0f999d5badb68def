"""The floor: who speaks next. Pure rules; time comes in as a number.

Inputs wait in one bounded list per source. The next one is taken by priority of its source, then by
arrival. Whatever is not taken leaves with a reason code.
"""

from collections import deque
from dataclasses import dataclass, field, replace

from apps.orchestrator.withdrawal import Withdrawal
from libs.contracts.conversation import SkipReason, TurnInput, TurnSource

#: From the first to the last to be heard. (Panic is above all of them: it empties the floor.)
PRIORITY: tuple[TurnSource, ...] = (
    TurnSource.OPERATOR,
    TurnSource.VOICE,
    TurnSource.PAID,
    TurnSource.CHAT,
    TurnSource.IDLE,
)

#: Operator lines, speech and paid messages wait in lists of this size.
OTHER_WAITING_LINES = 50


@dataclass(frozen=True)
class Candidate:
    """Something that may become a turn. The ids are given at arrival, so that they can be told."""

    input_id: str
    turn_id: str
    utterance_id: str
    input: TurnInput
    mood: str = "neutral"
    voice: str = ""


@dataclass(frozen=True)
class Skipped:
    candidate: Candidate
    reason: SkipReason


@dataclass
class Floor:
    """Promises: bounded; never hands out an input older than its limit; every input that enters
    leaves exactly once, through `take` or as `Skipped`."""

    chat_lines: int = 8
    chat_fresh_seconds: float = 15.0
    _waiting: dict[TurnSource, deque[Candidate]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._waiting = {source: deque() for source in PRIORITY}

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())

    def offer(self, candidate: Candidate) -> list[Skipped]:
        """Adds a candidate; returns whom it pushed out."""
        queue = self._waiting[candidate.input.source]
        limited = candidate.input.source in (TurnSource.CHAT, TurnSource.IDLE)
        limit = self.chat_lines if limited else OTHER_WAITING_LINES
        if len(queue) >= limit and not limited:
            return [Skipped(candidate, SkipReason.FULL)]
        queue.append(candidate)
        if len(queue) > limit:
            return [Skipped(queue.popleft(), SkipReason.OUTRANKED)]
        return []

    def take(self, now: float) -> tuple[Candidate | None, list[Skipped]]:
        """The next one to answer, and those that grew too old waiting."""
        skipped = self._drop_old(now)
        for source in PRIORITY:
            if self._waiting[source]:
                return self._waiting[source].popleft(), skipped
        return None, skipped

    def withdraw(
        self, message_id: str = "", viewer_id: str = "", platform: str = ""
    ) -> list[Skipped]:
        """A deleted message, everything of a banned viewer, or of a platform's chat. An input of
        which something is left stays without what was taken back."""
        withdrawal = Withdrawal(message_id, viewer_id, platform)
        gone: list[Skipped] = []
        for source, queue in self._waiting.items():
            kept: deque[Candidate] = deque()
            for candidate in queue:
                left = withdrawal.left_of(candidate.input)
                if left is None:
                    gone.append(Skipped(candidate, SkipReason.DELETED))
                else:
                    same = left is candidate.input
                    kept.append(candidate if same else replace(candidate, input=left))
            self._waiting[source] = kept
        return gone

    def clear(self, reason: SkipReason) -> list[Skipped]:
        """Everyone leaves (panic)."""
        gone = [Skipped(c, reason) for queue in self._waiting.values() for c in queue]
        for queue in self._waiting.values():
            queue.clear()
        return gone

    def _drop_old(self, now: float) -> list[Skipped]:
        old: list[Skipped] = []
        for source in (TurnSource.CHAT, TurnSource.IDLE):
            queue = self._waiting[source]
            while queue and now - queue[0].input.arrived_at > self.chat_fresh_seconds:
                old.append(Skipped(queue.popleft(), SkipReason.TOO_OLD))
        return old
