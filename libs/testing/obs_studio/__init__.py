"""A real OBS Studio without a screen, and eyes and ears at it, for tests and benches."""

from libs.testing.obs_studio.configuration import StudioFailed
from libs.testing.obs_studio.conversation import Gone, Refused
from libs.testing.obs_studio.observer import Observer, like
from libs.testing.obs_studio.studio import ObsStudio, missing_programs

__all__ = ["Gone", "ObsStudio", "Observer", "Refused", "StudioFailed", "like", "missing_programs"]
