"""The sound device: without PortAudio, without a device, and on a scripted sound card."""

import builtins
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.stage.outputs.base import OutputMissing
from apps.stage.outputs.device import DeviceOutput, SoundQueue
from libs.contracts.health import ErrorReported, ModuleState
from libs.contracts.interruption import SpeechHold
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from tests.stage.conftest import a_stage, until
from tests.stage.scripted_voice import RATE_HZ, ScriptedVoice, tone
from tests.stage.test_overlay_output import an_utterance


class ScriptedCard(types.ModuleType):
    """Stands in for the `sounddevice` module; the test turns its crank."""

    class PortAudioError(Exception):
        pass

    def __init__(self, problem: Exception | None = None) -> None:
        super().__init__("sounddevice")
        self.problem = problem
        self.streams: list[Any] = []
        card = self

        class RawOutputStream:
            latency = 0.05

            def __init__(self, **given: Any) -> None:
                if card.problem is not None:
                    raise card.problem
                self.given, self.active, self.aborted = given, False, 0
                card.streams.append(self)

            def start(self) -> None:
                self.active = True

            def abort(self) -> None:
                self.active, self.aborted = False, self.aborted + 1

            def close(self, ignore_errors: bool = True) -> None:
                self.active = False

        self.RawOutputStream = RawOutputStream

    def turn(self, blocks: int) -> bytes:
        """What the card plays in the next blocks of 20 ms."""
        stream, played = self.streams[-1], b""
        frames = stream.given["blocksize"]
        times = types.SimpleNamespace(outputBufferDacTime=1.05, currentTime=1.0)
        for _ in range(blocks):
            out = bytearray(frames * 2)
            stream.given["callback"](memoryview(out), frames, times, None)
            played += bytes(out)
        return played


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> ScriptedCard:
    scripted = ScriptedCard()
    monkeypatch.setitem(sys.modules, "sounddevice", scripted)
    return scripted


