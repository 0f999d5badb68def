"""A server that speaks OpenAI's chat API, without a model."""

from libs.testing.stand_ins.listener import SeenChat
from libs.testing.stand_ins.openai.faults import FAULTS
from libs.testing.stand_ins.openai.server import OpenAIStandIn

__all__ = ["FAULTS", "OpenAIStandIn", "SeenChat"]
