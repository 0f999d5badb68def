"""How the drawn character bears herself: told to pages; ended by time, her voice, a panic."""

import asyncio

import pytest

from apps.stage.pages import Page
from apps.stage.posture import GESTURE_AGE_SECONDS, Posture
from libs.contracts.avatar import Bearing, PoseCharacter
from libs.contracts.control import EngagePanic, ReleasePanic, SetModuleEnabled
from libs.contracts.interruption import HoldSpeaking, SpeechHold
from libs.contracts.speaking import PlaybackFinished, PlaybackStarted
from tests.stage.conftest import RunningStage, until
from tests.stage.scripted_voice import ScriptedVoice
from tests.stage.test_props import Clock, HeardPages
from tests.stage.test_stage_worker import TalkingPage, a_page


@pytest.fixture
def at() -> Clock:
    return Clock()


@pytest.fixture
def pages() -> HeardPages:
    return HeardPages()


@pytest.fixture
def posture(pages: HeardPages, at: Clock) -> Posture:
    return Posture(pages, at)


def told(pages: HeardPages) -> list[tuple[str, object, object]]:
    return [(kind, fields["bearing"], fields["gesture"]) for kind, fields in pages.told]


def a_pose(bearing: Bearing, **more: object) -> PoseCharacter:
    return PoseCharacter.model_validate({"bearing": bearing, **more})


def test_a_bearing_is_told_once_however_often_it_is_sent_again(
    posture: Posture, pages: HeardPages, at: Clock
) -> None:
    for _ in range(5):
        posture.pose(a_pose(Bearing.LISTENING), 0.0)
        at.now += 3
        posture.refresh(speaking=False)
    assert told(pages) == [("pose", "listening", "")]


def test_it_ends_by_itself_when_it_is_not_sent_again(
    posture: Posture, pages: HeardPages, at: Clock
) -> None:
    posture.pose(a_pose(Bearing.ASLEEP, at_most_seconds=10), age_seconds=4)
    at.now += 5.9
    posture.refresh(speaking=False)
    assert told(pages) == [("pose", "asleep", "")]
    at.now += 0.2
    posture.refresh(speaking=False)
    posture.refresh(speaking=False)
    assert told(pages)[1:] == [("pose", "idle", "")]


def test_what_comes_too_late_to_hold_is_not_shown(posture: Posture, pages: HeardPages) -> None:
    posture.pose(a_pose(Bearing.THINKING, at_most_seconds=10), age_seconds=30)
    assert pages.told == []


def test_an_older_pose_that_comes_behind_a_newer_one_does_nothing(
    posture: Posture, pages: HeardPages
) -> None:
    old = a_pose(Bearing.THINKING, emitted_at=100.0, gesture="wave")
    posture.pose(a_pose(Bearing.LISTENING, emitted_at=101.0), 0.0)
    posture.pose(old, 1.0)
    assert told(pages) == [("pose", "listening", "")]


def test_while_she_speaks_she_is_idle_and_afterwards_as_is_still_meant(
    posture: Posture, pages: HeardPages, at: Clock
) -> None:
    posture.pose(a_pose(Bearing.THINKING), 0.0)
    posture.refresh(speaking=True)
    posture.pose(a_pose(Bearing.THINKING), 0.0)
    assert told(pages) == [("pose", "thinking", ""), ("pose", "idle", "")]
    at.now += 1
    posture.refresh(speaking=False)
    assert told(pages)[2:] == [("pose", "thinking", "")]


@pytest.mark.parametrize("bearing", [Bearing.IDLE, Bearing.SPEAKING])
def test_speaking_is_seen_by_her_mouth_and_has_no_pose(
    posture: Posture, pages: HeardPages, bearing: Bearing
) -> None:
    posture.pose(a_pose(Bearing.LISTENING), 0.0)
    posture.pose(a_pose(bearing), 0.0)
    posture.pose(a_pose(bearing), 0.0)
    assert told(pages) == [("pose", "listening", ""), ("pose", "idle", "")]


