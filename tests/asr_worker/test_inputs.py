"""Sound files, the made-up speaker, and which input the settings mean."""

import asyncio
import importlib.util
import itertools
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.asr_worker.inputs.base import RATE_HZ, Block, SoundInput
from apps.asr_worker.inputs.block_maker import BlockMaker
from apps.asr_worker.inputs.capture import Wish, formats
from apps.asr_worker.inputs.choice import input_of
from apps.asr_worker.inputs.made_up_speaker import MadeUpSpeaker, made_up_speaker, phrase_files
from apps.asr_worker.inputs.microphone import Microphone
from apps.asr_worker.inputs.no_input import NoInput
from apps.asr_worker.inputs.paced_sound import BLOCK_SAMPLES, RING_SAMPLES, PacedSound
from apps.asr_worker.inputs.sound_file import NotThatSound, SoundFile, sound_of
from apps.asr_worker.level_watch import LevelWatch
from apps.asr_worker.settings import AsrSettings
from libs.audio.ring import Piece
from libs.audio.sound_devices import SoundDevice
from tests.asr_worker.listening_child import likeness, samples
from tests.conftest import need

PHRASE = phrase_files()[0]


class VirtualClock:
    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


def write(path: Path, frames: np.ndarray, rate_hz: int, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate_hz)
        writer.writeframes(frames.astype("<i2").tobytes())
    return path


def tone(rate_hz: int, seconds: float = 1.0) -> np.ndarray:
    return 9_000 * np.sin(2 * np.pi * 300 * np.arange(round(rate_hz * seconds)) / rate_hz)


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 7])
def test_a_wav_of_any_rate_and_channels_becomes_16_khz_mono(
    tmp_path: Path, rate_hz: int, channels: int
) -> None:
    frames = np.zeros((rate_hz, channels))
    frames[:, channels - 1] = tone(rate_hz)
    pcm = np.frombuffer(
        sound_of(write(tmp_path / "a.wav", frames, rate_hz, channels)), "<i2"
    ).astype(float)
    assert len(pcm) == pytest.approx(RATE_HZ, abs=1)
    assert likeness(pcm, tone(RATE_HZ)[200:-200]) > 0.99


def test_what_is_no_sound_for_us_is_told_with_the_file_and_the_step(tmp_path: Path) -> None:
    wrong = {
        "24 bits": write(tmp_path / "24.wav", np.zeros(300), 16_000, width=3),
        "8 bits": write(tmp_path / "8.wav", np.zeros(300), 16_000, width=1),
        "4000 Hz": write(tmp_path / "slow.wav", np.zeros(300), 4_000),
        "40 channels": write(tmp_path / "many.wav", np.zeros(400), 16_000, channels=40),
        "no sound in it": write(tmp_path / "empty.wav", np.zeros(0), 16_000),
        "cannot be read": tmp_path / "missing.wav",
    }
    (tmp_path / "folder").mkdir()
    wrong["'" + str(tmp_path / "folder")] = tmp_path / "folder"
    for words, path in wrong.items():
        with pytest.raises(NotThatSound) as caught:
            sound_of(path)
        assert words in str(caught.value)
        assert path.name in str(caught.value)
        assert "ASR_INPUT_DEVICE=file:PATH" in str(caught.value)


def test_a_header_that_promises_more_than_any_disk_holds_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0xFFFFFFF0, b"WAVE", b"fmt ", 16, 1, 2,
                       48_000, 192_000, 4, 16, b"data", 0xFFFFFF00)  # fmt: skip
    path.write_bytes(head + bytes(100))
    with pytest.raises(NotThatSound, match="MB of sound are too many"):
        sound_of(path)


def test_a_file_that_was_cut_short_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(RATE_HZ), RATE_HZ)
    path.write_bytes(path.read_bytes()[:-1_001])
    assert len(sound_of(path)) == 2 * RATE_HZ - 1_002


@given(data=st.binary(max_size=200), cut=st.integers(min_value=0, max_value=60))
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_do_anything_but_sound_or_a_sentence(
    tmp_path: Path, data: bytes, cut: int
) -> None:
    path = write(tmp_path / "a.wav", tone(RATE_HZ, 0.01), RATE_HZ)
    path.write_bytes(path.read_bytes()[:cut] + data)
    said = ""
    try:
        assert sound_of(path)
    except NotThatSound as trouble:
        said = str(trouble)
    assert not said or "ASR_INPUT_DEVICE=file:PATH" in said


