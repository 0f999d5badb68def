"""What may become a turn, and what leaves without one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from libs.contracts.conversation import SkipReason, TurnInput, TurnSource

#: From the first to the last to be heard. (Panic is above all of them: it empties the floor.)
PRIORITY: tuple[TurnSource, ...] = (
    TurnSource.OPERATOR,
    TurnSource.VOICE,
    TurnSource.PAID,
    TurnSource.CHAT,
    TurnSource.IDLE,
)


@dataclass(frozen=True)
class Candidate:
    """Something that may become a turn. The ids are given at arrival, so that they can be told."""

    input_id: str
    turn_id: str
    utterance_id: str
    input: TurnInput
    mood: str = "neutral"
    voice: str = ""
    first_time: bool = False
    """Its author never wrote here before, says the platform."""
    reply_to: str = ""
    """Name of whoever the line answers."""
    paid: int = 0
    """Bits or coins that came with a line of chat."""
    late_seconds: float = 0.0
    """How old it was already when it came."""
    rank_as: TurnSource | None = None
    """Waits as if it came from there; None: from where it comes."""

    @property
    def source(self) -> TurnSource:
        return self.rank_as or self.input.source

    @property
    def viewer_id(self) -> str:
        return self.input.author.viewer_id

    def waited_seconds(self, now: float) -> float:
        """How long it waited for its turn; of speech, since its words were there."""
        ready_at = self.input.arrived_at + (self.input.recognition_seconds or 0.0)
        return max(0.0, now - ready_at)


class Part(NamedTuple):
    """One reason for or against answering a line, and what it counts."""

    part: str
    points: float


@dataclass(frozen=True, slots=True)
class Score:
    """How much a line deserves an answer, and why. `spam`: how much of it speaks of spam."""

    points: float
    parts: tuple[Part, ...]
    spam: float = 0.0

    @staticmethod
    def of(counted: Iterable[tuple[str, float]], spam: float) -> "Score":
        parts = tuple([Part(*one) for one in counted if one[1]])
        return Score(sum([part[1] for part in parts]), parts, spam)

    @property
    def worst(self) -> str:
        """The part that speaks most against it; empty when none does."""
        against = [part for part in self.parts if part.points < 0]
        return min(against, key=lambda part: part.points).part if against else ""


@dataclass(frozen=True)
class Skipped:
    """`detail` says for people what led to it."""

    candidate: Candidate
    reason: SkipReason
    detail: str = ""
    score: Score | None = None
