"""Panic and the end: mouth shut, neutral, what is Kitsu's gone, then silence."""

import asyncio
import time
from pathlib import Path

import pytest

from apps.avatar_controller.engines.base import AvatarRefused, Mouth, Pose
from apps.avatar_controller.engines.vtube_studio import frames as frames_module
from libs.contracts.avatar import AvatarRefusal
from libs.contracts.speaking import Mood
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from libs.testing.stand_ins.vtube_studio.items import Item
from tests.avatar_controller.vtube_studio.avatar_stand import (
    Stand,
    avatar_file,
    standing,
    until,
)

OPEN = Mouth(open=0.9)


@pytest.fixture
async def speaking(vts: VTubeStudioStandIn, tmp_path: Path) -> object:
    """Mouth open, happy, an item there; and somebody else's item and expression."""
    items = {"heart": {"file": "heart.png", "seconds": 60}}
    async with standing(vts, tmp_path, avatar_file(items=items)) as stand:
        await stand.until_ready()
        assert vts.studio.model is not None
        vts.studio.model.expression("shy").switch(True, 0.0)
        vts.studio.scene.add(Item("cookie.png", 3, None, {"positionX": 0, "positionY": 0}))
        stand.avatar.set_mouth(OPEN)
        stand.avatar.look(Pose(yaw=5))
        stand.avatar.set_mood(Mood.HAPPY, 0)
        await stand.avatar.show_item("heart")
        await until(lambda: "happy.exp3.json" in stand.active())
        await stand.some_frames()
        yield stand


def only_what_is_not_hers(stand: Stand) -> bool:
    items = [item.file for item in stand.vts.studio.scene.items.values()]
    return stand.active() == ["shy.exp3.json"] and items == ["cookie.png"]


async def test_panic_shuts_the_mouth_takes_away_what_is_hers_and_is_silent(
    speaking: Stand,
) -> None:
    started = time.monotonic()
    await speaking.avatar.panic(True)
    assert time.monotonic() - started < 0.4
    assert only_what_is_not_hers(speaking)
    await until(lambda: speaking.vts.studio.value("MouthOpen") == 0)
    frames = len(speaking.frames())
    speaking.avatar.set_mouth(OPEN)
    await asyncio.sleep(0.3)
    assert len(speaking.frames()) == frames
    assert speaking.frames()[-1]["MouthOpen"] == 0


async def test_panic_does_not_wait_for_an_app_that_hangs(
    speaking: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames_module, "MOST_UNANSWERED", 8)  # a busy machine sends fewer than 60
    speaking.vts.answers.hang()
    await until(lambda: speaking.avatar.link.counters.skipped, 2)
    started = time.monotonic()
    await speaking.avatar.panic(True)
    assert time.monotonic() - started < 0.4
    await until(lambda: speaking.frames()[-1]["MouthOpen"] == 0, 1)
    frames = len(speaking.frames())
    await asyncio.sleep(0.1)
    assert len(speaking.frames()) == frames, "shut, and nothing after that"
    speaking.vts.answers.resume()
    await until(lambda: only_what_is_not_hers(speaking))


async def test_in_a_panic_every_order_is_refused(speaking: Stand) -> None:
    await speaking.avatar.panic(True)
    for order in (
        speaking.avatar.gesture("wave"),
        speaking.avatar.show_expression("sad", 1),
        speaking.avatar.show_item("heart"),
        speaking.avatar.map_mood(Mood.HAPPY, "sad"),
    ):
        with pytest.raises(AvatarRefused, match="Panic is on"):
            await order
    assert only_what_is_not_hers(speaking)


async def test_an_app_that_comes_back_during_a_panic_is_left_neutral_and_silent(
    speaking: Stand,
) -> None:
    await speaking.vts.stop()
    await speaking.avatar.panic(True)
    frames = len(speaking.frames())
    assert "happy.exp3.json" in speaking.active(), "it was away when she let go"
    await speaking.vts.start()
    await until(lambda: speaking.avatar.link.ready, 3)
    speaking.avatar.set_mood(Mood.SAD, 0)
    speaking.avatar.set_mouth(OPEN)
    await until(lambda: only_what_is_not_hers(speaking))
    await asyncio.sleep(0.2)
    assert only_what_is_not_hers(speaking)
    assert len(speaking.frames()) == frames


async def test_another_model_that_is_loaded_during_a_panic_stays_neutral(speaking: Stand) -> None:
    await speaking.avatar.panic(True)
    speaking.avatar.set_mood(Mood.HAPPY, 0)
    speaking.vts.studio.load(speaking.vts.studio.models[1])
    await until(lambda: speaking.status.model == "Hijiki")
    speaking.vts.studio.load(speaking.vts.studio.models[0])
    await until(lambda: speaking.status.model == "Akari")
    await asyncio.sleep(0.1)
    assert speaking.active() == []


async def test_the_release_gives_her_back(speaking: Stand) -> None:
    await speaking.avatar.panic(True)
    await speaking.avatar.panic(False)
    speaking.avatar.set_mouth(OPEN)
    assert (await speaking.some_frames())["MouthOpen"] == pytest.approx(0.9)
    assert only_what_is_not_hers(speaking), "neutral until a mood is told"
    speaking.avatar.set_mood(Mood.SAD, 0)
    await until(lambda: "sad.exp3.json" in speaking.active())
    await speaking.avatar.gesture("wave")


