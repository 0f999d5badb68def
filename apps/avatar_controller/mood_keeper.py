"""Which mood she shows: what was ordered, what she says, and back to rest."""

from libs.contracts.speaking import Mood
from libs.settings.avatar import Moods


class MoodKeeper:
    """Moods as they are wanted, one after the other as a face would have them.

    Pure: times are any steady seconds that the caller passes in. Promises: the newest order or
    reply counts; one for a time ends by itself; a reply's mood stays for `neutral_after_seconds`
    after she last spoke, then what was ordered until further notice (else neutral) shows again; a
    mood is shown for `hold_seconds` at least, but a neutral face changes at once; in a panic it is
    neutral at once and stays so.
    """

    def __init__(self, rules: Moods) -> None:
        self._rules = rules
        self._base = Mood.NEUTRAL
        self._ordered: tuple[Mood, float] | None = None
        self._reply: tuple[Mood, float] | None = None
        self._panic = False
        self._shown = Mood.NEUTRAL
        self._shown_since = float("-inf")

    def order(self, mood: Mood, hold_seconds: float | None, now: float) -> None:
        """`hold_seconds` None: until the next one."""
        if hold_seconds is None:
            self._base, self._ordered, self._reply = mood, None, None
        else:
            self._ordered = (mood, now + max(0.0, hold_seconds))

    def began(self, mood: Mood) -> None:
        """She begins to speak in this mood."""
        self._ordered, self._reply = None, (mood, float("inf"))

    def finished(self, now: float) -> None:
        """She does not speak any more."""
        if self._reply is not None:
            until = now + self._rules.neutral_after_seconds
            self._reply = (self._reply[0], min(self._reply[1], until))

    def panic(self, engaged: bool) -> None:
        self._panic = engaged
        if engaged:
            self._base, self._ordered, self._reply = Mood.NEUTRAL, None, None

    def look(self, now: float) -> Mood:
        """The mood to be shown now."""
        wanted = self._wanted(now)
        if wanted is not self._shown and (self._panic or now >= self._may_change_at):
            self._shown, self._shown_since = wanted, now
        return self._shown

    def due(self, now: float) -> float | None:
        """When to look again although nothing happens; None: not by itself."""
        moments = [until for _, until in filter(None, (self._ordered, self._reply))]
        if self._wanted(now) is not self._shown:
            moments.append(self._may_change_at)
        return min((at for at in moments if at != float("inf")), default=None)

    @property
    def _may_change_at(self) -> float:
        held = 0.0 if self._shown is Mood.NEUTRAL else self._rules.hold_seconds
        return self._shown_since + held

    def _wanted(self, now: float) -> Mood:
        if self._panic:
            return Mood.NEUTRAL
        if self._ordered is not None and now >= self._ordered[1]:
            self._ordered = None
        if self._reply is not None and now >= self._reply[1]:
            self._reply = None
        current = self._ordered or self._reply
        return current[0] if current is not None else self._base
