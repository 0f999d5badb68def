"""Whether the host speaks: then nobody else is answered."""

from apps.orchestrator.floor.rules import HostRules


class HostSpeech:
    """From the host's first sound until the words are there, or are not coming. Promises: it never
    lasts longer than `at_most_seconds`, whatever is not told."""

    def __init__(self, rules: HostRules) -> None:
        self._rules = rules
        self._over_at = float("-inf")

    def started(self, at: float) -> None:
        self._over_at = at + self._rules.at_most_seconds

    def ended(self, at: float) -> None:
        """The words are still to come."""
        if self._over_at > at:
            self._over_at = min(self._over_at, at + self._rules.grace_seconds)

    def understood(self) -> None:
        """The words are there."""
        self._over_at = float("-inf")

    def goes_on(self, now: float) -> bool:
        return now < self._over_at

    @property
    def over_at(self) -> float:
        """When it will have been over, as far as is known."""
        return self._over_at
