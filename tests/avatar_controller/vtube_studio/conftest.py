"""VTube Studio's stand-in, and the avatar that moves a model in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from tests.avatar_controller.vtube_studio.avatar_stand import Stand, standing


@pytest.fixture
async def vts() -> AsyncIterator[VTubeStudioStandIn]:
    async with VTubeStudioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def stand(vts: VTubeStudioStandIn, tmp_path: Path) -> AsyncIterator[Stand]:
    async with standing(vts, tmp_path) as ready:
        await ready.until_ready()
        yield ready
