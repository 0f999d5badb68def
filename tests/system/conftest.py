"""Whole shows as processes, for the tests of this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.bus.embedded import find_binary
from libs.testing.running_show import RunningShow, running_show
from tests.conftest import need
from tests.obs_studio.fixtures import fresh_obs

#: A real OBS, for the tests that are marked so.
__all__ = ["fresh_obs"]


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[RunningShow]:
    """A show with the embedded voice, whose sound goes to the overlay page."""
    need(find_binary(), "a Redis-compatible server")
    async with running_show(tmp_path) as show:
        yield show


@pytest.fixture
async def silent_show(tmp_path: Path) -> AsyncIterator[RunningShow]:
    """A show whose engines answer at once and whose output only keeps time."""
    need(find_binary(), "a Redis-compatible server")
    settings = {"TTS_ENGINE": "captions", "STAGE_OUTPUT": "silent"}
    async with running_show(tmp_path, settings) as show:
        yield show
