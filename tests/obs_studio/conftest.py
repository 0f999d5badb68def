"""A real OBS for the tests of this folder."""

from tests.obs_studio.fixtures import eye, fresh_obs, module_obs, real_obs

__all__ = ["eye", "fresh_obs", "module_obs", "real_obs"]
