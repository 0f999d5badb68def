from collections.abc import AsyncIterator

import pytest

from apps.tts_worker.engines.espeak import EspeakEngine


@pytest.fixture
async def espeak() -> AsyncIterator[EspeakEngine]:
    engine = EspeakEngine()
    await engine.start()
    yield engine
    await engine.stop()
