"""What outlives one listening."""

from collections import Counter

from apps.twitch_ingest.engines.twitch.ear import Ear
from apps.twitch_ingest.engines.twitch.topics import TopicBoard
from apps.twitch_ingest.seen_ids import SeenIds


class Memory:
    """A sign-in begins a new listening, and that must tell nothing twice and hide no gap.

    `chat_ear` belongs to the connection that hears chat, `other_ear` to the streamer's own where
    there are two.
    """

    def __init__(self, counters: Counter[str]) -> None:
        self.counters = counters
        self.seen = SeenIds()
        self.chat_ear = Ear()
        self.other_ear = Ear()
        self.board = TopicBoard()
