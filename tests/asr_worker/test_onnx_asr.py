"""The real onnx-asr in its host, with a GigaAM that was written by code."""

from itertools import pairwise
from pathlib import Path

import pytest

from apps.asr_worker.engines.base import Hints, RecogniserMissing
from apps.asr_worker.engines.onnx_asr import onnx_asr
from apps.asr_worker.host.onnx_asr import words_of
from apps.asr_worker.settings import AsrSettings
from libs.speech_models.shelf import ModelShelf
from libs.testing.tiny_gigaam import NAME, write_tiny_gigaam
from tests.asr_worker.speech import silence
from tests.packages import need_packages


@pytest.fixture(autouse=True)
def packages() -> None:
    need_packages("onnx_asr", "onnxruntime")


async def test_it_understands_with_word_times(tmp_path: Path) -> None:
    write_tiny_gigaam(tmp_path)
    recogniser = onnx_asr(AsrSettings(asr_onnx_model=NAME), ModelShelf(tmp_path))
    await recogniser.start()
    try:
        for final in (True, False):
            transcript = await recogniser.transcribe(silence(3), Hints("ru", ("Китсу",)), final)
            assert transcript.text == "привет китсу"
        words = transcript.words
        assert [word.text for word in words] == ["привет", "китсу"]
        assert words[0].start_seconds == pytest.approx(0.2)
        assert words[1].start_seconds == pytest.approx(0.2 + 7 * 0.08)
        assert words[1].end_seconds == pytest.approx(3.0)
        assert transcript.language == "ru"
        assert transcript.confidence == pytest.approx(0.9, abs=0.05)
        assert recogniser.capabilities.label == f"{NAME} (processor)"
        assert not recogniser.capabilities.hot_words
    finally:
        await recogniser.stop()


@pytest.mark.parametrize("name", ["v2_ctc.int8.onnx", "v2_vocab.txt"])
async def test_a_broken_folder_is_told(tmp_path: Path, name: str) -> None:
    folder = write_tiny_gigaam(tmp_path)
    (folder / name).unlink()
    recogniser = onnx_asr(AsrSettings(asr_onnx_model=NAME), ModelShelf(tmp_path))
    with pytest.raises(RecogniserMissing):
        await recogniser.start()
    await recogniser.stop()


async def test_a_model_that_onnx_asr_does_not_know_is_told(tmp_path: Path) -> None:
    write_tiny_gigaam(tmp_path).rename(tmp_path / "fox")
    recogniser = onnx_asr(AsrSettings(asr_onnx_model="fox"), ModelShelf(tmp_path))
    with pytest.raises(RecogniserMissing, match="fox"):
        await recogniser.start()
    await recogniser.stop()


async def test_without_a_model_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecogniserMissing, match="ASR_ONNX_MODEL"):
        await onnx_asr(AsrSettings(), ModelShelf(tmp_path)).start()


def test_pieces_become_words() -> None:
    tokens = [" при", "вет", " ", "ки", "т", " су"]
    words = words_of(tokens, [0.1, 0.3, 0.5, 0.6, 0.7, 0.9], [-0.1] * 6, 16_000)
    assert [word[0] for word in words] == ["привет", "кит", "су"]
    for word, following in pairwise(words):
        assert word[1] < word[2] == following[1]
    assert words[-1][2] == 1.0


@pytest.mark.parametrize(
    ("tokens", "times"), [(None, None), ([], []), (["a"], None), ([" "], [0.0])]
)
def test_no_pieces_are_no_words(tokens: list[str] | None, times: list[float] | None) -> None:
    assert words_of(tokens, times, None, 16_000) == []
