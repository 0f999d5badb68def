"""The floor: who deserves an answer. Pure rules; `configs/floor.yaml` has their numbers."""

from apps.orchestrator.floor.candidates import PRIORITY, Candidate, Part, Score, Skipped
from apps.orchestrator.floor.floor import Floor
from apps.orchestrator.floor.line_up import Waiting
from apps.orchestrator.floor.rules import FLOOR_FILE, FloorError, FloorRules, load_rules

__all__ = [
    "FLOOR_FILE",
    "PRIORITY",
    "Candidate",
    "Floor",
    "FloorError",
    "FloorRules",
    "Part",
    "Score",
    "Skipped",
    "Waiting",
    "load_rules",
]
