"""What is kept, and what is forgotten."""

from typing import Literal

from libs.contracts.envelope import Event
from libs.contracts.streams import MEMORY


class SummaryWritten(Event):
    topic = MEMORY
    type: Literal["memory.summary_written"] = "memory.summary_written"
    text: str
    messages: int


class ViewerForgotten(Event):
    topic = MEMORY
    type: Literal["memory.viewer_forgotten"] = "memory.viewer_forgotten"
    viewer_id: str
    by: str = ""
