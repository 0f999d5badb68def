"""What was heard when, and between which times nothing could be."""

import time
from collections import deque
from collections.abc import Callable

from apps.twitch_ingest.engines.base import Gap

#: Gaps that are kept for people to see.
KEPT_GAPS = 20


class Ear:
    """One link's sense of time. A gap begins at the last thing heard, keepalives included: where a
    connection dies without a word, what was said in between is lost as well."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.last_heard_at: float | None = None
        """Our time; None: nothing was ever heard."""
        self.gaps: deque[Gap] = deque(maxlen=KEPT_GAPS)
        self._reason = ""

    def heard(self) -> None:
        self.last_heard_at = self._clock()

    def lost(self, reason: str) -> None:
        """The first reason of a gap is the one that is told."""
        self._reason = self._reason or reason

    def forget(self) -> None:
        """Listening was ended on purpose: the time until it begins again is no gap of the link."""
        self.last_heard_at, self._reason = None, ""

    def back(self) -> Gap | None:
        """Listening again; the gap since the last thing heard, if there was one."""
        since, reason, self._reason = self.last_heard_at, self._reason, ""
        self.heard()
        if since is None or not reason:
            return None
        gap = Gap(min(since, self._clock()), self._clock(), reason)
        self.gaps.append(gap)
        return gap
