"""A real sound server and PortAudio: what is spoken into the microphone is what is heard."""

import os
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from apps.asr_worker.inputs.made_up_speaker import phrase_files
from apps.asr_worker.level_watch import CLIPPED, NOTHING
from libs.testing.sound_card import SoundCard, missing_programs, virtual_sound_card
from tests.asr_worker.listening_child import (
    ListeningChild,
    likeness,
    listening_child,
    samples,
)
from tests.conftest import need

PHRASE = phrase_files()[0]


@pytest.fixture
def card(tmp_path: Path) -> Iterator[SoundCard]:
    missing = missing_programs()
    need(not missing, f"a sound server ({' '.join(missing)})")
    with virtual_sound_card(tmp_path / "home") as found:
        yield found


def play_and_hear(
    card: SoundCard, child: ListeningChild, spoken: Path, voice: np.ndarray, least: float
) -> np.ndarray:
    """What was heard of the latest playing. A sound server that gets no time stutters, so a busy
    machine may need a second try."""
    for _ in range(4):
        before = child.until(lambda r: r["received"] > 0, "any sound")["end"]
        card.play(spoken).wait(60)
        child.hears_on(1.0)
        heard = child.sound(spoken.with_name(f"heard_{before}.wav"))[before:]
        if (found := likeness(heard, voice)) > least:
            return heard
    raise AssertionError(f"what was heard is like what was played by {found} only")


