"""The stream table: how each kind of event travels, and what may be dropped."""

from dataclasses import dataclass
from enum import StrEnum


class StreamClass(StrEnum):
    """How entries of a stream reach their readers."""

    CONTROL = "control"
    """Every instance reads all of it with a cursor of its own; never dropped."""
    WORK = "work"
    """One member of a consumer group does each entry; deadline, reclaim, dead letters."""
    FACTS = "facts"
    """Every consumer group sees each entry; durable, trimmed by length."""
    AUDIO = "audio"
    """Short and bounded; the show's stage reads it with a cursor of its own."""
    LIVE = "live"
    """Pub/sub: whoever listens now gets it; may be lost."""


@dataclass(frozen=True)
class Topic:
    """One row of the stream table.

    `maximum_entries` bounds the stream (approximate trimming, oldest first; 0 = not stored).
    A pooled topic is shared by all shows: its events name their show themselves.
    Topics of one class and `lane` are read together, in order; lanes do not wait for each other.
    """

    name: str
    stream_class: StreamClass
    maximum_entries: int
    pooled: bool = False
    lane: str = ""

    def key(self, show: str) -> str:
        """The stream's key for a show (of a live topic: what its channels begin with); pooled
        topics ignore the show."""
        return f"kitsu:pool:{self.name}" if self.pooled else f"kitsu:{{{show}}}:{self.name}"


CONTROL = Topic("control", StreamClass.CONTROL, 1_000)

TURNS = Topic("turns", StreamClass.WORK, 1_000, pooled=True)
SENTENCES = Topic("sentences", StreamClass.WORK, 2_000, pooled=True)
#: Quotes many lines at once: no more of it is kept than is needed to take over from a dead worker.
SUMMARIES = Topic("summaries", StreamClass.WORK, 16, pooled=True)

LISTENING = Topic("listening", StreamClass.FACTS, 2_000)
#: Viewers may write a thousand lines a second: nothing else is read behind them.
CHAT = Topic("chat", StreamClass.FACTS, 20_000, lane="chat")
COMMANDS = Topic("commands", StreamClass.FACTS, 1_000)
CHAT_OUT = Topic("chat_out", StreamClass.FACTS, 1_000)
#: As many as there are lines in chat: apart from the conversation that others follow.
SKIPS = Topic("skips", StreamClass.FACTS, 20_000, lane="skips")
CONVERSATION = Topic("conversation", StreamClass.FACTS, 10_000)
SPEAKING = Topic("speaking", StreamClass.FACTS, 10_000)
STAGE = Topic("stage", StreamClass.FACTS, 2_000)
SAFETY = Topic("safety", StreamClass.FACTS, 5_000)
MEMORY = Topic("memory", StreamClass.FACTS, 2_000)
HEALTH = Topic("health", StreamClass.FACTS, 2_000)
TIMING = Topic("timing", StreamClass.FACTS, 5_000)

#: 100 ms a chunk: about 30 s of sound, and what a restarted stage may still look back on.
AUDIO = Topic("audio", StreamClass.AUDIO, 400)

LIVE = Topic("live", StreamClass.LIVE, 0)

TOPICS: tuple[Topic, ...] = (
    CONTROL,
    TURNS,
    SENTENCES,
    SUMMARIES,
    LISTENING,
    CHAT,
    COMMANDS,
    CHAT_OUT,
    SKIPS,
    CONVERSATION,
    SPEAKING,
    STAGE,
    SAFETY,
    MEMORY,
    HEALTH,
    TIMING,
    AUDIO,
    LIVE,
)
