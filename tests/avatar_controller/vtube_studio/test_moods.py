"""Moods become expressions of the model that is loaded."""

import asyncio
from pathlib import Path

import pytest

from apps.avatar_controller.engines.base import AvatarRefused, Capability
from libs.contracts.avatar import AvatarRefusal
from libs.contracts.speaking import Mood
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from libs.testing.stand_ins.vtube_studio.gallery import bare, odd_names, with_vowels
from tests.avatar_controller.vtube_studio.avatar_stand import (
    Stand,
    as_text,
    avatar_file,
    standing,
    until,
)


def shown(stand: Stand, mood: Mood) -> tuple[str, str]:
    found = next(each for each in stand.status.moods if each.mood is mood)
    return found.expression, found.chosen_by


async def test_a_mood_switches_its_expression_on_and_the_one_before_it_off(stand: Stand) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0.3)
    await until(lambda: stand.active() == ["happy.exp3.json"])
    stand.avatar.set_mood(Mood.SAD, 0.3)
    await until(lambda: stand.active() == ["sad.exp3.json"])
    stand.avatar.set_mood(Mood.NEUTRAL, 0.3)
    await until(lambda: stand.active() == [])


async def test_a_file_that_was_saved_counts_for_the_model_that_is_loaded(stand: Stand) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(lambda: stand.active() == ["happy.exp3.json"])
    words = {"words": {"happy": ["shy"], "sad": []}}
    stand.avatar.take_file(avatar_file(moods=words, items={"heart": {"file": "heart.png"}}))
    await until(lambda: stand.active() == ["shy.exp3.json"])
    assert shown(stand, Mood.SAD) == ("", "name")
    await until(lambda: Capability.ITEMS in stand.avatar.capabilities)


async def test_a_file_that_is_saved_while_the_app_is_away_counts_when_it_is_back(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    await vts.stop()
    async with standing(vts, tmp_path) as stand:
        stand.avatar.take_file(avatar_file(moods={"words": {"happy": ["shy"]}}))
        stand.avatar.set_mood(Mood.HAPPY, 0)
        await vts.start()
        await stand.until_ready()
        await until(lambda: stand.active() == ["shy.exp3.json"])


async def test_an_expression_fades_in_as_the_mood_says_and_never_longer_than_the_app_can(
    stand: Stand,
) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0.7)
    await until(stand.active)
    stand.avatar.set_mood(Mood.SAD, 99)
    await until(lambda: stand.active() == ["sad.exp3.json"])
    asked = stand.vts.recording.heard("ExpressionActivationRequest")
    fades = {
        one.data["expressionFile"]: one.data["fadeTime"] for one in asked if one.data["active"]
    }
    assert fades == {"happy.exp3.json": 0.7, "sad.exp3.json": 2.0}


async def test_a_mood_that_nothing_shows_leaves_a_neutral_face(stand: Stand) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(stand.active)
    stand.avatar.set_mood(Mood.SMUG, 0)
    await until(lambda: stand.active() == [])
    assert shown(stand, Mood.SMUG) == ("", "name")


async def test_of_moods_in_quick_succession_the_last_one_is_shown(stand: Stand) -> None:
    for mood in [Mood.HAPPY, Mood.SAD] * 20:
        stand.avatar.set_mood(mood, 0)
        await asyncio.sleep(0.001)
    await until(lambda: stand.active() == ["sad.exp3.json"])
    await asyncio.sleep(0.05)
    assert stand.active() == ["sad.exp3.json"]


async def test_what_the_user_has_switched_on_stays_on(stand: Stand) -> None:
    assert stand.vts.studio.model is not None
    stand.vts.studio.model.expression("shy").switch(True, 0.0)
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(lambda: "happy.exp3.json" in stand.active())
    stand.avatar.set_mood(Mood.NEUTRAL, 0)
    await until(lambda: stand.active() == ["shy.exp3.json"])