def wav(path: Path, frames: np.ndarray, rate_hz: int) -> Path:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(frames.shape[1] if frames.ndim > 1 else 1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(frames.astype("<i2").tobytes())
    return path


@pytest.mark.parametrize(
    ("asked_hz", "device_hz", "least"),
    [(16_000, 48_000, 0.97), (48_000, 44_100, 0.97), (16_000, 8_000, 0.9), (8_000, 48_000, 0.9)],
)
def test_a_phrase_spoken_into_the_microphone_is_heard(
    card: SoundCard, tmp_path: Path, asked_hz: int, device_hz: int, least: float
) -> None:
    card.unplug()
    card.plug(device_hz, 1)
    with listening_child(card.environment, tmp_path, asr_sample_rate=str(asked_hz)) as child:
        spoken = Path(shutil.copy(PHRASE, tmp_path / "spoken.wav"))
        play_and_hear(card, child, spoken, samples(PHRASE), least)
        report = child.ask("report")
        assert report["form"] == [asked_hz, 1]
        assert report["problem"] == ""
        assert report["lost"] == pytest.approx(sum(e - b for b, e in report["gaps"]), abs=2)


def test_a_voice_on_one_of_seven_channels_is_heard_as_loud_as_it_is(
    card: SoundCard, tmp_path: Path
) -> None:
    card.unplug()
    card.plug(48_000, 7)
    voice = samples(PHRASE)
    frames = np.zeros((len(voice), 7))
    frames[:, 4] = voice
    spoken = wav(tmp_path / "seven.wav", frames, 16_000)
    with listening_child(card.environment, tmp_path, "--inputs", "7") as child:
        heard = play_and_hear(card, child, spoken, voice, 0.95)
        assert child.ask("report")["form"] == [16_000, 7]
    assert np.abs(heard).max() == pytest.approx(np.abs(voice).max(), rel=0.1)


def test_a_channel_can_be_named(card: SoundCard, tmp_path: Path) -> None:
    voice = samples(PHRASE)
    spoken = wav(tmp_path / "two.wav", np.stack([voice, 0 * voice], axis=1), 16_000)
    with listening_child(
        card.environment, tmp_path, "--inputs", "2", asr_input_device="kitsu_mic#2"
    ) as child:
        child.until(lambda r: r["received"] > 0, "any sound")
        card.play(spoken).wait(60)
        child.hears_on(0.5)
        assert np.abs(child.sound(tmp_path / "heard.wav")).max() < 10


def test_a_microphone_pulled_out_in_mid_word_is_missed_and_goes_on_when_it_is_back(
    card: SoundCard, tmp_path: Path
) -> None:
    with listening_child(card.environment, tmp_path, asr_input_device="kitsu_mic") as child:
        child.until(lambda r: r["received"] > 0, "any sound")
        card.play(PHRASE)
        child.hears_on(0.7)
        card.unplug()
        gone = child.until(lambda r: not r["present"], "gone")
        assert "went away" in gone["problem"] or "cannot be opened" in gone["problem"]
        assert "plug it in" in gone["problem"] or "choose another" in gone["problem"]
        assert gone["received"] > 0
        card.plug()
        back = child.until(lambda r: r["present"] and not r["problem"], "back")
        spoken = Path(shutil.copy(PHRASE, tmp_path / "spoken.wav"))
        play_and_hear(card, child, spoken, samples(PHRASE), 0.97)
        longest = max(end - begin for begin, end in child.ask("report")["gaps"])
        assert longest > 0.2 * 16_000, "positions went on by the clock while it was away"
        assert back["lost"] < longest, "what nobody could hear was not lost by a slow reader"


def test_one_second_of_a_standing_event_loop_loses_only_the_oldest_sound_and_says_how_much(
    card: SoundCard, tmp_path: Path
) -> None:
    with listening_child(card.environment, tmp_path, "--ring-seconds", "0.5") as child:
        child.hears_on(1.0)
        before = child.ask("report")
        after = child.ask("stall", seconds=1.5)
        lost = after["lost"] - before["lost"]
        assert lost > 0
        assert sum(end - begin for begin, end in after["gaps"]) == after["lost"]
        assert after["received"] + after["lost"] == after["end"]
        newest = after["end"] - max(after["gaps"], key=lambda gap: gap[1] - gap[0])[1]
        assert newest >= 0.4 * 16_000, "the newest half a second was kept"
        assert child.hears_on(0.5)["lost"] == after["lost"]


def test_a_silent_microphone_is_told_within_five_seconds_of_its_sound(
    card: SoundCard, tmp_path: Path
) -> None:
    with listening_child(card.environment, tmp_path) as child:
        report = child.until(lambda r: r["told"] and r["told"][-1][1], "told")
        assert report["told"][-1][1] == NOTHING
        assert report["told"][-1][0] <= 5.0


def test_a_clipped_microphone_is_told_and_one_turned_down_is_not(
    card: SoundCard, tmp_path: Path
) -> None:
    sine = np.sin(2 * np.pi * 180 * np.arange(48_000 * 8) / 48_000)
    loud = wav(tmp_path / "loud.wav", np.clip(sine[: 48_000 * 2] * 3, -1, 1) * 32_767, 48_000)
    good = wav(tmp_path / "good.wav", sine * 6_000, 48_000)
    with listening_child(card.environment, tmp_path) as child:
        child.until(lambda r: r["received"] > 0, "any sound")
        player = card.play(loud)
        told = child.until(lambda r: r["told"] and r["told"][-1][1] == CLIPPED, "clipped")["told"]
        began = np.argmax(np.abs(child.sound(tmp_path / "heard.wav")) > 1_000) / 16_000
        assert told[-1][0] - began <= 5.0
        player.wait(60)
        card.play(good)
        assert child.until(lambda r: r["told"][-1][1] != CLIPPED, "good again")


def test_a_name_that_fits_nothing_is_told_with_the_step_and_found_when_it_fits(
    card: SoundCard, tmp_path: Path
) -> None:
    with listening_child(card.environment, tmp_path, asr_input_device="Nonsense 3000") as child:
        report = child.ask("report")
        assert not report["present"]
        assert "no microphone fits 'Nonsense 3000'" in report["problem"]
        assert "kitsu devices" in report["problem"]
        assert "ASR_INPUT_DEVICE=panel" in report["problem"]


def test_a_machine_without_any_microphone_says_so(tmp_path: Path) -> None:
    need(not missing_programs(), "PortAudio")
    home = tmp_path / "home"
    home.mkdir()
    nowhere = {**os.environ, "HOME": str(home), "PULSE_SERVER": f"unix:{home}/none"}
    with listening_child(nowhere, tmp_path) as child:
        report = child.ask("report")
        if report["present"]:
            pytest.skip("this machine has a microphone of its own")
        assert "no microphone: connect one" in report["problem"]
        assert "found by itself" in report["problem"]


def test_a_microphone_that_comes_later_is_taken(card: SoundCard, tmp_path: Path) -> None:
    card.unplug()
    with listening_child(card.environment, tmp_path, asr_input_device="kitsu_mic") as child:
        assert not child.ask("report")["present"]
        card.plug()
        report = child.until(lambda r: r["received"] > 0, "any sound")
        assert report["device"] == "kitsu_mic"


def test_a_sound_system_that_hangs_is_told_survived_and_does_not_keep_the_process(
    card: SoundCard, tmp_path: Path
) -> None:
    with listening_child(card.environment, tmp_path, "--close-patience-seconds", "1") as child:
        child.until(lambda r: r["received"] > 0, "any sound")
        card.hang()
        report = child.until(lambda r: r["problem"] and not r["present"], "hanging")
        child.until(lambda r: "does not answer" in r["problem"], "told to hang")
        assert report["received"] > 0
        card.go_on()
        before = report["received"]
        child.until(lambda r: r["received"] > before and not r["problem"], "hearing again")
        card.hang()
        child.until(lambda r: r["problem"], "hanging")
    # Its exit code is not asked for: C libraries are taken down under a call that never returned.
    assert '"closed": true' in child.last_words
