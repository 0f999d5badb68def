"""What the gate decided."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event, Value
from libs.contracts.streams import LIVE, SAFETY

#: Own rules that one show may have.
MAXIMUM_OWN_RULES = 200
#: Characters of the words of one.
OWN_RULE_CHARACTERS = 100


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


class OwnRule(Value):
    """What the operator of a show allows or blocks beside the shipped rules."""

    rule_id: str
    action: Literal["allow", "block"]
    text: str = Field(min_length=1, max_length=OWN_RULE_CHARACTERS)
    """Its words, cleaned as chat is."""
    by: str
    made_at: float


JudgedPlace = Literal["input", "speech", "chat_out", "operator"]


class TextBlocked(Event):
    """A text was changed or stopped. Carries codes only; its words are told once, live."""

    topic = SAFETY
    type: Literal["safety.text_blocked"] = "safety.text_blocked"
    place: JudgedPlace
    action: GateAction
    rule: str
    category: str = ""
    sentence_index: int | None = None


class BlockedTextShown(Event):
    """The words of a text that was changed or stopped, for the operator's eyes. Never stored."""

    topic = LIVE
    type: Literal["safety.blocked_text_shown"] = "safety.blocked_text_shown"
    blocked_id: str
    """The `event_id` of its `TextBlocked`."""
    text: str = Field(max_length=2_000, repr=False)
    place: JudgedPlace
    viewer_id: str = Field(default="", max_length=128)
    """Who wrote it, or whose line was being answered."""
    author: str = Field(default="", max_length=128)
