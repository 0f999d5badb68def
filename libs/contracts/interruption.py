"""Cutting her off."""

from typing import Literal

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
