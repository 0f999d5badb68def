"""Loading models, pressing hotkeys, showing expressions."""

import asyncio
import time

import pytest

from libs.testing.stand_ins.vtube_studio import (
    ErrorId,
    Hotkey,
    Model,
    VTubeStudioStandIn,
    gallery,
)
from tests.vtube_studio.conftest import Clock
from tests.vtube_studio.plain_plugin import PlainPlugin

TRIGGER = "HotkeyTriggerRequest"
ACTIVATE = "ExpressionActivationRequest"


async def test_hotkeys_are_pressed_by_id_or_by_name_whatever_its_case(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin:
        listed = (await plugin.ask("HotkeysInCurrentModelRequest"))["availableHotkeys"]
        by_name = {one["name"]: one for one in listed}
        await plugin.ask(TRIGGER, {"hotkeyID": by_name["Wave"]["hotkeyID"]})
        answer = await plugin.ask(TRIGGER, {"hotkeyID": "hApPy"})
        assert answer == {"hotkeyID": by_name["Happy"]["hotkeyID"]}
        await vts.until(lambda: vts.studio.pressed == ["Wave", "Happy"])
        assert vts.studio.model is not None
        assert vts.studio.model.active() == ["happy.exp3.json"]
        await plugin.ask(TRIGGER, {"hotkeyID": "Clear"})
        await vts.until(lambda: vts.studio.model and not vts.studio.model.active())


async def test_the_same_hotkey_again_has_to_wait_for_its_cooldown(
    vts: VTubeStudioStandIn, clock: Clock
) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.ask(TRIGGER, {"hotkeyID": "Wave"})
        clock.pass_by(0.07)
        assert await plugin.error(TRIGGER, {"hotkeyID": "Wave"}) == ErrorId.HOTKEY_COOLDOWN
        clock.pass_by(0.02)
        await plugin.ask(TRIGGER, {"hotkeyID": "Wave"})
        vts.studio.hotkeys.cooldown_seconds = 5.0
        clock.pass_by(4.9)
        assert await plugin.error(TRIGGER, {"hotkeyID": "Wave"}) == ErrorId.HOTKEY_COOLDOWN


async def test_hotkeys_are_carried_out_one_every_five_frames() -> None:
    async with VTubeStudioStandIn() as vts, PlainPlugin(vts) as plugin:
        await plugin.subscribe("HotkeyTriggeredEvent")
        began = time.monotonic()
        for name in ("Wave", "Dance", "Happy"):
            await plugin.ask(TRIGGER, {"hotkeyID": name})
        await plugin.event("HotkeyTriggeredEvent", 3)
        assert time.monotonic() - began >= 2 * 5 / 60
        assert [data["hotkeyName"] for _, data in plugin.events] == ["Wave", "Dance", "Happy"]
        assert all(data["hotkeyTriggeredByAPI"] for _, data in plugin.events)


async def test_a_queue_of_32_hotkeys_is_full(vts: VTubeStudioStandIn) -> None:
    vts.studio.load(gallery.many_hotkeys())
    async with PlainPlugin(vts) as plugin:
        listed = (await plugin.ask("HotkeysInCurrentModelRequest"))["availableHotkeys"]
        assert len(listed) == 300
        errors = [await plugin.error(TRIGGER, {"hotkeyID": one["hotkeyID"]}) for one in listed]
        assert 32 <= errors.index(ErrorId.HOTKEY_QUEUE_FULL) <= 40


async def test_hotkeys_that_cannot_be_pressed_say_why(vts: VTubeStudioStandIn) -> None:
    broken = Hotkey("b" * 32, "Broken", "TriggerAnimation", "gone.motion3.json", broken=True)
    vts.studio.load(Model("Half", [broken, gallery.hotkey("Half", "", "Unset")]))
    async with PlainPlugin(vts) as plugin:
        assert await plugin.error(TRIGGER, {"hotkeyID": "Broken"}) == 204
        assert await plugin.error(TRIGGER, {"hotkeyID": ""}) == 202
        assert await plugin.error(TRIGGER, {"hotkeyID": "Nothing"}) == 202
        assert await plugin.error(TRIGGER, {"hotkeyID": "x", "itemInstanceID": "y"}) == 207
        vts.studio.load(gallery.akari())
        with vts.studio.open_windows():
            assert await plugin.error(TRIGGER, {"hotkeyID": "Wave"}) == 205
        vts.studio.load(None)
        assert await plugin.error(TRIGGER, {"hotkeyID": "Wave"}) == 201


async def test_a_user_who_presses_a_hotkey_is_told_apart_from_a_plugin(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe(
            "HotkeyTriggeredEvent",
            ignoreHotkeysTriggeredByAPI=True,
            onlyForAction="ToggleExpression",
        )
        await plugin.ask(TRIGGER, {"hotkeyID": "Happy"})
        await vts.until(lambda: vts.studio.pressed == ["Happy"])
        model = vts.studio.model
        assert model is not None
        for name in ("Wave", "Sad"):
            hotkey = model.hotkey(name)
            assert hotkey is not None
            vts.studio.press(hotkey)
        event = await plugin.event("HotkeyTriggeredEvent")
        assert (event["hotkeyName"], event["hotkeyTriggeredByAPI"]) == ("Sad", False)
        assert len(plugin.events) == 1


async def test_expressions_fade_in_over_the_time_that_was_asked_for_and_out_over_the_same(
    vts: VTubeStudioStandIn, clock: Clock
) -> None:
    assert vts.studio.model is not None
    happy = vts.studio.model.expression("happy")
    async with PlainPlugin(vts) as plugin:
        on = {"expressionFile": "happy.exp3.json", "active": True, "fadeTime": 0.4}
        await plugin.ask(ACTIVATE, on)
        clock.pass_by(0.1)
        assert happy.weight(clock()) == pytest.approx(0.25)
        clock.pass_by(1.0)
        assert happy.weight(clock()) == 1.0
        states = (await plugin.ask("ExpressionStateRequest"))["expressions"]
        assert [one["file"] for one in states if one["active"]] == ["happy.exp3.json"]
        await plugin.ask(ACTIVATE, {**on, "active": False, "fadeTime": 2.0})
        clock.pass_by(0.1)
        assert happy.weight(clock()) == pytest.approx(0.75)


async def test_expressions_that_are_not_there_are_errors(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        for kind, invalid, missing in (("ExpressionStateRequest", 600, 601), (ACTIVATE, 650, 651)):
            assert await plugin.error(kind, {"expressionFile": "happy"}) == invalid
            assert await plugin.error(kind, {"expressionFile": "no.exp3.json"}) == missing
        vts.studio.load(None)
        happy = {"expressionFile": "happy.exp3.json", "active": True}
        assert await plugin.error(ACTIVATE, happy) == ErrorId.ACTIVATION_NO_MODEL
        assert (await plugin.ask("ExpressionStateRequest"))["expressions"] == []


async def test_details_of_expressions_come_only_when_asked_for(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        asked = {"details": True, "expressionFile": "happy.exp3.json"}
        (state,) = (await plugin.ask("ExpressionStateRequest", asked))["expressions"]
        assert [one["name"] for one in state["usedInHotkeys"]] == ["Happy"]
        (state, *_) = (await plugin.ask("ExpressionStateRequest"))["expressions"]
        assert state["usedInHotkeys"] == state["parameters"] == []


async def test_names_of_every_kind_come_through_unchanged(vts: VTubeStudioStandIn) -> None:
    vts.studio.load(gallery.odd_names())
    async with PlainPlugin(vts) as plugin:
        states = (await plugin.ask("ExpressionStateRequest"))["expressions"]
        assert [one["name"] for one in states] == [*gallery.ODD_NAMES, gallery.ODD_NAMES[0]]
        for one in states:
            await plugin.ask(ACTIVATE, {"expressionFile": one["file"], "active": True})


async def test_a_model_is_loaded_and_everybody_told(vts: VTubeStudioStandIn, clock: Clock) -> None:
    akari, hijiki = vts.studio.models
    async with PlainPlugin(vts) as plugin, PlainPlugin(vts, "Second") as other:
        await plugin.subscribe("ModelLoadedEvent")
        await other.subscribe("ModelLoadedEvent", modelID=[hijiki.id])
        await plugin.ask("ModelLoadRequest", {"modelID": hijiki.id})
        assert await plugin.event("ModelLoadedEvent") == {
            "modelLoaded": False,
            "modelName": "Akari",
            "modelID": akari.id,
        }
        assert (await plugin.event("ModelLoadedEvent", 2))["modelName"] == "Hijiki"
        assert (await plugin.ask("CurrentModelRequest"))["modelName"] == "Hijiki"
        assert [data["modelName"] for _, data in other.events] == ["Hijiki"]
        again = {"modelID": akari.id}
        assert await plugin.error("ModelLoadRequest", again) == ErrorId.MODEL_LOAD_COOLDOWN
        clock.pass_by(2.0)
        with vts.studio.open_windows():
            closed = await plugin.error("ModelLoadRequest", again)
            assert closed == ErrorId.MODEL_CANNOT_CHANGE_NOW
        assert await plugin.error("ModelLoadRequest", {"modelID": "0" * 32}) == 152
        assert await plugin.error("ModelLoadRequest") == 150
        await plugin.ask("ModelLoadRequest", again)


async def test_a_model_that_takes_long_to_load_is_not_there_meanwhile(
    vts: VTubeStudioStandIn,
) -> None:
    vts.studio.load_seconds = 0.05
    async with PlainPlugin(vts) as plugin:
        await plugin.ask("ModelLoadRequest", {"modelID": vts.studio.models[1].id})
        assert (await plugin.ask("CurrentModelRequest"))["modelLoaded"] is False
        await vts.until(lambda: vts.studio.model is not None)
        assert (await plugin.ask("CurrentModelRequest"))["modelName"] == "Hijiki"


async def test_changes_of_its_settings_are_told(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe("ModelConfigChangedEvent")
        vts.studio.change_config(hotkeys=True)
        assert (await plugin.event("ModelConfigChangedEvent"))["hotkeyConfigChanged"] is True


async def test_a_model_moves_within_its_limits(vts: VTubeStudioStandIn) -> None:
    move = {"timeInSeconds": 0.2, "valuesAreRelativeToModel": False, "positionX": 0.5}
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe("ModelMovedEvent")
        assert (await plugin.event("ModelMovedEvent"))["modelPosition"]["positionX"] == 0.0
        await plugin.ask("MoveModelRequest", {**move, "rotation": -90})
        position = (await plugin.event("ModelMovedEvent", 2))["modelPosition"]
        assert position == {"positionX": 0.5, "positionY": 0.0, "rotation": 270, "size": -60}
        assert await plugin.error("MoveModelRequest", {"positionX": 1}) == 301
        assert await plugin.error("MoveModelRequest", {**move, "positionX": 1001}) == 302
        assert await plugin.error("MoveModelRequest", {**move, "timeInSeconds": 3}) == 302
        vts.studio.load(None)
        assert await plugin.error("MoveModelRequest", move) == 300


async def test_a_tint_lasts_as_long_as_the_plugin_is_there(vts: VTubeStudioStandIn) -> None:
    colour = {"colorR": 255, "colorG": 0, "colorB": 0, "colorA": 255}
    async with PlainPlugin(vts) as plugin:
        tint = {"colorTint": colour, "artMeshMatcher": {"nameContains": ["HAIR"]}}
        assert await plugin.ask("ColorTintRequest", tint) == {"matchedArtMeshes": 2}
        assert set(vts.studio.tints) == {"hair_front", "hair_back"}
        no_blue = {key: value for key, value in colour.items() if key != "colorB"}
        assert await plugin.error("ColorTintRequest", {**tint, "colorTint": no_blue}) == 252
        assert await plugin.error("ColorTintRequest", {"colorTint": colour}) == 251
    await vts.until(lambda: not vts.studio.tints)


async def test_events_that_are_not_subscribed_do_not_come(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe("ModelConfigChangedEvent")
        unsubscribe = {"eventName": "ModelConfigChangedEvent", "subscribe": False}
        left = await plugin.ask("EventSubscriptionRequest", unsubscribe)
        assert left == {"subscribedEventCount": 0, "subscribedEvents": []}
        vts.studio.change_config()
        unknown = {"eventName": "LunchEvent", "subscribe": True}
        assert await plugin.error("EventSubscriptionRequest", unknown) == 950
        too_long = {
            "eventName": "TestEvent",
            "subscribe": True,
            "config": {"testMessageForEvent": "x" * 33},
        }
        assert await plugin.error("EventSubscriptionRequest", too_long) == 100000
        await asyncio.sleep(0.01)
        assert plugin.events == []
