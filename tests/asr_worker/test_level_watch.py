"""What is wrong with a microphone's sound. Time is the blocks' own."""

from collections.abc import Callable

import numpy as np
import pytest

from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.level_watch import CLIPPED, HARDLY_ANYTHING, NOTHING, LevelWatch

BLOCK = 512
Sound = Callable[[np.ndarray], np.ndarray]


class Listener:
    """Feeds a watch and remembers what it said."""

    def __init__(self) -> None:
        self.watch = LevelWatch()
        self.position = 0

    @property
    def now(self) -> float:
        return 1_000 + self.position / RATE_HZ

    def hears(self, sound: Sound, seconds: float) -> list[str]:
        """What was said after each block."""
        said = []
        for _ in range(round(seconds * RATE_HZ / BLOCK)):
            at = np.arange(self.position, self.position + BLOCK) / RATE_HZ
            pcm = np.clip(np.rint(sound(at) * 32_768), -32_768, 32_767).astype("<i2").tobytes()
            self.watch.hear(Block(self.position, pcm, self.now))
            self.position += BLOCK
            said.append(self.watch.problem(self.now))
        return said


def noise(dbfs: float) -> Sound:
    random = np.random.default_rng(5)
    return lambda at: random.normal(0, 10 ** (dbfs / 20), len(at))


def tone(amplitude: float) -> Sound:
    return lambda at: amplitude * np.sin(2 * np.pi * 200 * at)


def zeros(at: np.ndarray) -> np.ndarray:
    return np.zeros(len(at))


def test_a_microphone_that_gives_zeros_is_told_within_five_seconds() -> None:
    said = Listener().hears(zeros, 5.0)
    assert said[-1] == NOTHING
    assert not any(said[: int(3 * RATE_HZ / BLOCK)])


def test_one_that_gives_next_to_nothing_is_told_otherwise() -> None:
    assert Listener().hears(noise(-84), 5.0)[-1] == HARDLY_ANYTHING


def test_one_that_clips_is_told_within_five_seconds() -> None:
    assert Listener().hears(tone(3.0), 5.0)[-1] == CLIPPED


@pytest.mark.parametrize("start", [zeros, noise(-84), tone(3.0)])
def test_the_message_goes_when_the_sound_is_good(start: Sound) -> None:
    listener = Listener()
    assert listener.hears(start, 6.0)[-1]
    assert listener.hears(tone(0.2), 4.5)[-1] == ""


def test_a_good_microphone_in_a_quiet_room_is_never_complained_of() -> None:
    listener = Listener()
    assert not any(listener.hears(noise(-72), 120))
    assert not any(listener.hears(tone(0.3), 5))
    assert not any(listener.hears(noise(-72), 120))


def test_a_single_knock_that_clips_is_no_fault() -> None:
    listener = Listener()
    listener.hears(noise(-60), 5)
    assert not any(listener.hears(tone(3.0), 0.064))
    assert not any(listener.hears(noise(-60), 5))


def test_a_noise_gate_is_known_by_its_pauses_and_then_left_in_peace() -> None:
    listener = Listener()
    for _ in range(3):
        listener.hears(tone(0.2), 1.0)
        assert not any(listener.hears(zeros, 1.0))
    listener.hears(tone(0.2), 1.0)
    assert not any(listener.hears(zeros, 50))
    assert listener.hears(zeros, 12)[-1] == NOTHING


def test_one_that_is_muted_in_mid_show_is_told_within_five_seconds() -> None:
    listener = Listener()
    assert not any(listener.hears(noise(-60), 30))
    assert listener.hears(zeros, 5)[-1] == NOTHING


def test_levels_are_those_of_the_last_moment() -> None:
    listener = Listener()
    assert (listener.watch.level_dbfs, listener.watch.peak_dbfs) == (-120.0, -120.0)
    listener.hears(tone(0.5), 1)
    assert listener.watch.peak_dbfs == pytest.approx(-6.0, abs=0.1)
    assert listener.watch.level_dbfs == pytest.approx(-9.0, abs=0.1)
    listener.hears(zeros, 1)
    assert (listener.watch.level_dbfs, listener.watch.peak_dbfs) == (-120.0, -120.0)


def test_when_no_sound_comes_it_is_not_the_sound_that_is_wrong() -> None:
    listener = Listener()
    listener.hears(zeros, 6)
    assert listener.watch.problem(listener.now + 10) == ""
    assert LevelWatch().problem(0.0) == ""


def test_an_empty_block_changes_nothing() -> None:
    watch = LevelWatch()
    watch.hear(Block(0, b"", 1.0))
    watch.hear(Block(0, b"\x01", 1.0))
    assert watch.problem(1.0) == ""
