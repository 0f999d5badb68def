"""What is kept, and what is forgotten."""

from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event
from libs.contracts.streams import MEMORY


class SummaryWritten(Event):
    topic = MEMORY
    type: Literal["memory.summary_written"] = "memory.summary_written"
    text: str
    messages: int


class RememberFact(Event):
    """What she wants remembered of whoever she answers in this turn; of the show, when that is the
    host. Her own words: nobody has checked them."""

    topic = MEMORY
    type: Literal["memory.remember_fact"] = "memory.remember_fact"
    text: str = Field(max_length=200)


class ViewerForgotten(Event):
    topic = MEMORY
    type: Literal["memory.viewer_forgotten"] = "memory.viewer_forgotten"
    viewer_id: str
    by: str = ""
