"""Orders to avatars, over the bus: done, refused in words, never done twice."""

import asyncio

from apps.avatar_controller.engines.base import AvatarRefused
from libs.bus.base import Delivery
from libs.contracts.avatar import (
    AvatarLink,
    AvatarRefusal,
    Bearing,
    MapMood,
    ShowExpression,
    SignInAvatar,
)
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import Mood
from libs.contracts.stage import (
    SetExpression,
    ShowItem,
    StageCommandDone,
    StageCommandFailed,
    TriggerHotkey,
)
from libs.contracts.streams import STAGE
from libs.settings.items import load_items
from tests.avatar_controller.scene import NOTHING, Start, begins_to_speak, overlay
from tests.avatar_controller.scripted_avatar import ScriptedAvatar
from tests.worker.module_stand import until


async def test_a_gesture_is_made_by_all_who_can_and_answered_once(controller: Start) -> None:
    avatars = [ScriptedAvatar(), overlay()]
    async with controller(*avatars) as stand:
        order = TriggerHotkey(hotkey="wave")
        answer = await stand.order(order)
        assert isinstance(answer, StageCommandDone)
        assert [avatar.asked for avatar in avatars] == [[("gesture", "wave")]] * 2
        await asyncio.sleep(0.1)
        answers = await stand.facts(StageCommandDone) + await stand.facts(StageCommandFailed)
        assert [one.cause_id for one in answers] == [order.event_id]


async def test_built_in_gestures_are_made_with_the_head(controller: Start) -> None:
    avatars = [ScriptedAvatar(), overlay()]
    async with controller(*avatars, file="idle: {sway_degrees: 0}") as stand:
        await until(lambda: avatars[0].frames)
        assert isinstance(await stand.order(TriggerHotkey(hotkey="Nod")), StageCommandDone)
        assert avatars[0].asked == []
        assert avatars[1].asked == [("gesture", "nod")]
        await until(lambda: any(pose.pitch < -4 for _, _, pose in avatars[0].frames))


async def test_what_was_done_is_said_as_it_was(controller: Start) -> None:
    avatar = ScriptedAvatar(link=AvatarLink.WAITING)
    async with controller(avatar) as stand:
        asked = (await stand.order(SignInAvatar())).message
        assert "start it" in asked
        avatar.link = AvatarLink.ASKING
        assert "click Allow" in (await stand.order(SignInAvatar())).message
        for expression, said in ((None, "by name"), ("", "Nothing shows"), ("Grin", "by 'Grin'")):
            answer = await stand.order(MapMood(mood=Mood.HAPPY, expression=expression))
            assert said in answer.message


async def test_an_order_that_hangs_keeps_neither_playback_nor_other_orders_waiting(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar(hangs_in_gestures=True)
    async with controller(avatar) as stand:
        await stand.bus.publish(TriggerHotkey(hotkey="dance"))
        await until(lambda: avatar.asked)
        assert isinstance(await stand.order(SignInAvatar()), StageCommandDone)
        await begins_to_speak(stand)
        await until(lambda: avatar.bearings == [Bearing.SPEAKING])
        await until(lambda: avatar.frames[-1][1].open > 0.5)
        avatar.lets_go.set()


async def test_what_one_does_not_know_the_other_may(controller: Start) -> None:
    unknown = AvatarRefused(AvatarRefusal.NOT_FOUND, "The drawn character cannot do that.")
    avatars = [ScriptedAvatar(), overlay()]
    avatars[1].refuses["gesture"] = unknown
    async with controller(*avatars) as stand:
        assert isinstance(await stand.order(TriggerHotkey(hotkey="dance")), StageCommandDone)
        avatars[0].refuses["gesture"] = AvatarRefused(
            AvatarRefusal.NOT_FOUND, "No hotkey has that in it."
        )
        answer = await stand.order(TriggerHotkey(hotkey="dance"))
        assert answer.message == "No hotkey has that in it."


async def test_orders_for_an_avatar_that_is_not_there_are_refused_in_words(
    controller: Start,
) -> None:
    away = ScriptedAvatar(
        capabilities=NOTHING,
        link=AvatarLink.WAITING,
        detail="VTube Studio is not running: start it.",
    )
    items = "items: {heart: {file: heart.png}}"
    async with controller(away, file=items) as stand:
        for order in (
            ShowItem(item="heart"),
            TriggerHotkey(hotkey="dance"),
        ):
            answer = await stand.order(order)
            assert isinstance(answer, StageCommandFailed)
            assert answer.code == AvatarRefusal.NOT_READY
            assert "VTube Studio is not running: start it." in answer.message
        answer = await stand.order(SignInAvatar(avatar="vmc"))
        assert (answer.code, "VMC_TARGET" in answer.message) == (AvatarRefusal.NOT_CONFIGURED, True)


async def test_items_of_the_file_are_shown_those_of_the_overlay_left_to_it_and_others_refused(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar()
    drawn = next(iter(load_items()))
    async with controller(avatar, file="items: {prize: {file: prize.png}}") as stand:
        await stand.bus.publish(ShowItem(item=drawn))
        await stand.order(ShowItem(item="prize"))
        assert avatar.asked == [("show_item", "prize")]
        assert not await stand.facts(StageCommandFailed)
        answer = await stand.order(ShowItem(item="../../secret"))
        assert answer.code == AvatarRefusal.NOT_FOUND
        assert avatar.asked == [("show_item", "prize")]


async def test_expressions_are_tried_and_chosen_and_the_app_is_asked_again(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        await stand.order(ShowExpression(expression="Smile"))
        await stand.order(MapMood(mood=Mood.SAD, expression=""))
        await stand.order(SignInAvatar())
        assert avatar.asked == [("show_expression", "Smile"), ("map_mood", "sad", ""), ("sign_in",)]


async def test_an_order_of_a_process_that_died_over_it_is_not_carried_out_twice(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        for order in (TriggerHotkey(hotkey="dance"), ShowItem(item="nothing of ours")):
            work = await stand.worker.take_order(order, Delivery(order, STAGE, deliveries=2))
            assert work is not None
            await work
        refused = await stand.facts(StageCommandFailed)
        assert [one.code for one in refused] == ["stale", "stale"]
        assert avatar.asked == []


async def test_what_belongs_to_a_turn_that_was_cut_is_not_done(controller: Start) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        await stand.bus.publish(StopSpeaking(epoch=5))
        await until(lambda: stand.worker.fences.stale("main", 4, "t1"))
        answer = await stand.order(TriggerHotkey(hotkey="wave", turn_id="t1", epoch=4))
        assert (answer.code, avatar.asked) == ("stale", [])
        await stand.bus.publish(SetExpression(mood=Mood.SAD, turn_id="t1", epoch=4))
        await stand.bus.publish(SetExpression(mood=Mood.HAPPY, turn_id="t2", epoch=5))
        await until(lambda: avatar.moods)
        assert avatar.moods == [Mood.HAPPY]
