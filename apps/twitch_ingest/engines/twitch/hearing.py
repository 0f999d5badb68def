"""From a message of EventSub to what is told: each once, and none of them ends the link."""

import logging
from collections import Counter

from apps.twitch_ingest.engines.base import Tell
from apps.twitch_ingest.engines.twitch.decoding import Decoder
from apps.twitch_ingest.engines.twitch.errors import MalformedEvent
from apps.twitch_ingest.engines.twitch.eventsub_socket import Frame
from apps.twitch_ingest.seen_ids import SeenIds

log = logging.getLogger("kitsu.twitch_ingest")

LOGGED_AT_FIRST = 10
LOGGED_LATER = 1_000


class Hearing:
    """`counters` count `heard`, `duplicates` and `malformed` events."""

    def __init__(self, decoder: Decoder, seen: SeenIds, tell: Tell, counters: Counter[str]) -> None:
        self._decoder = decoder
        self._seen = seen
        self._tell = tell
        self._counters = counters

    async def take(self, frame: Frame) -> None:
        metadata = frame["metadata"]
        identity = metadata.get("message_id")
        if not isinstance(identity, str):
            self.malformed(str(metadata.get("subscription_type", "?")), "no message id")
            return
        if not self._seen.is_new(identity):
            self._counters["duplicates"] += 1
            return
        try:
            found = self._decoder.decode(frame)
        except MalformedEvent as problem:
            self.malformed(str(metadata.get("subscription_type", "?")), str(problem))
            return
        self._counters["heard"] += 1
        for event in found:
            await self._tell(event)

    def malformed(self, kind: str = "message", problem: str = "no known form") -> None:
        """Counts it. The log gets the first few of them, then one in a thousand."""
        self._counters["malformed"] += 1
        count = self._counters["malformed"]
        if count <= LOGGED_AT_FIRST or count % LOGGED_LATER == 0:
            log.warning("a message of Twitch is not as documented (%s): %s", kind[:60], problem)
