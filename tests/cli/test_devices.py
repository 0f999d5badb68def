"""`kitsu devices` and the doctor's look at sound, on a real sound server and without one."""

import json
import os
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from apps.cli import sound_desk
from apps.cli.checkup_sound import microphone, of_loudspeakers, of_microphones, sound
from apps.cli.settings import CliSettings
from apps.cli.sound_desk import SoundDesk, chosen_microphone
from libs.audio.sound_devices import PortAudioMissing, SoundDevice
from libs.settings.base import ROOT
from libs.testing.sound_card import (
    LOUDSPEAKER,
    MICROPHONE,
    SoundCard,
    missing_programs,
    virtual_sound_card,
)
from tests.conftest import need

Environment = Mapping[str, str]


@pytest.fixture
def card(tmp_path: Path) -> Iterator[SoundCard]:
    missing = missing_programs()
    need(not missing, f"a sound server ({' '.join(missing)})")
    with virtual_sound_card(tmp_path / "home") as found:
        yield found


@pytest.fixture
def no_portaudio(tmp_path: Path) -> dict[str, str]:
    """As on a Linux without the library: the package is there, its import fails."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    return {**os.environ, "PYTHONPATH": str(folder)}


def kitsu(
    environment: Environment, *arguments: str, **settings: str
) -> "subprocess.CompletedProcess[str]":
    given = {name.upper(): value for name, value in settings.items()}
    own = {k: v for k, v in environment.items() if not k.startswith(("ASR_", "STAGE_"))}
    done = subprocess.run(
        [sys.executable, "-m", "apps.cli", *arguments],
        cwd=ROOT, env={**own, **given}, capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert "Traceback" not in done.stderr + done.stdout
    return done


def tone(path: Path, seconds: float, amplitude: float = 0.25) -> Path:
    at = np.arange(round(48_000 * seconds)) / 48_000
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(48_000)
        pcm = 32_767 * amplitude * np.sin(2 * np.pi * 300 * at)
        writer.writeframes(pcm.astype("<i2").tobytes())
    return path


def test_each_microphone_is_listened_to_and_what_the_settings_mean_is_told(
    card: SoundCard, tmp_path: Path
) -> None:
    card.play(tone(tmp_path / "tone.wav", 60.0))
    done = kitsu(
        card.environment, "devices", "--json", asr_input_device="KITSU_MIC", stage_device="out"
    )
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    heard = {d["name"]: d for d in answer["devices"]}
    assert heard[MICROPHONE]["level_dbfs"] == pytest.approx(-15, abs=2)
    assert heard[MICROPHONE]["peak_dbfs"] == pytest.approx(-12, abs=2)
    assert heard["default"]["default"] == "input output"
    chosen = answer["chosen"]
    assert chosen["input"]["index"] == heard[MICROPHONE]["index"]
    assert chosen["output"]["name"] == LOUDSPEAKER


def test_a_person_reads_levels_and_silence_in_words(card: SoundCard) -> None:
    done = kitsu(card.environment, "devices", asr_input_device="nothing like it")
    assert done.returncode == 0
    assert "silent: is it muted?" in done.stdout
    assert "no microphone fits 'nothing like it': see kitsu devices" in done.stdout
    assert "listening to" in done.stderr
    assert "%" not in done.stdout


def test_what_a_microphone_refuses_is_told_below_the_table_and_nothing_else_is_printed(
    card: SoundCard,
) -> None:
    card.unplug()
    done = kitsu(card.environment, "devices")
    assert "not heard, see below" in done.stdout
    assert "'kitsu_mic' cannot be opened" in done.stdout
    assert all("%" in line for line in done.stderr.splitlines()), "the library's own words"


def test_without_levels_no_microphone_is_opened(card: SoundCard) -> None:
    done = kitsu(card.environment, "devices", "--json", "--no-levels")
    assert [d["level_dbfs"] for d in json.loads(done.stdout)["devices"]].count(None) >= 3
    assert done.stderr == ""


def test_a_microphone_that_cannot_be_opened_is_told_beside_the_others(card: SoundCard) -> None:
    card.unplug()
    answer = json.loads(kitsu(card.environment, "devices", "--json").stdout)
    problems = {d["name"]: d["problem"] for d in answer["devices"]}
    assert "cannot be opened" in problems[MICROPHONE]
    assert "close the program" in problems[MICROPHONE]


def test_the_tone_is_heard_at_the_loudspeaker(card: SoundCard) -> None:
    with card.record() as path:
        done = kitsu(card.environment, "devices", "--test-tone", "kitsu_out")
        assert done.returncode == 0, done.stderr
        assert "Played a tone on device" in done.stdout
    heard = np.frombuffer(card.recorded(path).pcm, "<i2").astype(float)
    loud = heard[np.abs(heard) > 100]
    assert len(loud) > 0.3 * 48_000
    assert np.abs(heard).max() < 0.2 * 32_768, "soft"
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * 48_000 / len(heard) == pytest.approx(440, abs=5)


def test_a_tone_on_what_is_no_loudspeaker_says_what_to_look_at(card: SoundCard) -> None:
    done = kitsu(card.environment, "devices", "--test-tone", "nope")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "No loudspeaker fits 'nope': see kitsu devices.\n"


def test_a_sound_system_that_hangs_ends_the_command_all_the_same(card: SoundCard) -> None:
    card.hang()
    done = kitsu(card.environment, "devices", "--no-levels")
    assert done.returncode == 1
    assert "does not answer" in done.stderr


def test_without_portaudio_the_step_is_told_and_what_works_without(
    no_portaudio: Environment,
) -> None:
    done = kitsu(no_portaudio, "devices", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "PortAudio is missing" in done.stderr
    assert "ASR_INPUT_DEVICE=panel" in done.stderr
    if sys.platform == "linux":
        assert "sudo apt install libportaudio2" in done.stderr


# The doctor ------------------------------------------------------------------------------------


def device(index: int, name: str, inputs: int, outputs: int) -> SoundDevice:
    return SoundDevice(index, name, "ALSA", inputs, outputs, 48_000)


MIC, SPEAKER = device(0, "USB Mic", 1, 0), device(1, "Speakers", 0, 2)


def with_settings(**given: object) -> CliSettings:
    return CliSettings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]


def test_the_doctor_is_content_with_a_microphone() -> None:
    check = of_microphones([MIC, SPEAKER], with_settings())
    assert (check.state, check.found, check.mend) == ("ok", "device 0, USB Mic", "")


@pytest.mark.parametrize(
    ("devices", "wanted", "found", "mend"),
    [
        ([SPEAKER], "", "no microphone on this machine", "ASR_INPUT_DEVICE=panel"),
        ([MIC], "Blue", "no microphone fits 'Blue'", "kitsu devices"),
        ([MIC, SPEAKER], "1", "no microphone fits '1'", "kitsu devices"),
        ([MIC, device(2, "USB Cam", 1, 0)], "usb", "say more of the name", "kitsu devices"),
    ],
)
def test_the_doctor_says_what_is_wrong_with_the_microphone_and_what_mends_it(
    devices: list[SoundDevice], wanted: str, found: str, mend: str
) -> None:
    check = of_microphones(devices, with_settings(asr_input_device=wanted))
    assert check.state == "warn"
    assert found in check.found
    assert mend in check.mend


@pytest.mark.parametrize("wanted", ["panel", "none", "file:a.wav"])
def test_where_no_device_is_meant_none_is_missed(wanted: str) -> None:
    assert microphone(with_settings(asr_input_device=wanted)).state == "ok"
    assert microphone(with_settings(asr_fake_audio=True)).state == "ok"


def test_a_loudspeaker_that_is_named_must_be_there() -> None:
    assert of_loudspeakers([SPEAKER], with_settings()).state == "ok"
    assert "STAGE_DEVICE" in of_loudspeakers([SPEAKER], with_settings(stage_device="x")).mend
    assert of_loudspeakers([MIC], with_settings()).found == "no sound output on this machine"


def test_a_loudspeaker_that_the_stage_could_not_tell_from_another_is_told_with_its_number() -> None:
    twice = [
        SoundDevice(0, "Speakers", "MME", 0, 2, 48_000),
        SoundDevice(1, "Speakers", "Windows WASAPI", 0, 2, 48_000),
    ]
    check = of_loudspeakers(twice, with_settings(stage_device="speak"))
    assert "is there 2 times (MME, Windows WASAPI): write its number, 1" in check.found
    assert of_loudspeakers(twice, with_settings(stage_device="1")).state == "ok"


def test_the_doctor_without_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> list[SoundDevice]:
        raise PortAudioMissing

    monkeypatch.setattr(sound_desk, "sound_devices", missing)
    for look in (sound, microphone):
        check = look(with_settings())
        assert (check.state, check.found) == ("warn", "PortAudio is missing")
        assert check.mend
    assert microphone(with_settings(asr_input_device="panel")).state == "ok"


def test_a_channel_of_a_microphone_can_be_named() -> None:
    assert chosen_microphone([MIC], with_settings(asr_input_device="usb#2")).index == 0


def test_a_driver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(device: SoundDevice) -> sound_desk.Heard:
        release.wait(60)
        return sound_desk.Heard(-20.0, -10.0)

    monkeypatch.setattr(sound_desk, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(sound_desk, "_listen", hang)
    try:
        heard = SoundDesk().levels([MIC, device(2, "Other", 1, 0)], lambda percent, text: None)
    finally:
        release.set()
    assert all("does not answer" in found.problem for found in heard.values())
    assert len(heard) == 2
