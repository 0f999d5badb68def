"""Frames on a steady grid, in virtual time."""

import asyncio
import itertools
from dataclasses import dataclass

import pytest

from apps.avatar_controller.animator import Animator
from apps.avatar_controller.engines.base import Capability
from apps.avatar_controller.idle_life import IdleLife
from apps.avatar_controller.mouth_player import MouthPlayer
from libs.contracts.avatar import Bearing
from libs.settings.avatar import IdleLife as IdleRules
from libs.speech.playback_clock import PlaybackClock
from tests.avatar_controller.scripted_avatar import ScriptedAvatar
from tests.avatar_controller.virtual_loop import VirtualLoop, run


@dataclass(eq=False)
class SlowAvatar(ScriptedAvatar):
    """Keeps the loop busy for so long at certain frames."""

    loop: VirtualLoop | None = None
    busy_seconds: float = 0.0
    every: int = 1

    def send_frame(self) -> None:
        super().send_frame()
        if self.loop is not None and len(self.frames) % self.every == 0:
            self.loop.busy(self.busy_seconds)


def animator(*avatars: ScriptedAvatar, frames: int = 60) -> Animator:
    mouth = MouthPlayer(PlaybackClock())
    life = IdleLife(IdleRules())
    return Animator(avatars, frames, mouth, life, lambda: Bearing.IDLE, lambda: 1_000.0)


async def for_seconds(made: Animator, seconds: float) -> None:
    task = asyncio.create_task(made.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def times(avatar: ScriptedAvatar) -> list[float]:
    return [at for at, _, _ in avatar.frames]


@pytest.mark.parametrize("rate", [30, 60])
def test_for_a_minute_there_are_as_many_frames_as_were_asked_for(rate: int) -> None:
    avatar = ScriptedAvatar()
    made = animator(avatar, frames=rate)
    run(for_seconds(made, 60.0))
    assert abs(len(avatar.frames) - rate * 60) <= 1
    assert abs(made.frames_per_second - rate) < 0.5
    assert made.skipped == 0


def test_work_that_takes_time_does_not_make_it_drift() -> None:
    loop = VirtualLoop()
    avatar = SlowAvatar(loop=loop, busy_seconds=0.012)
    run(for_seconds(animator(avatar), 10.0), loop)
    assert abs(len(avatar.frames) - 600) <= 1


def test_frames_that_were_missed_are_left_out_and_never_sent_in_a_burst() -> None:
    loop = VirtualLoop()
    avatar = SlowAvatar(loop=loop, busy_seconds=0.26, every=100)
    made = animator(avatar)
    run(for_seconds(made, 30.0), loop)
    gaps = [after - before for before, after in itertools.pairwise(times(avatar))]
    assert min(gaps) > 0.9 / 60
    assert max(gaps) < 0.26 + 2 / 60
    grid = [(at - times(avatar)[0]) * 60 for at in times(avatar)]
    assert all(abs(place - round(place)) < 0.01 for place in grid)
    assert abs(made.skipped + made.frames - 1_800) <= 20  # each stall ends on the grid's next place


def test_it_waits_while_nobody_takes_frames_and_in_a_panic() -> None:
    avatar = ScriptedAvatar(capabilities=frozenset())
    made = animator(avatar)

    async def scene() -> None:
        task = asyncio.create_task(made.run())
        await asyncio.sleep(5)
        assert made.frames == 0
        avatar.capabilities = frozenset({Capability.FRAMES})
        made.look()
        await asyncio.sleep(1)
        assert 59 <= made.frames <= 61
        made.hold(True)
        await asyncio.sleep(5)
        assert made.frames <= 61
        assert made.frames_per_second == 0
        made.hold(False)
        await asyncio.sleep(1)
        assert 118 <= made.frames <= 122
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(scene())
    assert avatar.frames[0][2].weight == 0  # fades in
    begun_again = next(n for n, (a, b) in enumerate(itertools.pairwise(times(avatar))) if b - a > 1)
    assert avatar.frames[begun_again][2].weight == 1
    assert avatar.frames[begun_again + 1][2].weight == 0
