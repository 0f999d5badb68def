"""A tiny Whisper on a shelf, and speech."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from apps.asr_worker.engines.faster_whisper import faster_whisper
from apps.asr_worker.engines.hosted import HostedRecogniser
from apps.asr_worker.settings import AsrSettings
from libs.speech_models.shelf import ModelShelf
from libs.testing.tiny_whisper import write_tiny_whisper
from tests.asr_worker.speech import spoken
from tests.packages import need_packages


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with one model in it, `tiny`."""
    need_packages("ctranslate2", "faster_whisper")
    folder = tmp_path_factory.mktemp("asr_models")
    write_tiny_whisper(folder / "tiny", language="en")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whisper(tiny_models: Path) -> AsyncIterator[HostedRecogniser]:
    """The real faster-whisper in its host, started once for a file of tests."""
    recogniser = faster_whisper(AsrSettings(), ModelShelf(tiny_models))
    await recogniser.start()
    yield recogniser
    await recogniser.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speech() -> bytes:
    return await spoken()
