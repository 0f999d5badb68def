"""Looking at OBS Studio from outside, without controlling it."""

from libs.obs.probe import Answer, Probe, probe

__all__ = ["Answer", "Probe", "probe"]
