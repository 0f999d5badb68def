"""How long until the next attempt."""

import random
from collections.abc import Callable

from apps.twitch_ingest.engines.twitch.options import Pauses


class Backoff:
    """Doubles from attempt to attempt, with a random half taken off so that many do not come back
    at the same moment. A connection that lived long begins anew."""

    def __init__(self, pauses: Pauses, chance: Callable[[], float] = random.random) -> None:
        self._pauses = pauses
        self._chance = chance
        self._attempts = 0

    def next_seconds(self, lived_seconds: float = 0.0) -> float:
        if lived_seconds >= self._pauses.steady:
            self._attempts = 0
        whole = self._pauses.first_retry * 2.0 ** min(self._attempts, 20)
        self._attempts += 1
        return min(whole, self._pauses.longest_retry) * (0.5 + 0.5 * self._chance())
