"""VTube Studio's plugin API, as far as more than its avatar needs it: form, meeting, finding."""

from libs.vtube_studio.meeting import Answer
from libs.vtube_studio.probe import Probe, probe

__all__ = ["Answer", "Probe", "probe"]
