"""Gestures and hotkeys: found by their words or names, pressed once, and never later."""

import asyncio
from pathlib import Path

import pytest

from apps.avatar_controller.engines.base import AvatarRefused
from libs.contracts.avatar import AvatarRefusal
from libs.contracts.speaking import Mood
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from libs.testing.stand_ins.vtube_studio.gallery import ODD_NAMES, many_hotkeys, odd_names
from tests.avatar_controller.vtube_studio.avatar_stand import (
    Stand,
    as_text,
    avatar_file,
    standing,
    until,
)


async def refusal(stand: Stand, name: str) -> AvatarRefused:
    with pytest.raises(AvatarRefused) as refused:
        await stand.avatar.gesture(name)
    return refused.value


async def test_a_gesture_presses_the_hotkey_that_has_one_of_its_words(stand: Stand) -> None:
    await stand.avatar.gesture("wave")
    await until(lambda: stand.vts.studio.pressed == ["Wave"])


async def test_only_gestures_that_the_model_can_make_are_told(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    file = avatar_file(gestures={"say hello": ["wave"], "purr": ["cat"]})
    async with standing(vts, tmp_path, file) as stand:
        await stand.until_ready()
        told = stand.avatar.status().gestures
        assert told[:3] == ("nod", "shake", "tilt")
        assert "say hello" in told
        assert "purr" not in told
        await stand.avatar.gesture("say hello")
        await until(lambda: vts.studio.pressed == ["Wave"])


async def test_a_hotkey_is_pressed_by_its_own_name_however_that_is_written(stand: Stand) -> None:
    await stand.avatar.gesture(" dance ")
    await until(lambda: stand.vts.studio.pressed == ["Dance"])


async def test_the_same_one_is_not_pressed_again_before_its_pause_is_over(stand: Stand) -> None:
    await stand.avatar.gesture("Wave")
    too_soon = await refusal(stand, "wave")
    assert too_soon.code == AvatarRefusal.NOT_NOW
    assert "again after 0.6 s" in str(too_soon)
    await stand.avatar.gesture("Dance")
    await asyncio.sleep(0.65)
    await stand.avatar.gesture("Wave")
    await until(lambda: stand.vts.studio.pressed == ["Wave", "Dance", "Wave"])


async def test_a_toggle_is_refused_with_what_to_do_instead(stand: Stand) -> None:
    toggle = await refusal(stand, "Happy")
    assert toggle.code == AvatarRefusal.NOT_POSSIBLE
    assert "use the expression itself" in str(toggle)
    assert not stand.vts.recording.heard("HotkeyTriggerRequest")


async def test_a_gesture_never_finds_a_hotkey_that_loads_another_model(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    async with standing(vts, tmp_path, avatar_file(gestures={"purr": ["cat"]})) as stand:
        await stand.until_ready()
        assert (await refusal(stand, "purr")).code == AvatarRefusal.NOT_FOUND
        await stand.avatar.gesture("Cat")
        await until(lambda: stand.status.model == "Hijiki")


async def test_a_gesture_that_nothing_shows_says_how_to_make_one(stand: Stand) -> None:
    unknown = await refusal(stand, "backflip")
    assert unknown.code == AvatarRefusal.NOT_FOUND
    assert "make one in VTube Studio" in str(unknown)


@pytest.mark.parametrize("error_id", [200, 203, 205])
async def test_what_the_app_refuses_is_dropped_and_never_retried(
    stand: Stand, error_id: int
) -> None:
    stand.vts.faults.fail_next("HotkeyTriggerRequest", error_id)
    assert (await refusal(stand, "wave")).code == AvatarRefusal.REFUSED
    await asyncio.sleep(0.65)
    assert len(stand.vts.recording.heard("HotkeyTriggerRequest")) == 1
    await stand.avatar.gesture("wave")


async def test_clearing_all_expressions_by_hotkey_leaves_the_mood(stand: Stand) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(stand.active)
    assert stand.vts.studio.model is not None
    stand.vts.studio.model.expression("shy").switch(True, 0.0)
    await stand.avatar.gesture("Clear")
    await until(lambda: stand.active() == ["happy.exp3.json"])


async def test_of_three_hundred_hotkeys_any_is_found_and_the_mouth_does_not_wait(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.studio.load(many_hotkeys(320))
    async with standing(vts, tmp_path) as stand:
        await stand.until_ready()
        assert len(stand.status.hotkeys) == len(stand.status.expressions) == 300
        await asyncio.gather(*(stand.avatar.gesture(f"Toggle {n:03d}") for n in (0, 299, 319)))
        await until(lambda: vts.studio.pressed == ["Toggle 000", "Toggle 299", "Toggle 319"])


async def test_hotkeys_with_odd_names_are_shown_harmlessly_and_can_be_pressed(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.studio.load(odd_names())
    async with standing(vts, tmp_path, avatar_file(hotkey_pause_seconds=0)) as stand:
        await stand.until_ready()
        assert not {"\u202e", "\x00"} & set(as_text(stand.status))
        for name in stand.status.hotkeys:
            vts.studio.hotkeys.clear()
            await stand.avatar.gesture(name)
        assert len(stand.status.hotkeys) >= len({name.casefold() for name in ODD_NAMES}) - 3


async def test_orders_while_the_app_is_away_say_so(stand: Stand) -> None:
    await stand.vts.stop()
    await until(lambda: not stand.avatar.link.ready)
    assert (await refusal(stand, "wave")).code == AvatarRefusal.NOT_READY
    with pytest.raises(AvatarRefused):
        await stand.avatar.show_expression("happy", 1)
    with pytest.raises(AvatarRefused):
        await stand.avatar.show_item("heart")
