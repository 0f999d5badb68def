"""The turn model's way from sound to verdict, with a model of four nodes."""

import threading
from pathlib import Path

import numpy as np
import pytest

from apps.asr_worker.log_mel import log_mel
from apps.asr_worker.settings import AsrSettings
from apps.asr_worker.smart_turn import SmartTurn, smart_turn
from apps.asr_worker.turn_end import end_of_turn
from libs.contracts.listening import TranscriptFinalized
from libs.speech.turn_taking import TurnModel
from tests.asr_worker.ears_stand import until
from tests.asr_worker.hearing_stand import HearingStand, tone, turns_of_the_loop
from tests.asr_worker.sounds import noise, pcm_of, speech
from tests.asr_worker.tiny_turn_model import write_turn_model
from tests.conftest import need

try:
    import onnxruntime
except ImportError:
    onnxruntime = None


@pytest.fixture(autouse=True)
def runtime() -> None:
    need(onnxruntime, "onnxruntime")


def test_the_spectrogram_is_that_of_whisper() -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    sound = np.concatenate([noise(2, -30.0), speech("Hello Kitsu"), noise(8, -50.0)])[: 8 * 16_000]
    theirs = FeatureExtractor(chunk_length=8)(sound, padding=0)[:, :800]
    assert np.abs(log_mel(sound) - theirs).max() < 1e-4


@pytest.mark.parametrize(("bias", "verdict"), [(9.0, "complete"), (-9.0, "unfinished")])
async def test_a_model_in_the_folder_gives_its_verdict(
    tmp_path: Path, bias: float, verdict: str
) -> None:
    write_turn_model(tmp_path / "smart-turn" / "smart-turn-v3.onnx", 1.0, bias)
    model, problem = smart_turn(tmp_path)
    assert model is not None
    assert problem == ""
    for pcm in (b"", b"\x01", tone(512), tone(16_000 * 20), pcm_of(noise(3, -20.0))):
        assert await model.verdict(pcm) == verdict
    model.close()


def test_it_listens_to_the_last_eight_seconds(tmp_path: Path) -> None:
    model = SmartTurn(write_turn_model(tmp_path / "m.onnx", 5.0, 0.0))
    last = pcm_of(noise(8.0, -30.0))
    assert model.completeness(tone(80_000) + last) == pytest.approx(model.completeness(last))
    assert model.completeness(last[: 2 * 16_000]) != pytest.approx(model.completeness(last))
    model.close()


def test_without_a_model_the_step_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        model, problem = smart_turn(folder)
        assert model is None
        assert str(folder / "smart-turn") in problem
        assert "words decide" in problem


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "other shape"])
def test_a_model_that_is_none_is_told_of(tmp_path: Path, damage: str) -> None:
    path = write_turn_model(tmp_path / "smart-turn" / "a.onnx", 1.0, 0.0)
    whole = path.read_bytes()
    if damage == "other shape":
        write_turn_model(path, 1.0, 0.0, frames=100)
    else:
        path.write_bytes({"empty": b"", "text": b"<html>404</html>", "cut": whole[:60]}[damage])
    model, problem = smart_turn(tmp_path)
    assert model is None
    assert "cannot be loaded" in problem


async def test_a_pass_that_is_late_gives_no_verdict_and_is_not_joined_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.asr_worker.smart_turn.ANSWER_SECONDS", 0.02)
    model = SmartTurn(write_turn_model(tmp_path / "m.onnx", 1.0, 9.0))
    release, calls = threading.Event(), []

    def slow(pcm: bytes) -> float:
        calls.append(pcm)
        release.wait(10)
        return 1.0

    monkeypatch.setattr(model, "completeness", slow)
    assert await model.verdict(tone(512)) is None
    assert await model.verdict(tone(512)) is None
    assert len(calls) == 1
    release.set()
    await until(lambda: not model._busy)
    assert await model.verdict(tone(512)) == "complete"
    model.close()


async def test_a_model_that_fails_gives_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SmartTurn(write_turn_model(tmp_path / "m.onnx", 1.0, 9.0))
    monkeypatch.setattr(model, "completeness", lambda pcm: 1 / 0)
    assert await model.verdict(tone(512)) is None
    model.close()


class ScriptedTurnModel:
    def __init__(self, verdict: str) -> None:
        self._verdict = verdict
        self.asked = 0

    async def verdict(self, pcm: bytes) -> str:
        self.asked += 1
        return self._verdict


@pytest.mark.parametrize(("verdict", "wait"), [("complete", 0.24), ("unfinished", 1.6)])
async def test_hearing_asks_it_once_a_pause_and_waits_as_it_says(
    tmp_path: Path, verdict: str, wait: float
) -> None:
    settings = AsrSettings(_env_file=None, asr_turn_end="smart")
    strategy = end_of_turn(settings)
    assert isinstance(strategy, TurnModel)
    model = ScriptedTurnModel(verdict)
    it = HearingStand(tmp_path, strategy=strategy, turn_model=model)
    await it.say(1.0)
    await it.silence(0.1)
    await it.say(1.0)
    await it.silence(2.0)
    await turns_of_the_loop()
    assert model.asked == 1
    found = it.one(TranscriptFinalized).silence_wait_seconds
    assert found == pytest.approx(wait, abs=0.05)