@pytest.fixture
def no_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without(name: str, *more: Any, **and_more: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real_import(name, *more, **and_more)

    monkeypatch.setattr(builtins, "__import__", without)


async def test_without_portaudio_the_message_says_what_to_install(no_portaudio: None) -> None:
    output = DeviceOutput("")
    with pytest.raises(OutputMissing, match="apt install libportaudio2"):
        await output.open()
    assert output.name == "silent"
    assert output.health().state is ModuleState.DEGRADED
    assert "libportaudio2" in output.health().detail


async def test_without_portaudio_the_show_goes_on_without_sound(
    no_portaudio: None, tmp_path: Path
) -> None:
    async with a_stage(tmp_path, stage_output="device") as stage:
        await stage.say_all(ScriptedVoice(), "Hello.", 0.3)
        await until(lambda: stage.of(PlaybackFinished))
        assert stage.of(PlaybackFinished)[0].outcome is PlaybackOutcome.COMPLETED
        assert stage.of(PlaybackStarted)[0].output == "silent"
        assert stage.worker.counters["error_output_missing"] == 1
        assert not stage.of(ErrorReported)


@pytest.mark.parametrize(
    "problem",
    [
        ValueError("No output device matching 'nope'"),
        ScriptedCard.PortAudioError("Error querying device -1"),
        OSError("device is busy"),
    ],
)
async def test_any_trouble_with_the_device_is_told_with_the_setting_that_mends_it(
    card: ScriptedCard, problem: Exception
) -> None:
    card.problem = problem
    output = DeviceOutput("nope")
    with pytest.raises(OutputMissing, match="STAGE_DEVICE"):
        await output.open()
    output.start(an_utterance(), 1)
    output.feed(tone(0.1))
    output.finish()
    assert output.stop() >= 0


async def test_the_card_plays_what_was_fed_and_the_position_follows_it(card: ScriptedCard) -> None:
    now = [10.0]
    output = DeviceOutput("3", lambda: now[0])
    await output.open()
    assert card.streams[-1].given["device"] == 3
    output.start(an_utterance(), 1)
    assert card.streams[-1].given["samplerate"] == RATE_HZ
    assert output.playing().position == 0
    sound = tone(0.4)
    output.feed(sound)
    output.finish()
    played = b""
    for _ in range(20):
        played += card.turn(1)
        now[0] += 0.02
    assert played == sound
    assert output.playing().audible_at == pytest.approx(10.05)
    assert output.playing().position == pytest.approx(0.35 * RATE_HZ, abs=1)
    assert not output.playing().ended
    now[0] += 0.06
    assert output.playing().position == RATE_HZ * 0.4
    assert output.playing().ended
    assert card.turn(1) == bytes(640)
    assert len([s for s in card.streams if s.active]) == 1


async def test_a_stop_drops_what_the_card_has_buffered_and_the_rest_but_a_short_fade(
    card: ScriptedCard,
) -> None:
    output = DeviceOutput("")
    await output.open()
    output.start(an_utterance(), 1)
    output.feed(tone(2.0))
    card.turn(10)
    output.stop()
    assert card.streams[-1].aborted == 1
    assert card.streams[-1].active
    rest = np.frombuffer(card.turn(5), "<i2")
    fade = int(0.005 * RATE_HZ)
    assert np.abs(rest[:fade]).max() > 0
    assert np.abs(rest[fade:]).max() == 0
    assert output.stop() == 0


async def test_a_device_that_is_pulled_out_leaves_the_time_running(card: ScriptedCard) -> None:
    now = [10.0]
    output = DeviceOutput("", lambda: now[0])
    await output.open()
    output.start(an_utterance(), 1)
    output.feed(tone(1.0))
    output.finish()
    card.turn(10)
    now[0] += 0.06
    card.streams[-1].active = False
    assert output.playing().position == pytest.approx(160, abs=1)
    assert output.name == "silent"
    assert "went away" in output.health().detail
    now[0] += 1.0
    assert output.playing().ended


def test_a_queue_that_runs_dry_gives_silence_and_counts_only_sound() -> None:
    queue = SoundQueue(RATE_HZ)
    assert queue.take(100, 1.0) == bytes(100)
    assert queue.first_due_at is None
    queue.put(b"\x01\x00" * 10)
    assert queue.take(100, 2.0) == b"\x01\x00" * 10 + bytes(80)
    assert queue.first_due_at == 2.0
    assert [queue.heard(at) for at in (1.9, 2.0, 3.0)] == [0, 0, 10]


# Held back ------------------------------------------------------------------------------------


class Turning:
    """An output on a scripted card, whose clock and crank move together."""

    def __init__(self, card: ScriptedCard) -> None:
        self.card = card
        self.now = 10.0
        self.output = DeviceOutput("", lambda: self.now)

    def turn(self, blocks: int) -> bytes:
        played = b""
        for _ in range(blocks):
            played += self.card.turn(1)
            self.now += 0.02
        return played


@pytest.fixture
async def turning(card: ScriptedCard) -> Turning:
    machine = Turning(card)
    await machine.output.open()
    machine.output.start(an_utterance(), 1)
    return machine


def counting(seconds: float) -> bytes:
    """Sound of which every sample says where it belongs."""
    return bytes((np.arange(round(seconds * RATE_HZ)) + 1).astype("<i2").tobytes())


async def test_a_pause_is_silence_at_once_and_what_the_card_had_is_played_again(
    turning: Turning,
) -> None:
    output, sound = turning.output, counting(1.0)
    output.feed(sound)
    output.finish()
    assert turning.turn(10) == sound[:6_400]
    output.hold(SpeechHold.PAUSED)
    assert turning.card.streams[-1].aborted == 1
    assert turning.card.streams[-1].active
    heard = 16_000 * (0.2 - 0.05)  # the card lets it out 50 ms after it was taken
    assert output.playing().position == pytest.approx(heard, abs=2)
    assert set(turning.turn(25)) == {0}
    assert output.playing().position == pytest.approx(heard, abs=2)
    stood = output.playing().position
    output.hold(SpeechHold.NONE)
    again = np.frombuffer(turning.turn(50), "<i2")
    fade = int(0.005 * RATE_HZ)
    rest = np.frombuffer(sound, "<i2")[stood:]
    assert list(again[fade : len(rest)]) == list(rest[fade:])
    assert (np.abs(again[:fade]) <= np.abs(rest[:fade])).all()
    assert np.abs(again[fade // 2]) == pytest.approx(rest[fade // 2] / 2, rel=0.05)
    assert not again[len(rest) :].any()
    assert output.playing().position == RATE_HZ
    assert output.playing().ended


async def test_a_lowered_voice_is_a_quarter_as_loud_without_a_step(turning: Turning) -> None:
    output = turning.output
    output.feed(b"\x00\x40" * (2 * RATE_HZ))  # 16384, all the time
    turning.turn(5)
    output.hold(SpeechHold.LOWERED)
    lowered = np.frombuffer(turning.turn(10), "<i2").astype(int)
    output.hold(SpeechHold.NONE)
    raised = np.frombuffer(turning.turn(10), "<i2").astype(int)
    assert set(lowered[1_000:]) == {4_096}
    assert set(raised[1_000:]) == {16_384}
    assert np.abs(np.diff(np.concatenate([[16_384], lowered, raised]))).max() < 30
    assert turning.card.streams[-1].aborted == 0
    assert output.playing().position == pytest.approx(16_000 * (0.5 - 0.05), abs=2)


async def test_a_voice_that_is_paused_while_lowered_comes_back_as_it_is_wanted(
    turning: Turning,
) -> None:
    output = turning.output
    output.feed(b"\x00\x40" * (2 * RATE_HZ))
    output.hold(SpeechHold.LOWERED)
    turning.turn(10)
    output.hold(SpeechHold.PAUSED)
    turning.turn(10)
    output.hold(SpeechHold.LOWERED)
    assert np.frombuffer(turning.turn(5), "<i2").max() == 4_096
    output.hold(SpeechHold.PAUSED)
    output.hold(SpeechHold.NONE)
    assert np.frombuffer(turning.turn(5), "<i2").max() == 16_384


async def test_a_stop_in_a_pause_is_not_heard_at_all_and_the_next_begins_at_0(
    turning: Turning,
) -> None:
    output = turning.output
    output.feed(tone(1.0))
    turning.turn(10)
    output.hold(SpeechHold.PAUSED)
    stood = output.playing().position
    assert output.stop() == stood
    assert set(turning.turn(5)) == {0}
    output.hold(SpeechHold.LOWERED)
    output.start(an_utterance(), 2)
    output.feed(b"\x00\x40" * 640)
    assert set(np.frombuffer(turning.turn(2), "<i2")) == {4_096}
    turning.turn(5)
    assert output.playing().position == 640


async def test_what_was_paused_before_its_first_sample_was_heard_is_not_yet_audible(
    turning: Turning,
) -> None:
    output, sound = turning.output, counting(0.5)
    output.feed(sound)
    turning.turn(1)
    output.hold(SpeechHold.PAUSED)
    assert output.playing().position == 0
    assert output.playing().audible_at is None
    turning.turn(5)
    output.hold(SpeechHold.NONE)
    began_at = turning.now + 0.05
    assert turning.turn(25)[160:] == sound[160:]
    assert output.playing().audible_at == pytest.approx(began_at)


async def test_a_device_that_is_pulled_out_in_a_pause_leaves_it_standing(turning: Turning) -> None:
    output = turning.output
    output.feed(tone(1.0))
    output.finish()
    turning.turn(10)
    output.hold(SpeechHold.PAUSED)
    stood = output.playing().position
    turning.card.streams[-1].active = False
    turning.now += 3
    assert output.playing().position == stood
    assert output.name == "silent"
    output.hold(SpeechHold.NONE)
    turning.now += 1
    assert output.playing().ended


async def test_a_voice_of_another_rate_is_lowered_too(turning: Turning) -> None:
    output = turning.output
    output.hold(SpeechHold.LOWERED)
    other = an_utterance()
    other.rate_hz = 24_000
    output.start(other, 2)
    output.feed(b"\x00\x40" * 4_800)
    assert np.frombuffer(turning.turn(10), "<i2")[-1] == 4_096
