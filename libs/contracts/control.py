"""What every instance must hear: switches, persona, panic."""

from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event
from libs.contracts.listening import ListeningMode
from libs.contracts.streams import CONTROL, SAFETY


class SetModuleEnabled(Event):
    topic = CONTROL
    type: Literal["control.set_module_enabled"] = "control.set_module_enabled"
    module: str
    enabled: bool
    by: str = ""


class SetPersona(Event):
    """Changes only the fields that are given."""

    topic = CONTROL
    type: Literal["control.set_persona"] = "control.set_persona"
    persona: str | None = None
    """File name in configs/personas: she becomes this one, then the other fields count."""
    style: str | None = None
    chaos: float | None = Field(default=None, ge=0, le=1)
    energy: float | None = Field(default=None, ge=0, le=1)
    family_mode: bool | None = None
    by: str = ""


class SetMicrophone(Event):
    """How she listens, until it is set again; changes only the fields that are given."""

    topic = CONTROL
    type: Literal["control.set_microphone"] = "control.set_microphone"
    muted: bool | None = None
    """For her only: what the stream hears is another matter."""
    mode: ListeningMode | None = None
    by: str = ""


class HoldToTalk(Event):
    """The talk key is held, or not. Sent again while it is held, for it ends by itself."""

    topic = CONTROL
    type: Literal["control.hold_to_talk"] = "control.hold_to_talk"
    held: bool
    at_most_seconds: float = Field(default=15.0, ge=0, le=120)
    by: str = ""


class EngagePanic(Event):
    """Everything that can be seen or heard stops and stays stopped.

    `ordinal` orders engagements and releases: a larger one is newer whatever the clocks say.
    """

    topic = CONTROL
    type: Literal["control.engage_panic"] = "control.engage_panic"
    reason: str = ""
    by: str = ""
    ordinal: int


class ReleasePanic(Event):
    """Ends the panic. The envelope's `epoch` is a new one: nothing from before is ever spoken."""

    topic = CONTROL
    type: Literal["control.release_panic"] = "control.release_panic"
    by: str = ""
    ordinal: int


class PanicEngaged(Event):
    """A module latched."""

    topic = SAFETY
    type: Literal["control.panic_engaged"] = "control.panic_engaged"
    module: str
    ordinal: int
    reason: str = ""
    route: Literal["control_stream", "own_port", "restored"] = "control_stream"


class PanicReleased(Event):
    topic = SAFETY
    type: Literal["control.panic_released"] = "control.panic_released"
    module: str
    ordinal: int
