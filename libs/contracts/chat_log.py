"""A recorded chat log: JSON lines, one thing that happened in a chat each, in order of time.

What a log may say beyond what a platform does (`worth`, `spam`, `topic`) is the truth about a line
that was made up: rules are compared by it, nobody is told of it.
"""

from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Value
from libs.contracts.people import Author, Role

LineKind = Literal[
    "message", "delete", "ban", "clear", "raid", "gift", "sub", "resub", "follow", "cheer"
]


class ChatLogLine(Value):
    """One line. `at`: seconds from the beginning of the log."""

    at: float = Field(ge=0)
    id: str = Field(max_length=128)
    """Of a message: its own. Of a deletion: that of the message that is taken away."""
    kind: LineKind = "message"
    viewer_id: str = Field(default="", max_length=128)
    name: str = Field(default="", max_length=128)
    role: Role = Role.VIEWER
    text: str = Field(default="", max_length=2_000)
    reply_to: str = Field(default="", max_length=128)
    first_time: bool = False
    count: int = Field(default=1, ge=0)
    """Raiders, gifted subscriptions, bits, or months."""
    worth: float | None = Field(default=None, ge=0, le=1)
    """How much it deserves an answer; None: not known."""
    spam: bool | None = None
    topic: str = Field(default="", max_length=64)
    """What it is about: lines of one topic ask the same."""

    @property
    def author(self) -> Author:
        return Author(viewer_id=self.viewer_id, name=self.name, role=self.role)
