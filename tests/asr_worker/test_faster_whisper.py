"""The real faster-whisper in its host, with a Whisper that was written by code."""

import asyncio
import shutil
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps.asr_worker.engines import faster_whisper as engine
from apps.asr_worker.engines.base import (
    Hints,
    RecogniserDied,
    RecogniserError,
    RecogniserMissing,
    SoundRefused,
)
from apps.asr_worker.engines.faster_whisper import faster_whisper
from apps.asr_worker.engines.hosted import HostedRecogniser, HostPlan
from apps.asr_worker.settings import AsrSettings
from libs.speech_models.shelf import ModelShelf
from libs.testing.tiny_whisper import write_tiny_whisper
from tests.asr_worker.speech import noise, silence
from tests.packages import need_packages

TEXT = "Hello Kitsu, can you hear me?"


@pytest.fixture(autouse=True)
def packages() -> None:
    need_packages("ctranslate2", "faster_whisper")


async def test_it_understands_speech(whisper: HostedRecogniser, speech: bytes) -> None:
    transcript = await whisper.transcribe(speech, Hints(), True)
    assert transcript.text == TEXT
    assert transcript.language == "en"
    assert transcript.confidence is not None
    assert transcript.confidence > 0.9
    assert transcript.no_speech_probability == pytest.approx(0, abs=1e-6)


async def test_words_have_their_times(whisper: HostedRecogniser, speech: bytes) -> None:
    words = (await whisper.transcribe(speech, Hints(), True)).words
    assert [word.text for word in words] == TEXT.split()
    for word, following in pairwise(words):
        assert 0 <= word.start_seconds < word.end_seconds <= following.start_seconds + 0.01
    assert 1.5 < words[-1].end_seconds < 2.5


async def test_it_says_what_it_can(whisper: HostedRecogniser) -> None:
    can = whisper.capabilities
    assert can.label == "Whisper tiny (processor, int8)"
    assert can.word_times
    assert can.hot_words
    assert can.local
    assert can.languages == ()
    assert can.seconds_per_pass is not None
    assert 0 < can.seconds_per_pass < 10


async def test_words_that_may_come_up_are_taken(whisper: HostedRecogniser, speech: bytes) -> None:
    names = ("Kitsu", "näme_with\x00odd\u202esigns", *(f"viewer{n}" for n in range(300)))
    for final in (True, False):
        assert (await whisper.transcribe(speech, Hints("en", names), final)).text == TEXT


async def test_any_language_may_be_asked_for(whisper: HostedRecogniser, speech: bytes) -> None:
    for language in ("", "auto", "pt", "pt-BR", "ru", "tlh", "x" * 500, "\x00"):
        transcript = await whisper.transcribe(speech, Hints(language), True)
        assert transcript.text == TEXT
        assert transcript.language == {"pt": "pt", "pt-BR": "pt", "ru": "ru"}.get(language, "en")


async def test_silence_and_noise_are_no_words(whisper: HostedRecogniser) -> None:
    for sound in (silence(), silence(0.05), noise(), noise(0.5, 0.3), b"\0\0"):
        for final in (True, False):
            transcript = await whisper.transcribe(sound, Hints(), final)
            assert (transcript.text, transcript.words) == ("", ())


async def test_what_is_no_sound_is_refused(whisper: HostedRecogniser) -> None:
    for sound in (b"", b"\0", b"abc", bytes(2 * 16_000 * 1_201)):
        with pytest.raises(SoundRefused):
            await whisper.transcribe(sound, Hints(), True)


async def test_a_long_sound_is_understood_part_by_part(
    whisper: HostedRecogniser, speech: bytes
) -> None:
    """The model says its text once for each 30 seconds."""
    sound = b"".join([speech, silence(28)] * 2) + speech
    transcript = await whisper.transcribe(sound, Hints(), True)
    assert transcript.text.count("Kitsu") >= 1


async def test_passes_wait_for_each_other(whisper: HostedRecogniser, speech: bytes) -> None:
    passes = [whisper.transcribe(speech, Hints(), n % 2 == 0) for n in range(4)]
    assert [t.text for t in await asyncio.gather(*passes)] == [TEXT] * 4


async def test_a_cancelled_pass_frees_the_recogniser(
    whisper: HostedRecogniser, speech: bytes
) -> None:
    long = asyncio.create_task(whisper.transcribe(speech * 100, Hints(), True))
    await asyncio.sleep(0.2)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    begun = time.monotonic()
    assert (await whisper.transcribe(speech, Hints(), True)).text == TEXT
    assert time.monotonic() - begun < 10


