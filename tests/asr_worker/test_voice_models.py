"""The real voice model with the real gate, on real speech of the embedded voice and on noises."""

import time

import numpy as np
import pytest

from apps.asr_worker.voice_models import (
    EnergyModel,
    SileroModel,
    VoiceModel,
    silero_path,
    voice_model,
)
from apps.asr_worker.windows import WINDOW_SAMPLES, WINDOW_SECONDS, level_of
from libs.speech.voice_gate import VoiceChange, VoiceGate
from tests.asr_worker.sounds import Sound, hum, mixed, music, noise, silence, speech, typing
from tests.conftest import need

TEXT = "Hello Kitsu, can you hear me?"
LEAD, TRAIL = 2.0, 1.5


@pytest.fixture(scope="module")
def silero() -> VoiceModel:
    path = silero_path()
    need(path is not None, "faster-whisper with onnxruntime")
    assert path is not None
    return SileroModel(path)


def changes(model: VoiceModel, sound: Sound) -> list[tuple[VoiceChange, float]]:
    """What the gate says, and when (at the end of the window)."""
    model.reset()
    gate, found = VoiceGate(), []
    for number in range(len(sound) // WINDOW_SAMPLES):
        window = sound[number * WINDOW_SAMPLES : (number + 1) * WINDOW_SAMPLES]
        change = gate.take(model.probability(window), level_of(window), WINDOW_SECONDS, 0.6)
        if change is not VoiceChange.NONE:
            found.append((change, (number + 1) * WINDOW_SECONDS))
    return found


def in_a_room(said: Sound, room_dbfs: float) -> Sound:
    whole = np.concatenate([silence(LEAD), said, silence(TRAIL)])
    return mixed(whole, noise(len(whole) / 16_000, room_dbfs))


@pytest.mark.parametrize("voice", ["en-us+m3", "en-gb+f2", "en-us+f5"])
@pytest.mark.parametrize("room_dbfs", [-90.0, -60.0, -45.0, -38.0])
def test_a_sentence_is_one_speech_in_a_quiet_and_in_a_noisy_room(
    silero: VoiceModel, voice: str, room_dbfs: float
) -> None:
    said = speech(TEXT, voice)
    found = changes(silero, in_a_room(said, room_dbfs))
    names = [change for change, _ in found]
    assert names.count(VoiceChange.STARTED) == names.count(VoiceChange.ENDED) == 1
    assert found[0][1] == pytest.approx(LEAD + 0.1, abs=0.15)
    assert found[-1][1] == pytest.approx(LEAD + len(said) / 16_000 + 0.6, abs=0.45)


@pytest.mark.parametrize("language", ["ru", "pt-br", "de"])
def test_other_languages_are_voices_too(silero: VoiceModel, language: str) -> None:
    words = {
        "ru": "Привет, ты меня слышишь?",
        "pt-br": "Olá, você está me ouvindo?",
        "de": "Hallo, kannst du mich hören?",
    }
    found = changes(silero, in_a_room(speech(words[language], language), -60.0))
    assert [change for change, _ in found].count(VoiceChange.STARTED) == 1


@pytest.mark.parametrize(
    "sound",
    [
        silence(20), noise(20, -50.0), noise(20, -30.0), noise(20, -15.0), hum(20, -25.0),
        music(20, -20.0), mixed(music(20, -15.0), noise(20, -40.0)), typing(20), typing(20, 0.95),
        mixed(typing(20), hum(20, -35.0)),
    ],
    ids=[
        "silence", "soft noise", "noise", "loud noise", "hum", "music", "music in noise", "typing",
        "loud typing", "typing beside a fan",
    ],
)  # fmt: skip
def test_what_is_no_voice_starts_nothing(silero: VoiceModel, sound: Sound) -> None:
    assert changes(silero, sound) == []


def test_a_voice_is_found_in_typing_and_music(silero: VoiceModel) -> None:
    said = np.concatenate([silence(LEAD), speech(TEXT), silence(TRAIL)])
    for beside in (typing(5.0, 0.3), music(5.0, -35.0)):
        found = changes(silero, mixed(said, beside))
        assert VoiceChange.STARTED in [change for change, _ in found]


def test_it_says_the_same_as_the_package_it_comes_from(silero: VoiceModel) -> None:
    from faster_whisper.vad import get_vad_model

    sound = in_a_room(speech(TEXT), -50.0)
    sound = sound[: len(sound) // WINDOW_SAMPLES * WINDOW_SAMPLES]
    silero.reset()
    ours = [silero.probability(window) for window in sound.reshape(-1, WINDOW_SAMPLES)]
    theirs = get_vad_model()(sound).reshape(-1)
    assert np.abs(np.array(ours) - theirs).max() < 1e-4


def test_after_a_reset_it_remembers_nothing(silero: VoiceModel) -> None:
    windows = speech(TEXT)[: 20 * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    silero.reset()
    first = [silero.probability(window) for window in windows]
    silero.reset()
    assert [silero.probability(window) for window in windows] == first


def test_hostile_samples_give_a_number_and_no_lasting_harm(silero: VoiceModel) -> None:
    for value in (np.nan, np.inf, -np.inf, 1e30):
        silero.probability(np.full(WINDOW_SAMPLES, value, dtype=np.float32))
    found = changes(silero, in_a_room(speech(TEXT), -60.0))
    assert [change for change, _ in found].count(VoiceChange.ENDED) == 1


def test_the_gate_costs_less_than_a_hundredth_of_a_core(silero: VoiceModel) -> None:
    sound = noise(20, -40.0)
    changes(silero, sound[:16_000])
    began = time.process_time()
    changes(silero, sound)
    assert (time.process_time() - began) / 20 < 0.01


def test_the_best_model_of_this_machine_is_taken(silero: VoiceModel) -> None:
    best = voice_model()
    assert (best.name, best.problem) == ("silero", "")


# Without it -------------------------------------------------------------------------------------


def test_without_the_package_loudness_decides_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.asr_worker.voice_models.silero_path", lambda: None)
    model = voice_model()
    assert model.name == "level"
    assert "loudness" in model.problem
    assert "pip install" in model.problem


def test_a_broken_model_file_is_told_of_and_loudness_decides(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    from pathlib import Path

    broken = Path(str(tmp_path)) / "silero_vad_v6.onnx"
    broken.write_bytes(b"this is no model")
    monkeypatch.setattr("apps.asr_worker.voice_models.silero_path", lambda: broken)
    model = voice_model()
    assert model.name == "level"
    assert "cannot be loaded" in model.problem


@pytest.mark.parametrize("room_dbfs", [-90.0, -60.0, -45.0])
def test_by_loudness_a_sentence_is_one_speech_too(room_dbfs: float) -> None:
    found = changes(EnergyModel(), in_a_room(speech(TEXT), room_dbfs))
    names = [change for change, _ in found]
    assert names.count(VoiceChange.STARTED) == names.count(VoiceChange.ENDED) == 1


@pytest.mark.parametrize("sound", [silence(20), noise(20, -30.0), hum(20, -25.0), typing(20)])
def test_by_loudness_even_noise_and_single_keys_are_no_voice(sound: Sound) -> None:
    assert changes(EnergyModel(), sound) == []
