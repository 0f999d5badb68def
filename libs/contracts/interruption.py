"""Cutting her off."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event
from libs.contracts.streams import CONTROL


class StopSpeaking(Event):
    """From now on the show is at `epoch` (of the envelope): all older work is stale.

    With a `turn_id` only that turn is cut (retraction); its work is fenced by turn, not by epoch.
    """

    topic = CONTROL
    type: Literal["interruption.stop_speaking"] = "interruption.stop_speaking"
    reason: str = ""
    by: str = ""


class SpeechHold(StrEnum):
    """How her voice is held back while somebody else may be speaking."""

    NONE = "none"
    LOWERED = "lowered"
    PAUSED = "paused"
    """What plays stands still, and nothing begins; the same sound goes on afterwards."""


class HoldSpeaking(Event):
    """From now on this holder holds her voice so. Of several holders the strictest counts.

    A hold ends by itself, so that a holder that dies silences nobody for long; it is sent again
    while it is meant.
    """

    topic = CONTROL
    type: Literal["interruption.hold_speaking"] = "interruption.hold_speaking"
    hold: SpeechHold
    at_most_seconds: float = Field(default=2.0, ge=0, le=30)
    by: str = Field(default="voice", max_length=40)
    """The holder: `voice` (somebody speaks over her), `host_first` (the host has the floor)."""