@pytest.mark.parametrize("tried", [True, False])
async def test_what_the_user_has_switched_on_stays_on_also_when_a_mood_shows_the_same(
    stand: Stand, tried: bool
) -> None:
    assert stand.vts.studio.model is not None
    stand.vts.studio.model.expression("happy").switch(True, 0.0)
    if tried:
        await stand.avatar.show_expression("happy", 0.5)
        await asyncio.sleep(0.55)
    else:
        stand.avatar.set_mood(Mood.HAPPY, 0)
        await asyncio.sleep(0.1)
    stand.avatar.set_mood(Mood.SAD, 0)
    await until(lambda: stand.active() == ["happy.exp3.json", "sad.exp3.json"])
    stand.avatar.set_mood(Mood.NEUTRAL, 0)
    await until(lambda: stand.active() == ["happy.exp3.json"])


async def test_a_mood_told_while_the_app_is_away_is_shown_when_it_is_back(stand: Stand) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(stand.active)
    await stand.vts.restart(down_seconds=0.1)
    stand.avatar.set_mood(Mood.SAD, 0)
    await until(lambda: stand.active() == ["sad.exp3.json"], 3)


async def test_after_a_broken_connection_the_old_mood_does_not_stay_on_beside_the_new_one(
    stand: Stand,
) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(stand.active)
    stand.vts.drop()
    stand.avatar.set_mood(Mood.SAD, 0)
    await until(lambda: stand.active() == ["sad.exp3.json"], 3)


