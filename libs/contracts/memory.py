"""What is kept, and what is forgotten."""

from typing import Literal

from pydantic import Field

from libs.contracts.conversation import HistoryLine, PersonaSnapshot
from libs.contracts.envelope import Event
from libs.contracts.streams import MEMORY, SUMMARIES


class WriteSummary(Event):
    """Work for a policy worker that has nothing else to do: what was said, to be summed up by a
    language model until `expires_at`."""

    topic = SUMMARIES
    type: Literal["memory.write_summary"] = "memory.write_summary"
    persona: PersonaSnapshot
    before: str = ""
    """The summary so far."""
    lines: tuple[HistoryLine, ...]
    """What was said since, oldest first."""
    maximum_characters: int = Field(default=1_200, ge=1)


class SummaryWritten(Event):
    """Not gated: whoever keeps it judges it first."""

    topic = MEMORY
    type: Literal["memory.summary_written"] = "memory.summary_written"
    text: str
    messages: int
    engine: str = ""


class SummaryAbandoned(Event):
    """Nothing came of it (no model is there, a turn came, it took too long)."""

    topic = MEMORY
    type: Literal["memory.summary_abandoned"] = "memory.summary_abandoned"
    reason: str


class ViewerForgotten(Event):
    topic = MEMORY
    type: Literal["memory.viewer_forgotten"] = "memory.viewer_forgotten"
    viewer_id: str
    by: str = ""
