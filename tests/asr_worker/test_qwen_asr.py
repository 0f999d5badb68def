"""The adapter of Qwen3-ASR, with a package of the same interface in another environment."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apps.asr_worker.engines.base import Hints, RecogniserMissing
from apps.asr_worker.engines.hosted import HostedRecogniser
from apps.asr_worker.engines.qwen_asr import qwen_asr
from apps.asr_worker.host.qwen_asr import LANGUAGES, code_of
from apps.asr_worker.settings import AsrSettings
from tests.asr_worker.other_environment.qwen_asr import SUPPORTED_LANGUAGES
from tests.asr_worker.speech import noise, silence

OTHER = Path(__file__).parent / "other_environment"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(OTHER), str(root)])
    monkeypatch.setattr("apps.asr_worker.engines.hosted.OFFLINE", {"PYTHONPATH": path})


@pytest.fixture
async def qwen(environment: None) -> AsyncIterator[HostedRecogniser]:
    recogniser = qwen_asr(AsrSettings(asr_qwen_python=sys.executable))
    await recogniser.start()
    yield recogniser
    await recogniser.stop()


async def test_it_understands_with_context_and_language(qwen: HostedRecogniser) -> None:
    sound = noise(2.0, 0.1)
    transcript = await qwen.transcribe(sound, Hints("pt-BR", ("Kitsu", "ann")), True)
    assert transcript.text == "2.0 s with Kitsu ann"
    assert transcript.language == "pt"
    assert transcript.engine == "qwen_asr"
    assert (await qwen.transcribe(sound, Hints("ru"), False)).language == "ru"
    assert (await qwen.transcribe(sound, Hints("xx"), True)).language == "pt"
    assert (await qwen.transcribe(silence(), Hints(), True)).text == ""
    assert qwen.capabilities.label == "Qwen3-ASR Qwen3-ASR-0.6B (cpu)"
    assert qwen.capabilities.hot_words
    assert not qwen.capabilities.word_times


async def test_a_model_that_is_not_there_is_told(environment: None) -> None:
    settings = AsrSettings(asr_qwen_python=sys.executable, asr_qwen_model="away")
    with pytest.raises(RecogniserMissing, match="away"):
        await qwen_asr(settings).start()


async def test_an_environment_without_the_package_is_told_how_to_get_it() -> None:
    with pytest.raises(RecogniserMissing, match="pip install qwen-asr"):
        await qwen_asr(AsrSettings(asr_qwen_python=sys.executable)).start()


async def test_without_an_environment_the_setting_is_named() -> None:
    with pytest.raises(RecogniserMissing, match="ASR_QWEN_PYTHON"):
        await qwen_asr(AsrSettings()).start()


def test_all_languages_of_the_package_are_known() -> None:
    assert sorted(LANGUAGES.values()) == sorted(SUPPORTED_LANGUAGES)
    assert code_of("Chinese,English") == "zh"
    assert code_of("") is None
    assert code_of("Elvish") is None
