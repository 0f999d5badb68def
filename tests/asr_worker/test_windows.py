import random

import numpy as np
import pytest

from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.speech_recorder import SpeechRecorder
from apps.asr_worker.windows import (
    SILENCE_DBFS,
    WINDOW_BYTES,
    WINDOW_SAMPLES,
    WINDOW_SECONDS,
    Cut,
    WindowCutter,
    level_of,
)


def sound(samples: int, begin: int = 0) -> bytes:
    return bytes((np.arange(begin, begin + samples) % 30_000).astype("<i2").tobytes())


def cut_all(cutter: WindowCutter, *blocks: Block) -> list[Cut]:
    return [cut for block in blocks for cut in cutter.cut(block)]


def test_windows_do_not_depend_on_how_the_sound_was_divided() -> None:
    whole = sound(20_000)
    chance = random.Random(1)
    cutter, position, cuts = WindowCutter(), 0, []
    while position < 20_000:
        samples = min(chance.randint(0, 1_300), 20_000 - position)
        pcm = whole[2 * position : 2 * (position + samples)]
        cuts += cut_all(cutter, Block(position, pcm, 50.0 + position / RATE_HZ))
        position += samples
    assert b"".join(cut.pcm for cut in cuts) == whole[: len(cuts) * WINDOW_BYTES]
    assert len(cuts) == 20_000 // WINDOW_SAMPLES
    for number, cut in enumerate(cuts):
        assert cut.at == pytest.approx(50.0 + number * WINDOW_SECONDS, abs=1e-6)


def test_a_gap_is_told_of_and_no_window_reaches_over_it() -> None:
    cutter = WindowCutter()
    cuts = cut_all(cutter, Block(0, sound(700), 0.0), Block(1_700, sound(1_024), 1_700 / RATE_HZ))
    assert [cut.lost_samples for cut in cuts] == [0, 1_188, 0]
    assert cuts[1].at == pytest.approx(1_700 / RATE_HZ)
    assert cuts[1].pcm == sound(512)


def test_sound_that_was_given_before_is_dropped() -> None:
    cutter = WindowCutter()
    blocks = [Block(0, sound(1_024), 0.0), Block(512, sound(1_024, 512), 512 / RATE_HZ)]
    cuts = cut_all(cutter, *blocks, blocks[0])
    assert b"".join(cut.pcm for cut in cuts) == sound(1_536)


def test_after_an_input_was_opened_anew_positions_begin_anew() -> None:
    cutter = WindowCutter()
    cut_all(cutter, Block(90_000, sound(600), 5.0))
    cutter.forget()
    cuts = cut_all(cutter, Block(0, sound(512), 9.0))
    assert [(cut.at, cut.lost_samples) for cut in cuts] == [(9.0, 0)]


@pytest.mark.parametrize("pcm", [b"", b"\x01", b"\x01\x02\x03"])
def test_blocks_that_are_hardly_one_do_no_harm(pcm: bytes) -> None:
    cutter = WindowCutter()
    assert cut_all(cutter, Block(0, pcm, 0.0)) == []


def test_the_level_of_nothing_is_silence_and_of_full_scale_is_zero() -> None:
    assert level_of(np.zeros(512, dtype=np.float32)) == SILENCE_DBFS
    assert level_of(np.zeros(0, dtype=np.float32)) == SILENCE_DBFS
    assert level_of(np.ones(512, dtype=np.float32)) == pytest.approx(0.0, abs=1e-6)


# The recorder -------------------------------------------------------------------------------------


def window(number: int) -> bytes:
    return bytes([number % 256]) * WINDOW_BYTES


def test_a_recording_begins_three_hundred_milliseconds_before_the_speech() -> None:
    recorder = SpeechRecorder()
    for number in range(100):
        recorder.hear(window(number), -60.0)
    recorder.begin(already_seconds=3 * WINDOW_SECONDS)
    first = recorder.pcm()[0]
    assert 100 - first == round(0.3 / WINDOW_SECONDS + 3)


def test_a_recording_that_begins_at_once_has_what_there_was() -> None:
    recorder = SpeechRecorder()
    recorder.hear(window(1), -60.0)
    recorder.begin(0.1)
    recorder.hear(window(2), -20.0)
    assert recorder.pcm() == window(1) + window(2)


def test_a_long_recording_is_cut_where_it_is_quietest_and_loses_nothing() -> None:
    recorder = SpeechRecorder()
    recorder.begin(0.0)
    for number in range(900):
        quiet = 700 <= number < 708
        recorder.hear(window(number), -50.0 if quiet else -20.0)
    whole = recorder.pcm()
    first = recorder.cut()
    assert first + recorder.pcm() == whole
    assert 700 <= len(first) / WINDOW_BYTES <= 708


def test_it_is_never_cut_before_its_last_ten_seconds() -> None:
    recorder = SpeechRecorder()
    recorder.begin(0.0)
    for number in range(900):
        recorder.hear(window(number), -90.0 if number < 100 else -20.0)
    assert len(recorder.cut()) / WINDOW_BYTES >= 900 - 313


@pytest.mark.parametrize("windows", [1, 2, 7])
def test_even_a_short_recording_can_be_cut(windows: int) -> None:
    recorder = SpeechRecorder()
    recorder.begin(0.0)
    for number in range(windows):
        recorder.hear(window(number), -20.0)
    whole = recorder.pcm()
    assert recorder.cut() + recorder.pcm() == whole


def test_silence_at_its_end_can_be_left_out_but_never_all_of_it() -> None:
    recorder = SpeechRecorder()
    recorder.begin(0.0)
    for number in range(10):
        recorder.hear(window(number), -20.0)
    assert len(recorder.pcm(5 * WINDOW_SECONDS)) == 5 * WINDOW_BYTES
    assert len(recorder.pcm(99.0)) == WINDOW_BYTES
    assert len(recorder.pcm(-1.0)) == 10 * WINDOW_BYTES


def test_the_end_of_one_speech_is_the_beginning_of_the_next_and_what_is_forgotten_is_gone() -> None:
    recorder = SpeechRecorder()
    recorder.begin(0.0)
    recorder.hear(window(7), -20.0)
    recorder.end()
    recorder.begin(0.0)
    assert recorder.pcm() == window(7)
    recorder.forget()
    recorder.begin(0.0)
    assert recorder.pcm() == b""
