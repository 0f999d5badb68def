"""What the gate decided."""

from enum import StrEnum
from typing import Literal

from libs.contracts.envelope import Event, Value
from libs.contracts.streams import SAFETY


class GateAction(StrEnum):
    ALLOW = "allow"
    SOFTEN = "soften"
    REPLACE = "replace"
    BLOCK = "block"


class Verdict(Value):
    """The gate's word on one text. `text` is what may be said: empty when blocked.

    Only `libs.safety` makes these; `overridden_by` names the operator who let a blocked text pass.
    """

    action: GateAction
    text: str
    rule: str = ""
    """The rule's code, never the matched words."""
    category: str = ""
    overridden_by: str | None = None
    seconds: float = 0.0
    """Time the gate took."""


class TextBlocked(Event):
    """A text was changed or stopped. Carries codes only; the words stay in the local audit log."""

    topic = SAFETY
    type: Literal["safety.text_blocked"] = "safety.text_blocked"
    place: Literal["input", "speech", "chat_out", "operator"]
    action: GateAction
    rule: str
    category: str = ""
    sentence_index: int | None = None
