"""When it has been quiet for so long that she says something of her own."""

from apps.orchestrator.floor.rules import IdleRules


class Silence:
    """Promises: at most `times` fillers until somebody is there again."""

    def __init__(self, rules: IdleRules, now: float) -> None:
        self._rules = rules
        self._since = now
        self._times = 0
        self._told = 0
        self._somebody_at = now

    def somebody_came(self, at: float) -> None:
        """A viewer wrote, or the host spoke. The same again changes nothing."""
        if at > self._somebody_at:
            self._somebody_at = at
            self._since = max(self._since, at)
            self._times = 0

    def something_was_said(self, now: float) -> None:
        self._since = max(self._since, now)

    @property
    def due_at(self) -> float:
        """When there is something to say; infinity: never, as things are."""
        exhausted = self._times >= self._rules.times
        if exhausted or self._rules.after_seconds == 0:
            return float("inf")
        return self._since + self._rules.after_seconds

    def fill(self, now: float) -> tuple[str, float]:
        """What she is told to do, and how long it was quiet, in seconds."""
        silent = now - self._since
        prompt = self._rules.prompts[self._told % len(self._rules.prompts)]
        self._told += 1
        self._times += 1
        self._since = now
        return prompt, silent
