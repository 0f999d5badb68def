from collections.abc import AsyncIterator

import pytest

from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn


class Clock:
    """What expires and cools down at the stand-in does so by this clock."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def vts(clock: Clock) -> AsyncIterator[VTubeStudioStandIn]:
    async with VTubeStudioStandIn(now=clock) as running:
        yield running
