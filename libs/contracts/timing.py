"""Where the time went."""

from typing import Literal

from libs.contracts.conversation import TurnSource
from libs.contracts.envelope import Event, Value
from libs.contracts.streams import TIMING


class StageTimed(Event):
    """One stage of one turn, where no other event carries its time."""

    topic = TIMING
    type: Literal["timing.stage_timed"] = "timing.stage_timed"
    stage: str
    seconds: float


class TurnStages(Value):
    """Milliseconds. `total_to_first_audio_ms` runs from the end of speech (or the arrival of the
    line) to the first audible sample; `wait_ms`, the silence waited for or the time behind other
    turns, is part of it. `first_token_ms` is a part of `policy_first_sentence_ms`.
    None: that stage was not reached."""

    wait_ms: float = 0.0
    recognition_ms: float | None = None
    """Of speech: from the end of the wait to its words."""
    first_token_ms: float | None = None
    policy_first_sentence_ms: float | None = None
    gate_ms: float | None = None
    tts_first_chunk_ms: float | None = None
    playback_start_ms: float | None = None
    bus_ms: float | None = None
    total_to_first_audio_ms: float | None = None


class TurnTimed(Event):
    topic = TIMING
    type: Literal["timing.turn_timed"] = "timing.turn_timed"
    source_kind: TurnSource
    outcome: Literal["completed", "interrupted", "expired", "failed", "blocked"]
    stages: TurnStages


class SoakFinished(Event):
    topic = TIMING
    type: Literal["timing.soak_finished"] = "timing.soak_finished"
    passed: bool
    turns: int
    seconds: float
    report_path: str = ""
