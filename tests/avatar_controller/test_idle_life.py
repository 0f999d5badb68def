"""Poses at 60 moments a second, over minutes that pass at once."""

import itertools
import math

import pytest

from apps.avatar_controller.engines.base import Pose
from apps.avatar_controller.gestures import BUILT_IN, Nods
from apps.avatar_controller.idle_life import (
    FADE_SECONDS,
    GLANCE_REACH,
    IdleLife,
    glanced,
    lids,
)
from libs.contracts.avatar import Bearing
from libs.settings.avatar import IdleLife as IdleRules

FRAME = 1 / 60


def life(**rules: object) -> IdleLife:
    made = IdleLife(IdleRules.model_validate(rules), seed=7)
    made.begin(0.0)
    return made


def poses(
    made: IdleLife, seconds: float, bearing: Bearing = Bearing.IDLE, since: float = 0.0
) -> list[Pose]:
    return [made.pose(since + n * FRAME, bearing) for n in range(int(seconds / FRAME))]


def blinks(seed: int, seconds: float, hertz: int = 50) -> list[float]:
    """When each blink begins."""
    shut = [lids(n / hertz, seed) < 1 for n in range(int(seconds * hertz))]
    return [n / hertz for n, (was, now) in enumerate(itertools.pairwise(shut)) if now and not was]


def test_the_same_seed_gives_the_same_life_and_another_one_another() -> None:
    one, same, other = life(), life(), IdleLife(IdleRules(), seed=8)
    assert poses(one, 20) == poses(same, 20)
    assert poses(one, 20) != poses(other, 20)


def test_she_blinks_every_two_to_six_seconds_and_sometimes_twice() -> None:
    gaps: list[float] = []
    for seed in range(4):
        begun = blinks(seed, 400)
        gaps += [after - before for before, after in itertools.pairwise(begun)]
    doubles = [gap for gap in gaps if gap < 1]
    single = [gap for gap in gaps if gap >= 1]
    assert 0.05 < len(doubles) / len(gaps) < 0.15
    assert min(single) > 1.6
    assert max(single) <= 6.03
    assert max(single) - min(single) > 2.5


def test_a_blink_goes_down_in_80_ms_stays_40_and_comes_up_in_120() -> None:
    begins = blinks(3, 20, hertz=1_000)[1]
    course = [(n, lids(begins + n / 1_000, 3)) for n in range(300)]
    shut = [n for n, opened in course if opened == 0]
    assert 75 <= shut[0] <= 85
    assert 35 <= shut[-1] - shut[0] <= 45
    half = next(n for n, opened in course if n > shut[-1] and opened > 0.5)
    assert 55 <= half - shut[-1] <= 65


def test_her_eyes_jump_every_one_to_four_seconds_and_not_far() -> None:
    places = [glanced(n / 100, 5) for n in range(20_000)]
    assert all(abs(x) <= GLANCE_REACH and abs(y) <= GLANCE_REACH for x, y in places)
    moves = [
        n / 100 for n, (a, b) in enumerate(itertools.pairwise(places)) if math.dist(a, b) > 1e-9
    ]
    jumps = [moves[0], *(b for a, b in itertools.pairwise(moves) if b - a > 0.5)]
    gaps = [b - a for a, b in itertools.pairwise(jumps)]
    assert min(gaps) > 0.9
    assert max(gaps) < 4.1


def test_the_head_sways_as_far_as_the_file_says_and_never_jumps() -> None:
    course = poses(life(sway_degrees=3), 120)
    for part in ("yaw", "pitch", "roll"):
        values = [getattr(pose, part) for pose in course]
        assert 0.8 < max(values) <= 3
        assert max(abs(b - a) for a, b in itertools.pairwise(values)) < 0.1


def test_what_the_file_switches_off_does_not_move() -> None:
    still = life(blink="off", breath="off", gaze=False, sway_degrees=0, nods=False)
    course = poses(still, 60)
    assert {(p.yaw, p.pitch, p.roll, p.gaze_x, p.gaze_y, p.lids, p.breath) for p in course} == {
        (0, 0, 0, 0, 0, 1, 0)
    }
    assert {(p.weight, p.eyes_weight) for p in course} == {(0, 0)}


def test_breath_is_slow_and_only_where_it_is_wanted() -> None:
    breath = [pose.breath for pose in poses(life(breath="on"), 45)]
    assert max(breath) > 0.99
    ups = [n for n, (a, b) in enumerate(itertools.pairwise(breath)) if a <= 0 < b]
    assert len(ups) == 10  # 45 s at 0.22 Hz


def test_she_fades_in_within_half_a_second() -> None:
    course = poses(life(), 1)
    assert course[0].weight == 0
    assert 0.4 < course[15].weight < 0.6
    assert course[31].weight == 1


@pytest.mark.parametrize(
    ("bearing", "looks"),
    [
        (Bearing.LISTENING, lambda pose: pose.roll > 3),
        (Bearing.THINKING, lambda pose: pose.gaze_y > 0.3 and pose.pitch > 2),
        (Bearing.ASLEEP, lambda pose: pose.lids == 0 and pose.pitch < -9),
        (Bearing.IDLE, lambda pose: abs(pose.pitch) < 3),
    ],
)
def test_each_bearing_has_a_pose_and_fades_into_it(bearing: Bearing, looks: object) -> None:
    made = life()
    before = poses(made, 5)[-1]
    course = [before, *poses(made, 2, bearing, since=5)]
    assert callable(looks)
    assert all(looks(pose) for pose in course[int(FADE_SECONDS * 60) + 3 :])
    assert max(abs(b.pitch - a.pitch) for a, b in itertools.pairwise(course)) < 0.6
    back = poses(made, 2, since=7)
    assert back[-1].lids > 0
    assert abs(back[-1].pitch) < 3


def test_one_nod_for_each_onset_and_none_in_a_steady_voice() -> None:
    nods = Nods()
    course = []
    for n in range(300):
        now = n * FRAME
        loud = 0.9 if (now % 1.0) < 0.4 else 0.1
        course.append(nods.at(loud, now))
    downs = [n for n, (a, b) in enumerate(itertools.pairwise(course)) if a == 0 and b < 0]
    assert 4 <= len(downs) <= 5
    assert -2.6 < min(course) < -2.3
    steady = Nods()
    assert sum(steady.at(0.9, n * FRAME) < 0 for n in range(600)) < 30


def test_built_in_gestures_begin_and_end_at_rest() -> None:
    for name in BUILT_IN:
        made = life(sway_degrees=0)
        assert made.make(name, 0.0)
        course = poses(made, 3)
        turned = [abs(pose.yaw) + abs(pose.pitch) + abs(pose.roll) for pose in course]
        assert turned[0] == 0
        assert max(turned) > 7
        assert turned[-1] == 0
        assert max(pose.weight for pose in course) == 1
    assert not life().make("somersault", 0.0)
