"""Percentiles over the latest turns."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from libs.contracts.timing import TurnStages

#: Turns that the panel's latency figures look back on.
WINDOW_TURNS = 200

STAGE_FIELDS = {
    "wait": "wait_ms",
    "recognition": "recognition_ms",
    "first_token": "first_token_ms",
    "policy": "policy_first_sentence_ms",
    "gate": "gate_ms",
    "tts": "tts_first_chunk_ms",
    "playback": "playback_start_ms",
    "bus": "bus_ms",
    "total": "total_to_first_audio_ms",
}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of values in ascending order; `share` is 0..1."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def summarise(stages: Iterable[TurnStages], shares: Sequence[float]) -> dict[str, dict[str, float]]:
    """Per stage: `p50_ms`, `p95_ms` … over the turns that reached it."""
    rows = [item.model_dump() for item in stages]
    summary: dict[str, dict[str, float]] = {}
    for name, column in STAGE_FIELDS.items():
        values = sorted(row[column] for row in rows if row[column] is not None)
        if values:
            summary[name] = {
                f"p{share * 100:g}_ms": round(percentile(values, share), 2) for share in shares
            }
    return summary


class LatencyWindow:
    """The stage times of the last turns that were heard."""

    def __init__(self) -> None:
        self._stages: deque[TurnStages] = deque(maxlen=WINDOW_TURNS)

    def add(self, stages: TurnStages) -> None:
        if stages.total_to_first_audio_ms is not None:
            self._stages.append(stages)

    def as_json(self, shares: Sequence[float] = (0.5, 0.95)) -> dict[str, Any]:
        return {"turns": len(self._stages), "stages": summarise(self._stages, shares)}
