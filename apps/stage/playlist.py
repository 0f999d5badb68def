"""Which utterance is said, in what order, and which one it is too late for."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from apps.stage.utterance import Utterance, opened_by
from libs.contracts.envelope import Event
from libs.contracts.speaking import PlaybackOutcome

#: Ended utterances remembered, so that nothing late of them is ever said.
REMEMBERED_ENDINGS = 2_000


@dataclass(frozen=True)
class PlaylistRules:
    gap_seconds: float = 0.15
    stall_seconds: float = 8.0
    maximum_age_seconds: float = 30.0


class Playlist:
    """The utterances that have not ended, in the order in which the stage first heard of them.

    Pure: every method is given the time, by one monotonic clock. Promises: one utterance plays at
    a time; the first in order that has sound is next, so that one still being made holds up
    nobody; nothing begins after its `good_until`; an utterance that ended is never opened again.
    """

    def __init__(self, rules: PlaylistRules) -> None:
        self.rules = rules
        self.current: Utterance | None = None
        self._open: OrderedDict[str, Utterance] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._free_at = 0.0
        self._position = 0
        self._moved_at = 0.0

    @property
    def waiting(self) -> tuple[Utterance, ...]:
        return tuple(u for u in self._open.values() if u is not self.current)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(tuple(self._open.values()))

    def of(self, event: Event, now: float, show_now: float) -> Utterance | None:
        """The utterance this event tells of, opened if it is new; None when it has ended.

        `show_now` is the same moment on the show's clock, by which events say their age.
        """
        identity = event.utterance_id
        if not identity or identity in self._ended:
            return None
        if identity not in self._open:
            left = self.rules.maximum_age_seconds - max(0.0, show_now - event.emitted_at)
            if event.expires_at is not None:
                left = min(left, event.expires_at - show_now)
            self.add(opened_by(event, now + left, show_now, self.rules.gap_seconds))
        return self._open[identity]

    def add(self, utterance: Utterance) -> None:
        self._open[utterance.id] = utterance

    def has_ended(self, utterance_id: str) -> bool:
        return utterance_id in self._ended

    def remember(self, utterance_id: str) -> None:
        """This utterance has ended, now or in an earlier life of the stage."""
        self._open.pop(utterance_id, None)
        self._ended[utterance_id] = None
        if len(self._ended) > REMEMBERED_ENDINGS:
            self._ended.popitem(last=False)

    def next_up(self, now: float) -> Utterance | None:
        """What may begin now; None while something plays or in the gap after it."""
        if self.current is not None or now < self._free_at:
            return None
        ready = (u for u in self._open.values() if u.ready and now <= u.good_until)
        return next(ready, None)

    def begin(self, utterance: Utterance, now: float) -> None:
        utterance.started = True
        self.current = utterance
        self._position, self._moved_at = 0, now

    def overdue(self, now: float) -> list[Utterance]:
        """Those that have not begun in time."""
        return [u for u in self.waiting if now > u.good_until]

    def stalled(self, position: int, now: float, paused: bool = False) -> bool:
        """Told the position at every look: True when it has not moved for too long.

        Time in which it is paused does not count.
        """
        if position != self._position or paused:
            self._position, self._moved_at = position, now
        return now - self._moved_at > self.rules.stall_seconds

    def wakes_at(self, now: float) -> float | None:
        """When there may be something to do although no event comes; None: not before one does."""
        due = [u.good_until for u in self.waiting]
        if now < self._free_at:
            due.append(self._free_at)
        return min(due, default=None)

    def end(
        self, utterance: Utterance, outcome: PlaybackOutcome, reason: str, position: int, now: float
    ) -> bool:
        """Gives the utterance its one ending; False when it had one."""
        if not utterance.end(outcome, reason, position):
            return False
        if self.current is utterance:
            self.current = None
            completed = outcome is PlaybackOutcome.COMPLETED
            self._free_at = now + (self.rules.gap_seconds if completed else 0.0)
        self.remember(utterance.id)
        return True
