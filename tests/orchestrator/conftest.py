"""An orchestrator for each test: `stand` is not started yet, `show` runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.worker.runtime import running
from tests.orchestrator.stand import Stand


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path)
    await stand.bus.open()
    yield stand
    await stand.bus.close()


@pytest.fixture
async def show(stand: Stand) -> AsyncIterator[Stand]:
    async with running(stand.worker, stand.worker.bus):
        yield stand
