"""Who holds her voice back now, how strictly, and until when."""

from libs.contracts.interruption import SpeechHold

#: Holders at the same time; of more, the one that would end first goes.
MAXIMUM_HOLDERS = 16

_STRICTNESS = {SpeechHold.NONE: 0, SpeechHold.LOWERED: 1, SpeechHold.PAUSED: 2}


class Holds:
    """The holds in force, by holder.

    Pure: times are any steady seconds that the caller passes in. Promises: the last word of each
    holder counts and ends by itself at the time it was given; of several the strictest counts.
    """

    def __init__(self) -> None:
        self._by_holder: dict[str, tuple[SpeechHold, float]] = {}

    def take(self, by: str, hold: SpeechHold, until: float) -> None:
        """From now on this holder holds her so, until then."""
        self._by_holder.pop(by, None)
        if hold is SpeechHold.NONE:
            return
        self._by_holder[by] = (hold, until)
        if len(self._by_holder) > MAXIMUM_HOLDERS:
            del self._by_holder[min(self._by_holder, key=lambda name: self._by_holder[name][1])]

    def strictest(self, now: float) -> SpeechHold:
        self._by_holder = {by: held for by, held in self._by_holder.items() if now < held[1]}
        holds = (hold for hold, _ in self._by_holder.values())
        return max(holds, key=_STRICTNESS.__getitem__, default=SpeechHold.NONE)

    @property
    def wakes_at(self) -> float | None:
        """When the next one ends; None: there is none."""
        return min((until for _, until in self._by_holder.values()), default=None)