async def test_a_panic_that_is_engaged_twice_is_one(speaking: Stand) -> None:
    await speaking.avatar.panic(True)
    await speaking.avatar.panic(True)
    await speaking.avatar.panic(False)
    speaking.avatar.set_mood(Mood.HAPPY, 0)
    await until(lambda: "happy.exp3.json" in speaking.active())


async def test_the_end_leaves_the_model_as_it_was(speaking: Stand) -> None:
    await speaking.avatar.close()
    assert only_what_is_not_hers(speaking)
    assert speaking.frames()[-1]["MouthOpen"] == 0


async def test_an_item_that_is_being_loaded_when_a_panic_comes_goes_as_well(
    speaking: Stand,
) -> None:
    speaking.vts.answers.late_by_kind["ItemLoadRequest"] = 0.3
    order = asyncio.create_task(speaking.avatar.show_item("heart"))
    await asyncio.sleep(0.1)
    await speaking.avatar.panic(True)
    assert only_what_is_not_hers(speaking)
    with pytest.raises(AvatarRefused, match="taken away") as refused:
        await order
    assert refused.value.code == AvatarRefusal.PANIC
    await until(lambda: only_what_is_not_hers(speaking), 1)


async def test_a_panic_soon_after_a_release_takes_away_what_came_in_between(
    speaking: Stand,
) -> None:
    """The first one still waits for an app that is slow with one thing."""
    speaking.vts.answers.late_by_kind["ExpressionActivationRequest"] = 1.0
    await speaking.avatar.panic(True)
    await speaking.avatar.panic(False)
    await speaking.avatar.show_item("heart")
    await speaking.avatar.panic(True)
    await until(lambda: only_what_is_not_hers(speaking), 4)


async def test_what_is_tried_out_when_a_panic_comes_does_not_come_back(speaking: Stand) -> None:
    await speaking.avatar.show_expression("sad", 0.5)
    assert "sad.exp3.json" in speaking.active()
    await speaking.avatar.panic(True)
    await speaking.avatar.panic(False)
    await asyncio.sleep(0.7)
    assert only_what_is_not_hers(speaking)


async def test_an_expression_that_cannot_be_switched_off_now_is_tried_again(
    speaking: Stand,
) -> None:
    """As often as it takes."""
    speaking.vts.faults.fail("ExpressionActivationRequest", 0)
    await speaking.avatar.panic(True)
    await asyncio.sleep(0.1)
    assert "happy.exp3.json" in speaking.active()
    speaking.vts.faults.mend("ExpressionActivationRequest")
    await until(lambda: only_what_is_not_hers(speaking), 3)


async def test_nothing_is_found_out_about_other_plugins_while_a_panic_lasts(
    speaking: Stand,
) -> None:
    speaking.vts.answers.late_by_kind["InputParameterListRequest"] = 0.3
    speaking.avatar._taken.frame_refused(454)
    await asyncio.sleep(0.1)
    await speaking.avatar.panic(True)
    frames = len(speaking.frames())
    await asyncio.sleep(0.4)
    assert len(speaking.frames()) == frames


@pytest.mark.parametrize("while_it", ["is away", "asks its user", "loads its model", "hangs"])
async def test_a_panic_before_she_was_ever_moved_is_kept_until_the_release(
    vts: VTubeStudioStandIn, tmp_path: Path, while_it: str
) -> None:
    if while_it == "is away":
        await vts.stop()
    elif while_it == "asks its user":
        vts.studio.popup.answer = "wait"
    elif while_it == "loads its model":
        vts.answers.late_by_kind["CurrentModelRequest"] = 1.0
    async with standing(vts, tmp_path) as stand:
        if while_it == "asks its user":
            await until(lambda: vts.studio.popup.is_open)
        elif while_it == "loads its model":
            await until(lambda: stand.avatar.link.ready)
        elif while_it == "hangs":
            vts.answers.hang()
        await stand.avatar.panic(True)
        stand.avatar.set_mouth(OPEN)
        stand.avatar.set_mood(Mood.HAPPY, 0)
        if while_it == "is away":
            await vts.start()
        elif while_it == "asks its user":
            vts.studio.popup.click()
        elif while_it == "hangs":
            vts.answers.resume()
        await until(lambda: stand.status.model, 15)
        await asyncio.sleep(0.3)
        assert (stand.frames(), stand.active()) == ([], [])
        with pytest.raises(AvatarRefused, match="Panic"):
            await stand.avatar.gesture("wave")
        await stand.avatar.panic(False)
        await stand.some_frames()


async def test_however_often_a_panic_is_pressed_and_released_the_last_word_counts(
    speaking: Stand,
) -> None:
    for number in range(20):
        pressing = asyncio.create_task(speaking.avatar.panic(number % 2 == 0))
        await asyncio.sleep(0.003)
        if number % 5 == 0:
            await pressing
    await pressing
    speaking.avatar.set_mood(Mood.SAD, 0)
    await until(lambda: "sad.exp3.json" in speaking.active())
    await speaking.avatar.show_item("heart")
    await asyncio.sleep(0.3)
    assert not only_what_is_not_hers(speaking), "no panic of before takes it away"
    await speaking.avatar.panic(True)
    assert only_what_is_not_hers(speaking)
