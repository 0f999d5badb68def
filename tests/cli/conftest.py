"""A real OBS for the tests that are marked so."""

from tests.obs_studio.fixtures import fresh_obs

__all__ = ["fresh_obs"]
