"""The gate: what may be said, shown, or given to a model."""

from libs.safety.gate import Gate, LateGate
from libs.safety.ingest import clean_chat
from libs.safety.rules import RulesError
from libs.safety.stream_gate import Judged, StreamGate

__all__ = ["Gate", "Judged", "LateGate", "RulesError", "StreamGate", "clean_chat"]
