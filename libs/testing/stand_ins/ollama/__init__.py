"""An Ollama server without a model."""

from libs.testing.stand_ins.listener import SeenChat
from libs.testing.stand_ins.ollama.faults import FAULTS, Fault, Kind
from libs.testing.stand_ins.ollama.server import OllamaStandIn

__all__ = ["FAULTS", "Fault", "Kind", "OllamaStandIn", "SeenChat"]