def test_a_gesture_is_told_once_also_while_she_speaks_and_not_when_it_is_late(
    posture: Posture, pages: HeardPages, at: Clock
) -> None:
    posture.refresh(speaking=True)
    posture.pose(a_pose(Bearing.SPEAKING, gesture="nod"), 0.1)
    posture.refresh(speaking=True)
    posture.pose(a_pose(Bearing.SPEAKING, gesture="wave"), GESTURE_AGE_SECONDS + 0.1)
    at.now += 60
    posture.refresh(speaking=False)
    assert told(pages) == [("pose", "idle", "nod")]


def test_a_page_that_comes_late_gets_the_bearing_and_no_old_gesture(posture: Posture) -> None:
    posture.pose(a_pose(Bearing.LISTENING, gesture="wave"), 0.0)
    posture.welcome(page := Page(1, 0.0))
    [(_, message)] = page._queue
    assert message == '{"type": "pose", "bearing": "listening", "gesture": ""}'


def test_a_panic_ends_it_before_anything_that_waits_and_takes_nothing_new(
    posture: Posture, pages: HeardPages
) -> None:
    posture.pose(a_pose(Bearing.ASLEEP), 0.0)
    posture.set_panic(True)
    posture.pose(a_pose(Bearing.ASLEEP, gesture="wave"), 0.0)
    posture.set_panic(False)
    posture.refresh(speaking=False)
    assert told(pages) == [("pose", "asleep", ""), ("first pose", "idle", "")]


# The stage ----------------------------------------------------------------------------------------


def poses(page: TalkingPage) -> list[object]:
    return [message["bearing"] for message in page.told if message["type"] == "pose"]


async def test_a_page_follows_her_bearing_and_her_voice_comes_first(stage: RunningStage) -> None:
    page = await a_page(stage, mute=True)
    await until(lambda: poses(page) == ["idle"])
    await stage.bus.publish(a_pose(Bearing.THINKING))
    await until(lambda: poses(page) == ["idle", "thinking"])
    await stage.say_all(ScriptedVoice(), "Hello there.", 0.4)
    await until(lambda: stage.of(PlaybackFinished))
    await until(lambda: poses(page) == ["idle", "thinking", "idle", "thinking"])
    late = await a_page(stage, mute=True)
    await until(lambda: poses(late) == ["thinking"])
    await page.close()
    await late.close()


async def test_she_may_listen_while_her_voice_is_paused(stage: RunningStage) -> None:
    page = await a_page(stage, mute=True)
    await stage.say_all(ScriptedVoice(), "A long story.", 5.0)
    await until(lambda: stage.of(PlaybackStarted))
    await stage.bus.publish(a_pose(Bearing.LISTENING))
    await asyncio.sleep(0.1)
    assert set(poses(page)) == {"idle"}
    await stage.bus.publish(HoldSpeaking(hold=SpeechHold.PAUSED, by="voice"))
    await until(lambda: poses(page)[-1] == "listening")
    await page.close()


def test_what_was_sent_before_a_panic_is_not_shown_after_it(
    posture: Posture, pages: HeardPages
) -> None:
    late = a_pose(Bearing.ASLEEP, gesture="wave")
    posture.set_panic(True)
    posture.set_panic(False)
    told_before = list(pages.told)
    posture.pose(late, 0.5)
    assert pages.told == told_before
    posture.pose(a_pose(Bearing.LISTENING), 0.0)
    assert told(pages)[-1] == ("pose", "listening", "")


async def test_in_a_panic_and_while_the_stage_is_off_no_pose_is_taken(stage: RunningStage) -> None:
    page = await a_page(stage, mute=True)
    await stage.bus.publish(a_pose(Bearing.ASLEEP))
    await until(lambda: poses(page) == ["idle", "asleep"])
    await stage.bus.publish(EngagePanic(reason="test", ordinal=10**15))
    await until(lambda: poses(page) == ["idle", "asleep", "idle"])
    await stage.bus.publish(a_pose(Bearing.ASLEEP, gesture="wave"))
    await stage.bus.publish(ReleasePanic(ordinal=10**15 + 1, epoch=1))
    await until(lambda: not stage.worker.panic.engaged)
    await stage.bus.publish(SetModuleEnabled(module="stage", enabled=False))
    await until(lambda: not stage.worker.enabled)
    await stage.bus.publish(a_pose(Bearing.LISTENING))
    await asyncio.sleep(0.1)
    assert poses(page) == ["idle", "asleep", "idle"]
    await page.close()