async def test_a_mood_that_was_on_when_kitsu_was_killed_is_switched_off_by_the_next_one(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    async with standing(vts, tmp_path) as first:
        await first.until_ready()
        first.avatar.set_mood(Mood.HAPPY, 0)
        await until(first.active)
        assert vts.studio.model is not None
        vts.studio.model.expression("shy").switch(True, 0.0)
    async with standing(vts, tmp_path) as second:
        await until(lambda: second.active() == ["shy.exp3.json"])


async def test_an_expression_that_is_tried_shows_for_its_time_whatever_the_mood(
    stand: Stand,
) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(stand.active)
    await stand.avatar.show_expression("Surprised", 0.5)
    assert stand.active() == ["surprised.exp3.json"]
    await until(lambda: stand.active() == ["happy.exp3.json"])


async def test_an_expression_that_is_not_there_cannot_be_tried_or_chosen(stand: Stand) -> None:
    with pytest.raises(AvatarRefused, match="no expression “Nope”") as refused:
        await stand.avatar.show_expression("Nope", 1)
    assert refused.value.code == AvatarRefusal.NOT_FOUND
    with pytest.raises(AvatarRefused, match="no expression “Nope”"):
        await stand.avatar.map_mood(Mood.HAPPY, "Nope")


async def test_what_is_chosen_in_the_panel_wins_and_is_kept_over_a_restart(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    async with standing(vts, tmp_path) as first:
        await first.until_ready()
        first.avatar.set_mood(Mood.HAPPY, 0)
        await first.avatar.map_mood(Mood.HAPPY, "shy")
        assert shown(first, Mood.HAPPY) == ("shy", "panel")
        await until(lambda: first.active() == ["shy.exp3.json"])
    async with standing(vts, tmp_path) as second:
        await second.until_ready()
        assert shown(second, Mood.HAPPY) == ("shy", "panel")
        await second.avatar.map_mood(Mood.HAPPY, "")
        assert shown(second, Mood.HAPPY) == ("", "panel")
        await second.avatar.map_mood(Mood.HAPPY, None)
        assert shown(second, Mood.HAPPY) == ("happy", "name")


async def test_a_choice_for_one_model_says_nothing_of_another(stand: Stand) -> None:
    await stand.avatar.map_mood(Mood.HAPPY, "shy")
    stand.vts.studio.load(with_vowels())
    await until(lambda: stand.status.model == "Vowels")
    assert shown(stand, Mood.HAPPY) == ("joy", "name")


async def test_the_file_says_what_one_model_shows(vts: VTubeStudioStandIn, tmp_path: Path) -> None:
    models = {"AKARI": {"happy": "Surprised.exp3.json", "sad": "", "angry": "gone"}}
    async with standing(vts, tmp_path, avatar_file(models=models)) as stand:
        await stand.until_ready()
        assert shown(stand, Mood.HAPPY) == ("surprised", "file")
        assert shown(stand, Mood.SAD) == ("", "file")
        assert shown(stand, Mood.ANGRY) == ("", "name")
        assert any("“gone” for angry" in each for each in stand.status.missing)


async def test_another_model_shows_the_mood_that_is_on(stand: Stand) -> None:
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(stand.active)
    stand.vts.studio.load(with_vowels())
    await until(lambda: stand.active() == ["joy.exp3.json"])


async def test_no_model_is_a_state_in_words(stand: Stand) -> None:
    stand.vts.studio.load(None)
    await until(lambda: "No model is loaded" in stand.status.detail)
    assert Capability.FRAMES not in stand.avatar.capabilities
    stand.avatar.set_mood(Mood.HAPPY, 0)
    with pytest.raises(AvatarRefused, match="load one"):
        await stand.avatar.map_mood(Mood.HAPPY, "happy")
    stand.vts.studio.load(stand.vts.studio.models[0])
    await until(lambda: stand.active() == ["happy.exp3.json"])


async def test_a_model_that_is_not_read_yet_is_not_said_to_be_missing(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.answers.swallow(1, "CurrentModelRequest")
    async with standing(vts, tmp_path) as stand:
        await until(lambda: "Reading the model" in stand.status.detail)
        with pytest.raises(AvatarRefused, match="ready in a moment"):
            await stand.avatar.show_expression("happy", 1)


async def test_expressions_with_odd_names_are_shown_harmlessly_and_can_be_tried(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.studio.load(odd_names())
    async with standing(vts, tmp_path) as stand:
        await stand.until_ready()
        text = as_text(stand.status)
        assert not {"\u202e", "\x00", "\n"} & set(text.replace("\\n", "\n"))
        assert "笑顔" in stand.status.expressions
        assert max(map(len, stand.status.expressions)) <= 200
        for name in stand.status.expressions:
            await stand.avatar.show_expression(name, 0.5)
            assert len(stand.active()) == 1, name


async def test_a_model_with_nothing_is_moved_as_far_as_it_goes(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.studio.load(bare())
    async with standing(vts, tmp_path) as stand:
        await stand.until_ready()
        stand.avatar.set_mood(Mood.HAPPY, 0)
        with pytest.raises(AvatarRefused):
            await stand.avatar.gesture("wave")
        await stand.some_frames()


async def test_a_refused_list_of_expressions_leaves_the_rest_working(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.faults.fail("ExpressionStateRequest", 0)
    async with standing(vts, tmp_path) as stand:
        await stand.until_ready()
        assert "does not tell the model's expressions" in stand.status.detail
        await stand.avatar.gesture("wave")
        await stand.some_frames()


async def test_what_is_switched_on_while_the_model_is_read_is_kitsus_and_goes_again(
    stand: Stand,
) -> None:
    """The app says how it was when it was asked, and that comes late."""
    answers = stand.vts.answers
    answers.late_by_kind["HotkeysInCurrentModelRequest"] = 0.4
    stand.vts.studio.change_config()
    await asyncio.sleep(0.1)
    stand.avatar.set_mood(Mood.HAPPY, 0)
    await until(lambda: stand.active() == ["happy.exp3.json"])
    await asyncio.sleep(0.5)
    stand.avatar.set_mood(Mood.SAD, 0)
    await until(lambda: stand.active() == ["sad.exp3.json"])
    await stand.avatar.panic(True)
    assert stand.active() == []