async def test_a_file_is_played_in_real_time_and_silence_follows_it(tmp_path: Path) -> None:
    source = SoundFile(str(write(tmp_path / "a.wav", tone(RATE_HZ, 0.1), RATE_HZ)))
    await source.open()
    assert (source.source, source.present, source.problem) == ("file", True, "")
    heard: list[Block] = []
    while not heard or heard[-1].end < 0.3 * RATE_HZ:
        heard += await source.take()
    await source.close()
    assert [b.position for b in heard] == [n * BLOCK_SAMPLES for n in range(len(heard))]
    pcm = np.frombuffer(b"".join(b.pcm for b in heard), "<i2")
    assert np.abs(pcm[:1_600]).max() > 8_000
    assert not pcm[1_600:].any()


async def test_a_file_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.asr_worker.inputs.sound_file.LOOK_AGAIN_SECONDS", 0.01)
    source = SoundFile(str(tmp_path / "later.wav"))
    await source.open()
    assert not source.present
    assert "later.wav" in source.problem
    taking = asyncio.create_task(source.take())
    await asyncio.sleep(0)
    write(tmp_path / "part.wav", tone(RATE_HZ), RATE_HZ).rename(tmp_path / "later.wav")
    assert (await taking)[0].position == 0
    assert source.problem == ""


# Pace ------------------------------------------------------------------------------------------


async def test_sound_is_given_when_it_is_due_with_the_time_at_which_it_was() -> None:
    clock = VirtualClock()
    paced = PacedSound(lambda at, n: bytes(2 * n), lambda: clock() + 900, clock, clock.sleep)
    for number in range(20):
        blocks = await paced.take()
        assert [b.position for b in blocks] == [number * BLOCK_SAMPLES]
        assert blocks[0].at == pytest.approx(950 + number * 0.032)
        assert clock() == pytest.approx(50 + (number + 1) * 0.032, abs=0.002)


async def test_sound_that_nobody_took_for_long_is_lost_oldest_first_and_counted() -> None:
    clock = VirtualClock()
    paced = PacedSound(lambda at, n: bytes(2 * n), clock, clock, clock.sleep)
    await paced.take()
    clock.seconds += 10
    blocks = await paced.take()
    assert paced.lost_samples > 0
    assert blocks[0].position == BLOCK_SAMPLES + paced.lost_samples
    assert sum(b.samples for b in blocks) <= RING_SAMPLES
    assert blocks[-1].end == pytest.approx((clock() - 50) * RATE_HZ, abs=BLOCK_SAMPLES)


# The made-up speaker ---------------------------------------------------------------------------


def test_the_phrases_are_small_and_named_by_their_words() -> None:
    files = phrase_files()
    assert [f.stem for f in files] == [
        "hello_kitsu_can_you_hear_me",
        "that_was_close_tell_me_a_story",
        "what_do_you_think_about_this_game",
    ]
    assert sum(f.stat().st_size for f in files) < 250_000


def test_silero_takes_the_made_up_speaker_for_somebody_who_speaks() -> None:
    need(importlib.util.find_spec("faster_whisper"), "faster-whisper")
    from faster_whisper import vad

    speaker = made_up_speaker()
    rounds = np.frombuffer(speaker.sound(0, 44 * RATE_HZ), "<i2").astype(np.float32) / 32_768
    options = vad.VadOptions(min_silence_duration_ms=1_500)
    speeches = vad.get_speech_timestamps(rounds, options)
    assert len(speeches) == len(phrase_files())
    for speech, path in zip(speeches, phrase_files(), strict=True):
        length = speech["end"] - speech["start"]
        assert length == pytest.approx(len(samples(path)), abs=1.2 * RATE_HZ)


def test_what_the_speaker_says_follows_from_the_position_alone() -> None:
    speaker = made_up_speaker()
    whole = speaker.sound(0, 20 * RATE_HZ)
    pieces = b"".join(speaker.sound(at, 1_000) for at in range(0, 20 * RATE_HZ, 1_000))
    assert whole == pieces


async def test_nothing_is_wrong_with_the_made_up_sound() -> None:
    speaker, watch = MadeUpSpeaker([]), LevelWatch()
    speaker = made_up_speaker()
    for at in range(0, 60 * RATE_HZ, BLOCK_SAMPLES):
        block = Block(at, speaker.sound(at, BLOCK_SAMPLES), at / RATE_HZ)
        watch.hear(block)
        assert watch.problem(block.at) == ""


