"""Which Whisper is taken: the largest that keeps up, and never one that is not whole."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from apps.asr_worker.engines import faster_whisper as engine
from apps.asr_worker.engines.base import RecogniserMissing
from apps.asr_worker.engines.faster_whisper import faster_whisper
from apps.asr_worker.settings import AsrSettings
from libs.speech_models.shelf import ModelShelf
from libs.testing.tiny_whisper import write_tiny_whisper
from tests.packages import need_packages


@pytest.fixture(autouse=True)
def packages() -> None:
    need_packages("ctranslate2", "faster_whisper")


async def started(shelf: Path, **settings: Any) -> str:
    recogniser = faster_whisper(AsrSettings(**settings), ModelShelf(shelf))
    try:
        await recogniser.start()
        return recogniser.capabilities.label
    finally:
        await recogniser.stop()


async def test_the_largest_model_that_keeps_up_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "KEEPS_UP_SECONDS", 60.0)
    write_tiny_whisper(tmp_path / "tiny")
    write_tiny_whisper(tmp_path / "small", text=" ".join(f"word{n}" * 20 for n in range(40)))
    assert "Whisper small" in await started(tmp_path)
    assert set(ModelShelf(tmp_path).measured()) == {"small"}
    monkeypatch.setattr(engine, "KEEPS_UP_SECONDS", 0.0001)
    assert "Whisper tiny" in await started(tmp_path)


async def test_a_model_that_is_far_too_large_is_not_even_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    write_tiny_whisper(tmp_path / "tiny")
    write_tiny_whisper(tmp_path / "large-v3")
    with (tmp_path / "large-v3" / "notes.txt").open("wb") as file:
        file.truncate(1_000_000_000)  # as large as a large one looks
    assert "Whisper tiny" in await started(tmp_path)
    assert "measuring" not in caplog.text


def test_a_model_that_knows_english_only_is_for_those_who_speak_it(tmp_path: Path) -> None:
    def candidates(language: str) -> list[str]:
        settings = AsrSettings(asr_language=language)
        return [model.name for model in engine._models(settings, ModelShelf(tmp_path))]

    write_tiny_whisper(tmp_path / "base.en", text="a longer text")
    assert candidates("pt") == ["base.en"]
    write_tiny_whisper(tmp_path / "tiny", text="short")
    assert candidates("en") == candidates("en-GB") == ["tiny", "base.en"]
    assert candidates("pt") == candidates("") == candidates("auto") == ["tiny"]


async def test_a_named_model_is_taken_by_name_or_folder(tmp_path: Path) -> None:
    write_tiny_whisper(tmp_path / "tiny")
    write_tiny_whisper(tmp_path / "base", text="a longer text than that of the tiny one")
    assert "Whisper tiny" in await started(tmp_path, asr_model="tiny")
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    shutil.copytree(tmp_path / "base", elsewhere / "mine")
    folder = str(elsewhere / "mine")
    assert "Whisper mine" in await started(tmp_path, asr_model=folder)


@pytest.mark.parametrize("larger", [True, False])
async def test_a_model_that_cannot_be_loaded_leaves_the_other_one(
    tmp_path: Path, larger: bool
) -> None:
    write_tiny_whisper(tmp_path / "tiny")
    odd = write_tiny_whisper(tmp_path / "base")
    (odd / "vocabulary.json").write_text('["fox"]')
    with ((odd if larger else tmp_path / "tiny") / "notes.txt").open("wb") as file:
        file.truncate(2_000_000)
    assert "Whisper tiny" in await started(tmp_path)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.bin"])
async def test_an_incomplete_folder_is_refused_and_nothing_is_fetched(
    tmp_path: Path, name: str
) -> None:
    folder = write_tiny_whisper(tmp_path / "base")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(RecogniserMissing, match=rf"{name.split('.')[0]}.* broken"):
        await started(tmp_path)
    with pytest.raises(RecogniserMissing, match="kitsu ears get base"):
        await started(tmp_path, asr_model="base")
    with pytest.raises(RecogniserMissing, match="copy the whole folder again"):
        await started(tmp_path, asr_model=str(folder))


async def test_without_a_model_the_step_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecogniserMissing, match="kitsu ears get base"):
        await started(tmp_path)


async def test_no_gpu_is_no_matter(tiny_models: Path) -> None:
    label = await started(tiny_models, asr_device="cuda")
    assert "processor" in label or "GPU" in label
