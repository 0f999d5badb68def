"""What every event carries, whatever it says."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from libs.contracts.identity import new_id
from libs.contracts.streams import Topic
from libs.telemetry import clock


class Value(BaseModel):
    """A frozen part of an event. Unknown fields of a newer version are ignored.

    What reads and writes it is built when it is used first: no process uses all events.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Event(Value):
    """The envelope. Each subclass adds `type` (its wire tag, `file.snake_name`) and its own fields.

    Times are seconds since the Unix epoch on the show's clock (`libs.telemetry.clock.now`).
    """

    topic: ClassVar[Topic]
    """The stream this event travels on."""
    fenced: ClassVar[bool] = False
    """Whether work of an epoch older than the show's is dropped."""

    event_id: str = Field(default_factory=new_id)
    type: str
    version: int = 1
    show: str = "main"
    turn_id: str | None = None
    utterance_id: str | None = None
    epoch: int = 0
    cause_id: str | None = None
    source: str = ""
    """`module@host#instance` of the publisher; stamped by the bus when left empty."""
    emitted_at: float = Field(default_factory=clock.now)
    expires_at: float | None = None

    @classmethod
    def caused_by(cls, cause: "Event", **fields: Any) -> Self:
        """An event of this class in the same show, turn, utterance and epoch as its cause."""
        inherited: dict[str, Any] = {
            "show": cause.show,
            "turn_id": cause.turn_id,
            "utterance_id": cause.utterance_id,
            "epoch": cause.epoch,
            "cause_id": cause.event_id,
        }
        return cls(**{**inherited, **fields})


class UnknownEvent(Event):
    """An entry whose type or version this build does not know, or that does not fit its schema.

    Kept and counted, never imported by name and never acted on.
    """

    type: str = "unknown"
    raw: bytes = b""
    reason: str = ""