# Blocks from a device --------------------------------------------------------------------------


def pieces(rate_hz: int, seconds: float, lost: slice | None = None) -> Iterator[Piece]:
    """A sound whose samples tell their moment: a rising line."""
    count = round(rate_hz * seconds)
    line = np.rint(np.arange(count) / rate_hz * 3_000).astype("<i2")
    size = rate_hz // 50
    for at in range(0, count, size):
        if lost is None or not lost.start <= at < lost.stop:
            part = line[at : at + size]
            yield Piece(at, part.tobytes(), 100 + at / rate_hz, len(part))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000, 192_000])
def test_position_and_time_of_a_block_are_those_of_the_sound_in_it(rate_hz: int) -> None:
    maker = BlockMaker(rate_hz, 1, first_position=7_000)
    blocks = [*maker.blocks(pieces(rate_hz, 4.0)), *maker.rest()]
    assert blocks[0].position == 7_000
    assert blocks[-1].end == pytest.approx(7_000 + 4 * RATE_HZ, abs=1)
    for before, block in itertools.pairwise(blocks):
        assert block.position == before.end
    for block in blocks[2:-2]:
        moment = np.frombuffer(block.pcm, "<i2")[0] / 3_000
        assert block.at == pytest.approx(100 + moment, abs=0.002)
        assert block.position == pytest.approx(7_000 + moment * RATE_HZ, abs=40)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_lost_sound_is_a_jump_of_the_position_and_no_seam_within_a_block(rate_hz: int) -> None:
    lost = slice(rate_hz, 2 * rate_hz)
    maker = BlockMaker(rate_hz, 1)
    blocks = [*maker.blocks(pieces(rate_hz, 4.0, lost)), *maker.rest()]
    jumps = [
        (before.end, block.position)
        for before, block in itertools.pairwise(blocks)
        if block.position != before.end
    ]
    assert len(jumps) == 1
    assert jumps[0][0] == pytest.approx(RATE_HZ, abs=RATE_HZ // 50)
    assert jumps[0][1] == pytest.approx(2 * RATE_HZ, abs=RATE_HZ // 50)
    assert blocks[-1].end == pytest.approx(4 * RATE_HZ, abs=1)
    for block in blocks:
        steps = np.diff(np.frombuffer(block.pcm, "<i2").astype(int))
        assert np.abs(steps[80:-80]).max(initial=0) < 20


# Choice ----------------------------------------------------------------------------------------


def asr(**given: object) -> AsrSettings:
    return AsrSettings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]


async def test_the_settings_mean_one_input() -> None:
    panel = NoInput()

    def meant(**given: object) -> SoundInput:
        return input_of(asr(**given), panel)

    assert isinstance(meant(), Microphone)
    assert isinstance(meant(asr_input_device="USB"), Microphone)
    assert meant(asr_input_device=" Panel ") is panel
    assert isinstance(meant(asr_input_device="NONE"), NoInput)
    assert isinstance(meant(asr_input_device="file:a b.wav"), SoundFile)
    assert isinstance(meant(asr_fake_audio=True, asr_input_device="USB"), MadeUpSpeaker)


async def test_no_input_waits_for_ever() -> None:
    source = NoInput()
    await source.open()
    taking = asyncio.create_task(source.take())
    await asyncio.sleep(0)
    assert not taking.done()
    assert source.source == "none"
    taking.cancel()


def device(inputs: int, rate_hz: int = 48_000) -> SoundDevice:
    return SoundDevice(0, "Card", "ALSA", inputs, 0, rate_hz)


def wish(rate_hz: int = 16_000, channel: int | None = None) -> Wish:
    return Wish("", rate_hz, 32, 4.0, channel)


@pytest.mark.parametrize(
    ("inputs", "channel", "first"),
    [(1, None, 1), (2, None, 2), (7, None, 7), (32, None, 1), (32, 4, 5), (7, 1, 7)],
)
def test_what_is_asked_first_gives_the_voice_wherever_it_is(
    inputs: int, channel: int | None, first: int
) -> None:
    tried = list(formats(device(inputs), wish(channel=channel)))
    assert tried[0] == (16_000, first)
    assert (48_000, first) in tried
    assert len(tried) == len(set(tried))
    assert all((channel or 0) < channels <= inputs for _, channels in tried)


def test_a_channel_that_the_device_has_not_is_never_asked_for() -> None:
    assert list(formats(device(2), wish(channel=4))) == []
