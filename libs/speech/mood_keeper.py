"""Which mood she shows: what was ordered, what she says, and back to rest."""

from libs.contracts.speaking import Mood

NEVER = float("inf")


class MoodKeeper:
    """Moods as they are wanted, one after the other as a face would have them.

    Pure: times are any steady seconds that the caller passes in. Promises: an order for a time wins
    for that time, whatever she says meanwhile; an order until further notice shows at once, and the
    next thing that she says shows its own mood again; what she says keeps its mood as long as it is
    heard and a while after, then the last order until further notice (else neutral) shows again; a
    mood is shown for `hold_seconds` at least, but a neutral face changes at once; in a panic it is
    neutral at once and stays so.
    """

    def __init__(self, hold_seconds: float = 0.0) -> None:
        self.hold_seconds = hold_seconds
        self._base = Mood.NEUTRAL
        self._ordered: tuple[Mood, float] | None = None
        self._said: tuple[Mood, float] | None = None
        self._panic = False
        self._shown = Mood.NEUTRAL
        self._shown_since = float("-inf")

    def order(self, mood: Mood, hold_seconds: float | None, now: float) -> None:
        """`hold_seconds` None: until the next one."""
        if hold_seconds is None:
            self._base, self._ordered, self._said = mood, None, None
        else:
            self._ordered = (mood, now + max(0.0, hold_seconds))

    def began(self, mood: Mood) -> None:
        """She begins to speak in this mood."""
        self._said = (mood, NEVER)

    def finished(self, now: float, stays_seconds: float) -> None:
        """She does not speak any more; the mood of what she said stays for so long."""
        if self._said is not None:
            mood, until = self._said
            self._said = (mood, min(until, now + stays_seconds))

    def panic(self, engaged: bool) -> None:
        self._panic = engaged
        if engaged:
            self._base, self._ordered, self._said = Mood.NEUTRAL, None, None

    def look(self, now: float) -> Mood:
        """The mood to be shown now."""
        wanted = self._wanted(now)
        if wanted is not self._shown and (self._panic or now >= self._may_change_at):
            self._shown, self._shown_since = wanted, now
        return self._shown

    def due(self, now: float) -> float | None:
        """When to look again although nothing happens; None: not by itself."""
        moments = [until for _, until in filter(None, (self._ordered, self._said))]
        if self._wanted(now) is not self._shown:
            moments.append(self._may_change_at)
        return min((at for at in moments if at != NEVER), default=None)

    @property
    def _may_change_at(self) -> float:
        held = 0.0 if self._shown is Mood.NEUTRAL else self.hold_seconds
        return self._shown_since + held

    def _wanted(self, now: float) -> Mood:
        if self._panic:
            return Mood.NEUTRAL
        if self._ordered is not None and now >= self._ordered[1]:
            self._ordered = None
        if self._said is not None and now >= self._said[1]:
            self._said = None
        current = self._ordered or self._said
        return current[0] if current is not None else self._base
