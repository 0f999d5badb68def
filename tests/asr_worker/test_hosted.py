"""Recognisers whose process is killed, hangs, or dies of a device."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps.asr_worker.engines import hosted
from apps.asr_worker.engines.base import Hints, RecogniserDied, RecogniserError, RecogniserMissing
from apps.asr_worker.engines.faster_whisper import faster_whisper
from apps.asr_worker.engines.hosted import HostedRecogniser, HostPlan
from apps.asr_worker.settings import AsrSettings
from libs.speech_models.shelf import ModelShelf
from tests.asr_worker.speech import silence

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "Hello Kitsu, can you hear me?"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes its time to start a process."""
    monkeypatch.setattr(hosted, "PATIENCE_SECONDS", 60.0)


async def test_a_cancelled_pass_frees_the_recogniser(
    whisper: HostedRecogniser, speech: bytes
) -> None:
    long = asyncio.create_task(whisper.transcribe(speech * 100, Hints(), True))
    await asyncio.sleep(0.2)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    pid = whisper.pid
    assert (await whisper.transcribe(speech, Hints(), True)).text == TEXT
    assert whisper.pid == pid


async def test_after_its_process_was_killed_the_next_pass_works(
    whisper: HostedRecogniser, speech: bytes
) -> None:
    first, can = whisper.pid, whisper.capabilities
    assert first is not None
    psutil.Process(first).kill()
    assert (await whisper.transcribe(speech, Hints(), True)).text == TEXT
    assert whisper.pid not in (None, first)
    assert whisper.capabilities == can  # what was measured is not measured again


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
    async with asyncio.timeout(60):
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
