"""An orchestrator for each test: `stand` is not started yet, `show` runs; a `mind` is a
memory alone, with an embedding model on a `server`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from libs.testing.stand_ins.ollama import OllamaStandIn
from libs.worker.runtime import running
from tests.orchestrator.mind import Mind, a_mind
from tests.orchestrator.stand import Stand


@pytest.fixture
def stand_settings() -> dict[str, Any]:
    """Settings that differ from the stand's; a test file may have its own."""
    return {}


@pytest.fixture
async def stand(tmp_path: Path, stand_settings: dict[str, Any]) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path, **stand_settings)
    await stand.bus.open()
    yield stand
    await stand.bus.close()


@pytest.fixture
async def show(stand: Stand) -> AsyncIterator[Stand]:
    async with running(stand.worker, stand.worker.bus):
        yield stand


@pytest.fixture
async def server() -> AsyncIterator[OllamaStandIn]:
    async with OllamaStandIn(["embed:latest", "other:latest"]) as server:
        yield server


@pytest.fixture
async def mind(tmp_path: Path, server: OllamaStandIn) -> AsyncIterator[Mind]:
    async with a_mind(tmp_path, server) as mind:
        yield mind
