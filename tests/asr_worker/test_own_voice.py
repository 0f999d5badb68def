"""Real speech through made rooms; tables of more of it: `own_voice_bench`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from libs.speech.bands import BANDS, WINDOW_SAMPLES, BandLevels, Floats
from libs.speech.own_voice import LOOK_AHEAD_WINDOWS, OwnVoice
from tests.asr_worker.own_voice_bench import ROOMS
from tests.asr_worker.own_voice_scenes import Scene, her_speech, judge, scene
from tests.asr_worker.rooms import Room, at_level

NAMES = [name for name in ROOMS if name not in ("0 dB", "+6 dB", "-5 dB, all of this")]


@pytest.fixture(scope="module")
def speech() -> list[Floats]:
    return her_speech(100)


@pytest.mark.parametrize("name", list(ROOMS))
def test_her_own_voice_alone_never_pauses_her(name: str, speech: list[Floats]) -> None:
    outcome = judge(scene(ROOMS[name], 60, 0, speech), ROOMS[name])
    assert outcome.false_pauses == 0
    assert outcome.false_windows <= 12


@pytest.mark.parametrize("name", NAMES)
def test_a_host_who_speaks_over_her_is_found(name: str, speech: list[Floats]) -> None:
    outcome = judge(scene(ROOMS[name], 70, 6, speech), ROOMS[name])
    assert outcome.of == 6
    assert outcome.found >= 5
    assert sorted(outcome.delays)[len(outcome.delays) // 2] < 1.0
    assert outcome.false_pauses == 0


def test_a_loudspeaker_as_loud_as_the_host_makes_the_host_wait_and_nothing_worse(
    speech: list[Floats],
) -> None:
    outcome = judge(scene(ROOMS["0 dB"], 80, 8, speech), ROOMS["0 dB"])
    assert outcome.found >= 3
    assert outcome.false_pauses == 0


def test_with_headphones_a_quiet_host_is_found_at_once(speech: list[Floats]) -> None:
    outcome = judge(scene(Room(level_db=None), 60, 5, speech, host_dbfs=-36), Room(level_db=None))
    assert outcome.found == 5
    assert sorted(outcome.delays)[2] < 0.5


def test_until_the_room_is_known_everything_in_her_speech_is_hers(speech: list[Floats]) -> None:
    room = Room(level_db=-3)
    made = scene(room, 60, 0, speech)
    gate = OwnVoice()
    first = Scene(made.said[: 60 * WINDOW_SAMPLES], made.heard[: 60 * WINDOW_SAMPLES])
    assert judge(first, room, gate).false_windows == 0
    assert not gate.learned
    judge(made, room, gate)
    assert gate.learned


def test_a_volume_turned_up_is_still_her(speech: list[Floats]) -> None:
    gate = OwnVoice()
    quiet, loud = Room(level_db=-24, seed=5), Room(level_db=-9, seed=5)
    assert judge(scene(quiet, 30, 0, speech), quiet, gate).false_pauses == 0
    louder = judge(scene(loud, 40, 0, speech[3:]), loud, gate)
    assert louder.false_pauses <= 1


def test_while_she_is_silent_nothing_is_hers() -> None:
    gate = OwnVoice()
    rng = np.random.default_rng(1)
    silence = np.zeros(WINDOW_SAMPLES, np.float32)
    for _ in range(200):
        heard = (rng.standard_normal(WINDOW_SAMPLES) * 0.1).astype(np.float32)
        assert not gate.hear(heard, silence).own
    assert not gate.audible


def test_what_she_says_is_unknown_so_all_is_hers_and_for_a_moment_after() -> None:
    gate = OwnVoice()
    loud = np.full(WINDOW_SAMPLES, 0.3, np.float32)
    silence = np.zeros(WINDOW_SAMPLES, np.float32)
    assert gate.hear(loud, None).own
    assert gate.hear(loud, silence).own
    assert not [gate.hear(loud, silence).own for _ in range(60)][-1]


def test_a_reference_that_is_known_too_late_can_be_put_right(speech: list[Floats]) -> None:
    room = Room(level_db=-12)
    made = scene(room, 16, 0, speech)
    known, late = OwnVoice(), OwnVoice()
    ahead = LOOK_AHEAD_WINDOWS * WINDOW_SAMPLES
    blank = np.zeros(WINDOW_SAMPLES, np.float32)
    for start in range(0, 400 * WINDOW_SAMPLES, WINDOW_SAMPLES):
        heard = made.heard[start : start + WINDOW_SAMPLES]
        hers = made.said[start + ahead : start + ahead + WINDOW_SAMPLES]
        known.hear(heard, hers)
        late.hear(heard, blank)
        done = start + ahead + WINDOW_SAMPLES
        late.correct(made.said[done - 30 * WINDOW_SAMPLES : done])
    assert np.allclose(known._hers[-20:], late._hers[-20:], atol=1.0)


@given(arrays(np.float32, WINDOW_SAMPLES, elements=st.floats(width=32)))
@settings(max_examples=60, deadline=None)
def test_whatever_the_samples_are_levels_are_numbers(samples: Floats) -> None:
    levels = BandLevels().of(samples)
    assert levels.shape == (BANDS,)
    assert np.all(np.isfinite(levels))
    gate = OwnVoice()
    for _ in range(3):
        gate.hear(samples, samples)
    assert gate.hear(at_level(np.ones(WINDOW_SAMPLES, np.float32), -20), samples) is not None


@pytest.mark.parametrize("size", [0, 1, 511, 513])
def test_a_window_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="512 samples"):
        OwnVoice().hear(np.zeros(size, np.float32), None)
