"""A real OBS for the tests that are marked so."""

from tests.obs_studio.fixtures import module_obs

__all__ = ["module_obs"]
