"""The drawn character as an avatar: what the stage is told of her, and how often."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from apps.avatar_controller.engines import overlay
from apps.avatar_controller.engines.base import SHUT, STRAIGHT, AvatarRefused, Capability
from apps.avatar_controller.engines.overlay import GESTURES, OverlayAvatar
from libs.contracts.avatar import AvatarLink, AvatarRefusal, Bearing, PoseCharacter
from libs.contracts.envelope import Event
from libs.contracts.speaking import Mood


class RunningCharacter:
    """The avatar while it runs, and all that it published."""

    def __init__(self) -> None:
        self.poses: list[PoseCharacter] = []
        self.avatar = OverlayAvatar(self._publish, "main")

    async def _publish(self, event: Event) -> None:
        assert isinstance(event, PoseCharacter)
        self.poses.append(event)

    @property
    def bearings(self) -> list[str]:
        return [pose.bearing.value for pose in self.poses]

    async def told(self, count: int) -> list[str]:
        async with asyncio.timeout(5):
            while len(self.poses) < count:  # noqa: ASYNC110 - a list has no event
                await asyncio.sleep(0.005)
        return self.bearings


@pytest.fixture
async def she() -> AsyncIterator[RunningCharacter]:
    character = RunningCharacter()
    task = asyncio.create_task(character.avatar.run())
    await asyncio.sleep(0)
    yield character
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_bearing_is_told_when_it_changes(she: RunningCharacter) -> None:
    she.avatar.bear(Bearing.IDLE)  # as she is already
    for number, bearing in enumerate([Bearing.LISTENING, Bearing.THINKING, Bearing.SPEAKING], 1):
        she.avatar.bear(bearing)
        she.avatar.bear(bearing)
        await she.told(number)
    await asyncio.sleep(0.05)
    assert she.bearings == ["listening", "thinking", "speaking"]
    assert {pose.show for pose in she.poses} == {"main"}
    assert {pose.gesture for pose in she.poses} == {""}


async def test_of_many_changes_at_once_the_newest_is_told(she: RunningCharacter) -> None:
    for bearing in (Bearing.LISTENING, Bearing.THINKING, Bearing.ASLEEP):
        she.avatar.bear(bearing)
    assert await she.told(1) == ["asleep"]


@pytest.mark.parametrize(
    "bearing",
    [Bearing.LISTENING, Bearing.ASLEEP],
)
async def test_what_is_drawn_is_told_again_while_it_is_meant(
    she: RunningCharacter, monkeypatch: pytest.MonkeyPatch, bearing: Bearing
) -> None:
    monkeypatch.setattr(overlay, "REFRESH_SECONDS", 0.02)
    monkeypatch.setattr(overlay, "SLEEP_REFRESH_SECONDS", 0.02)
    she.avatar.bear(bearing)
    await she.told(4)
    she.avatar.bear(Bearing.IDLE)
    await asyncio.sleep(0.05)
    count = len(she.poses)
    await asyncio.sleep(0.1)
    assert len(she.poses) == count
    assert she.bearings[-1] == "idle"


async def test_that_she_speaks_the_page_knows_itself(she: RunningCharacter) -> None:
    she.avatar.bear(Bearing.SPEAKING)
    await asyncio.sleep(0.05)
    she.avatar.bear(Bearing.IDLE)
    await asyncio.sleep(0.05)
    assert she.poses == []


def test_a_bearing_outlasts_two_refreshes_that_are_lost() -> None:
    assert overlay.HOLD_SECONDS > 2 * overlay.REFRESH_SECONDS
    assert overlay.SLEEP_HOLD_SECONDS > 2 * overlay.SLEEP_REFRESH_SECONDS


async def test_a_gesture_goes_with_the_bearing_there_is(she: RunningCharacter) -> None:
    she.avatar.bear(Bearing.LISTENING)
    await she.told(1)
    await she.avatar.gesture("nod")
    assert (she.poses[-1].bearing, she.poses[-1].gesture) == (Bearing.LISTENING, "nod")
    assert she.poses[-1].expires_at is not None


@pytest.mark.parametrize("name", ["", "nods", "dance", "x" * 5_000, "nod nod"])
async def test_what_she_cannot_do_is_refused_with_what_she_can(
    she: RunningCharacter, name: str
) -> None:
    with pytest.raises(AvatarRefused, match="can only nod, ") as refused:
        await she.avatar.gesture(name)
    assert refused.value.code == AvatarRefusal.NOT_FOUND
    assert she.poses == []


async def test_in_a_panic_nothing_is_told_and_afterwards_what_holds_then(
    she: RunningCharacter,
) -> None:
    she.avatar.bear(Bearing.LISTENING)
    await she.told(1)
    await she.avatar.panic(True)
    she.avatar.bear(Bearing.IDLE)
    she.avatar.bear(Bearing.ASLEEP)
    with pytest.raises(AvatarRefused, match="release"):
        await she.avatar.gesture("nod")
    await asyncio.sleep(0.05)
    assert she.bearings == ["listening"]
    await she.avatar.panic(False)
    assert await she.told(2) == ["listening", "asleep"]


async def test_it_leaves_no_pose_behind(she: RunningCharacter) -> None:
    await she.avatar.close()
    assert she.poses == []
    she.avatar.bear(Bearing.ASLEEP)
    await she.told(1)
    await she.avatar.close()
    assert she.bearings == ["asleep", "idle"]


async def test_mouth_mood_and_glances_are_the_pages_own(she: RunningCharacter) -> None:
    she.avatar.set_mouth(SHUT)
    she.avatar.look(STRAIGHT)
    she.avatar.set_mood(Mood.HAPPY, 0.3)
    she.avatar.send_frame()
    await asyncio.sleep(0.02)
    assert she.poses == []
    assert she.avatar.capabilities == {Capability.GESTURES}
    status = she.avatar.status()
    assert (status.link, status.title) == (AvatarLink.READY, "Drawn character")
    assert set(GESTURES) >= {"nod", "shake", "tilt", "wave"}


async def test_a_gesture_counts_however_it_is_written(she: RunningCharacter) -> None:
    await she.avatar.gesture(" Wave")
    with pytest.raises(AvatarRefused):
        await she.avatar.gesture("backflip")


async def test_orders_that_mean_nothing_here_are_refused(she: RunningCharacter) -> None:
    for order in (
        she.avatar.show_expression("smile", 3),
        she.avatar.map_mood(Mood.HAPPY, "smile"),
        she.avatar.show_item("heart"),
        she.avatar.sign_in(),
    ):
        with pytest.raises(AvatarRefused, match=r"\.$"):
            await order
