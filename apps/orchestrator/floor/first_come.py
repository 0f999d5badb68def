"""First come, first served: what the floor is compared with."""

from collections import deque

from apps.orchestrator.floor.candidates import Candidate, Skipped
from libs.contracts.conversation import SkipReason

#: As much as the floor holds, and as long.
WAITING_LINES = 8
FRESH_SECONDS = 15.0


class FirstCome:
    """One bounded list: the oldest line is answered next; when it is full, the oldest leaves."""

    def __init__(self) -> None:
        self._waiting: deque[Candidate] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, candidate: Candidate, now: float) -> list[Skipped]:
        self._waiting.append(candidate)
        if len(self._waiting) <= WAITING_LINES:
            return []
        return [Skipped(self._waiting.popleft(), SkipReason.OUTRANKED)]

    def take(self, now: float) -> tuple[Candidate | None, list[Skipped]]:
        old: list[Skipped] = []
        while self._waiting and now - self._waiting[0].input.arrived_at > FRESH_SECONDS:
            old.append(Skipped(self._waiting.popleft(), SkipReason.TOO_OLD))
        return (self._waiting.popleft() if self._waiting else None), old

    def next_at(self, now: float) -> float:
        return now if self._waiting else float("inf")

    def withdraw(self, message_id: str = "", viewer_id: str = "") -> list[Skipped]:
        gone = [
            one
            for one in self._waiting
            if message_id in one.input.message_ids or (viewer_id and one.viewer_id == viewer_id)
        ]
        self._waiting = deque(one for one in self._waiting if one not in gone)
        return [Skipped(one, SkipReason.DELETED) for one in gone]
