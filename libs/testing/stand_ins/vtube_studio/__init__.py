"""VTube Studio without VTube Studio: its plugin API, with everything that can go wrong."""

from libs.testing.stand_ins.vtube_studio.error_ids import ErrorId
from libs.testing.stand_ins.vtube_studio.models import Driven, Expression, Hotkey, Model
from libs.testing.stand_ins.vtube_studio.parameters import Plugin
from libs.testing.stand_ins.vtube_studio.recording import Injection
from libs.testing.stand_ins.vtube_studio.server import VTubeStudioStandIn

__all__ = [
    "Driven",
    "ErrorId",
    "Expression",
    "Hotkey",
    "Injection",
    "Model",
    "Plugin",
    "VTubeStudioStandIn",
]
