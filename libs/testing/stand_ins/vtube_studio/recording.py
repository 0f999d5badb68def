"""What came in, for tests and benches; bounded, so that it can run for hours."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from libs.testing.stand_ins.vtube_studio.parameters import Plugin
from libs.testing.stand_ins.vtube_studio.wire import Data, Request

INJECTION = "InjectParameterDataRequest"
#: Five and a half minutes at 60 a second.
MAXIMUM_INJECTIONS = 20_000
MAXIMUM_REQUESTS = 5_000


@dataclass(slots=True)
class Injection:
    """One frame as it arrived. `error_id`: -1 when it was taken, None before it is worked on."""

    at: float
    """`time.time`"""
    monotonic_at: float
    """`time.monotonic`"""
    plugin: Plugin | None
    data: Data
    error_id: int | None = None

    def values(self) -> dict[str, Any]:
        return {one["id"]: one.get("value") for one in self._listed()}

    def value(self, name: str) -> Any:
        """None where it does not set that."""
        return next((one.get("value") for one in self._listed() if one["id"] == name), None)

    def weight(self, name: str) -> Any:
        return next((one.get("weight", 1.0) for one in self._listed() if one["id"] == name), None)

    def _listed(self) -> list[Data]:
        listed = self.data.get("parameterValues")
        if not isinstance(listed, list):
            return []
        return [one for one in listed if isinstance(one, dict) and "id" in one]


@dataclass(frozen=True, slots=True)
class Heard:
    """One request that was no injection."""

    kind: str
    data: Data
    plugin: Plugin | None
    monotonic_at: float


@dataclass
class Recording:
    injections: deque[Injection] = field(default_factory=lambda: deque(maxlen=MAXIMUM_INJECTIONS))
    requests: deque[Heard] = field(default_factory=lambda: deque(maxlen=MAXIMUM_REQUESTS))
    counts: Counter[str] = field(default_factory=Counter)
    """Requests by kind."""
    answered: int = 0
    """Answers that were sent, errors among them."""
    swallowed: int = 0
    errors: Counter[int] = field(default_factory=Counter)
    """Errors by id."""

    def take(self, request: Request, plugin: Plugin | None) -> Injection | None:
        """Called as soon as it has arrived. What comes back is to be told its outcome."""
        self.counts[request.kind] += 1
        now = time.monotonic()
        if request.kind != INJECTION:
            self.requests.append(Heard(request.kind, request.data, plugin, now))
            return None
        injection = Injection(time.time(), now, plugin, request.data)
        self.injections.append(injection)
        return injection

    def heard(self, kind: str) -> list[Heard]:
        return [one for one in self.requests if one.kind == kind]

    def frames_of(self, plugin_name: str) -> list[Injection]:
        """Injections of one plugin."""
        return [one for one in self.injections if one.plugin and one.plugin.name == plugin_name]

    def series(self, parameter: str) -> list[tuple[float, float]]:
        """(`time.time` of arrival, value) of every injection that sets it."""
        found = ((one.at, one.value(parameter)) for one in self.injections)
        return [(at, value) for at, value in found if value is not None]

    def frames_per_second(self, since: float, until: float) -> float:
        """Arrivals between two moments of `time.monotonic`."""
        count = sum(since <= one.monotonic_at < until for one in self.injections)
        return count / (until - since)

    def gaps(self, since: float, until: float) -> list[float]:
        """Seconds between one arrival and the next, between two moments of `time.monotonic`."""
        at = [one.monotonic_at for one in self.injections if since <= one.monotonic_at < until]
        return [after - before for before, after in pairwise(at)]

    def each_second(self, since: float, seconds: int) -> list[int]:
        """How many arrived in each of the seconds from a moment of `time.monotonic` on."""
        counts = [0] * seconds
        for one in self.injections:
            at = int(one.monotonic_at - since) if one.monotonic_at >= since else -1
            if 0 <= at < seconds:
                counts[at] += 1
        return counts

    def clear(self) -> None:
        self.injections.clear()
        self.requests.clear()
        self.counts.clear()
        self.errors.clear()
        self.answered = self.swallowed = 0