async def test_after_its_process_was_killed_the_next_pass_works(
    whisper: HostedRecogniser, speech: bytes
) -> None:
    first = whisper.pid
    assert first is not None
    psutil.Process(first).kill()
    assert (await whisper.transcribe(speech, Hints(), True)).text == TEXT
    assert whisper.pid not in (None, first)


async def test_a_pass_during_which_the_process_is_killed_is_tried_again(
    whisper: HostedRecogniser, speech: bytes
) -> None:
    waiting = asyncio.create_task(whisper.transcribe(speech * 20, Hints(), True))
    await asyncio.sleep(0.1)
    assert whisper.pid is not None
    psutil.Process(whisper.pid).kill()
    assert "Kitsu" in (await waiting).text


async def test_a_dead_process_is_started_again_although_nobody_asks(
    whisper: HostedRecogniser,
) -> None:
    first = whisper.pid
    assert first is not None
    psutil.Process(first).kill()
    async with asyncio.timeout(20):
        while whisper.pid in (None, first):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


async def test_when_it_is_stopped_its_process_is_gone(tiny_models: Path) -> None:
    recogniser = faster_whisper(AsrSettings(), ModelShelf(tiny_models))
    await recogniser.stop()
    await recogniser.start()
    pid = recogniser.pid
    assert pid is not None
    await recogniser.start()
    assert recogniser.pid == pid
    await recogniser.stop()
    await recogniser.stop()
    assert not psutil.pid_exists(pid)
    with pytest.raises(RecogniserDied, match="not started"):
        await recogniser.transcribe(silence(), Hints(), True)


# Choosing ----------------------------------------------------------------------------------------


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


# A host that misbehaves --------------------------------------------------------------------------


async def test_a_python_that_is_not_there_is_told() -> None:
    recogniser = HostedRecogniser("x", lambda: HostPlan("qwen_asr", "/no/python", {}, "set it"))
    with pytest.raises(RecogniserMissing, match=r"/no/python cannot be run .*: set it"):
        await recogniser.start()


async def test_a_device_that_ends_the_process_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a GPU whose libraries do not fit: the process is aborted at the first pass."""
    package = tmp_path / "faster_whisper"
    package.mkdir()
    (package / "__init__.py").write_text(ABORTING_WHISPER)
    (tmp_path / "ctranslate2.py").write_text("def get_cuda_device_count():\n    return 1\n")
    monkeypatch.setattr(
        "apps.asr_worker.engines.hosted.OFFLINE", {"PYTHONPATH": import_path(tmp_path)}
    )
    load: dict[str, Any] = {
        "models": [{"name": "base", "folder": "x", "size_bytes": 1}],
        "device": "auto",
    }
    load["keeps_up_seconds"] = 1.0
    recogniser = HostedRecogniser("x", lambda: HostPlan("faster_whisper", sys.executable, load))
    await recogniser.start()
    try:
        assert recogniser.capabilities.label == "Whisper base (processor, float32)"
        assert (await recogniser.transcribe(silence(), Hints(), True)).text == ""
    finally:
        await recogniser.stop()


async def test_a_process_that_dies_at_every_start_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faster_whisper.py").write_text("import os\nos._exit(3)\n")
    monkeypatch.setattr(
        "apps.asr_worker.engines.hosted.OFFLINE", {"PYTHONPATH": import_path(tmp_path)}
    )
    plan = HostPlan("faster_whisper", sys.executable, {"models": [], "device": "cpu"})
    recogniser = HostedRecogniser("x", lambda: plan)
    with pytest.raises(RecogniserError, match="ended while loading"):
        await recogniser.start()
    await recogniser.stop()


def import_path(folder: Path) -> str:
    import os

    return os.pathsep.join([str(folder), str(Path(__file__).resolve().parents[2])])


#: float16 on the GPU ends the process, int8 raises an error, float32 works.
ABORTING_WHISPER = """
import os
from types import SimpleNamespace


class WhisperModel:
    supported_languages = ["en"]
    model = SimpleNamespace(is_multilingual=True)

    def __init__(self, folder, device, compute_type, **more):
        assert more["local_files_only"] is True
        self.device, self.compute_type = device, compute_type

    def transcribe(self, samples, **options):
        if self.device == "cuda":
            os.abort()
        if self.compute_type == "int8":
            raise RuntimeError("this processor cannot do that")
        return iter(()), SimpleNamespace(language="en")
"""
