"""Stale work is dropped: it belongs to an epoch before the last interruption, or to a cut turn."""

from collections import OrderedDict

from libs.bus.base import Delivery

#: Cut turns remembered; work of a turn older than that has long expired.
REMEMBERED_TURNS = 1_000


class Fencing:
    """The fences of all shows this worker serves.

    Promises: after `raise_epoch(show, n)` no fenced event of that show with an epoch below `n`
    passes, ever; after `cut_turn(id)` no fenced event of that turn passes.
    """

    def __init__(self) -> None:
        self._minimum: dict[str, int] = {}
        self._highest: dict[str, int] = {}
        self._cut_turns: OrderedDict[str, None] = OrderedDict()

    def refuse(self, delivery: Delivery) -> str | None:
        event = delivery.event
        self._highest[event.show] = max(self._highest.get(event.show, 0), event.epoch)
        return (
            "stale" if event.fenced and self.stale(event.show, event.epoch, event.turn_id) else None
        )

    def done(self, delivery: Delivery) -> None:
        pass

    def stale(self, show: str, epoch: int, turn_id: str | None) -> bool:
        return epoch < self._minimum.get(show, 0) or turn_id in self._cut_turns

    def raise_epoch(self, show: str, epoch: int) -> None:
        """Work below this epoch is stale from now on. Never lowers the fence."""
        self._minimum[show] = max(self._minimum.get(show, 0), epoch)
        self._highest[show] = max(self._highest.get(show, 0), epoch)

    def cut_turn(self, turn_id: str) -> None:
        self._cut_turns[turn_id] = None
        if len(self._cut_turns) > REMEMBERED_TURNS:
            self._cut_turns.popitem(last=False)

    def highest(self, show: str) -> int:
        """The highest epoch seen for this show."""
        return self._highest.get(show, 0)

    def shut(self, show: str) -> int:
        """Makes everything seen so far stale, when no new epoch is known (a panic by own port)."""
        self.raise_epoch(show, self.highest(show) + 1)
        return self.highest(show)
