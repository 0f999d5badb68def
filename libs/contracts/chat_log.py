"""A recorded chat, one JSON document a line: what is replayed, and what rules are tried on."""

from typing import Literal

from pydantic import Field

from libs.contracts.chat import AlertKind
from libs.contracts.envelope import Value
from libs.contracts.people import Author, Role

LogLineKind = Literal[
    "message", "delete", "ban", "clear", "redeem", "gap",
    "follow", "subscription", "resubscription", "gift", "cheer", "raid",
    "stream_online", "stream_offline", "shared_chat_began", "shared_chat_ended",
]  # fmt: skip

#: Kinds that viewers see an alert for.
ALERT_KINDS = frozenset(kind.value for kind in AlertKind)

#: A longer log is a mistake in its times.
LONGEST_SECONDS = 7 * 24 * 3_600.0


class ChatLogLine(Value):
    """One thing that happened in chat. Unknown fields are ignored; every text is hostile input."""

    at: float = Field(ge=0, le=LONGEST_SECONDS, allow_inf_nan=False)
    """Seconds since the log began."""
    id: str = Field(default="", max_length=128)
    """Of the message, alert or redemption."""
    viewer_id: str = Field(default="", max_length=128)
    name: str = Field(default="", max_length=128)
    role: Role = Role.VIEWER
    text: str = Field(default="", max_length=2_000)
    kind: LogLineKind = "message"
    first_time: bool = False
    reply_to: str = Field(default="", max_length=128)
    """Name of whoever it answers."""
    count: int = Field(default=1, ge=0, le=10_000_000)
    """Raiders, gifts, bits or months; of a gap its seconds."""
    target: str = Field(default="", max_length=128)
    """Of a deletion the message's id, of a ban the viewer's."""
    reward: str = Field(default="", max_length=100)
    cost: int = Field(default=0, ge=0, le=10_000_000)
    worth: float | None = None
    """How much an answer is worth, as whoever made the log says; for comparing rules."""
    spam: bool = False
    topic: str = Field(default="", max_length=64)
    """What it is about, as whoever made the log says: lines of one topic ask the same."""

    @property
    def author(self) -> Author:
        return Author(viewer_id=self.viewer_id, name=self.name, role=self.role)
