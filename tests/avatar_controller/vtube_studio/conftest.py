"""What tests of VTube Studio need: its stand-in, and the avatar that moves a model in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.testing.ports import free_port
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from tests.avatar_controller.vtube_studio.avatar_stand import Stand, standing


@pytest.fixture
def udp_port() -> int:
    """Where a broadcast goes, instead of VTube Studio's own port."""
    return free_port()


@pytest.fixture
async def vts() -> AsyncIterator[VTubeStudioStandIn]:
    async with VTubeStudioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def stand(vts: VTubeStudioStandIn, tmp_path: Path) -> AsyncIterator[Stand]:
    async with standing(vts, tmp_path) as ready:
        await ready.until_ready()
        yield ready
