"""Who speaks to the show."""

from enum import StrEnum

from pydantic import Field

from libs.contracts.envelope import Value


class Role(StrEnum):
    OPERATOR = "operator"
    BROADCASTER = "broadcaster"
    MODERATOR = "moderator"
    VIP = "vip"
    SUBSCRIBER = "subscriber"
    VIEWER = "viewer"


class Author(Value):
    """Who wrote or said something. `viewer_id` is the platform's own id, stable over renames."""

    viewer_id: str = Field(max_length=128)
    name: str = Field(max_length=128)
    role: Role = Role.VIEWER
