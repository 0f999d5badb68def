"""Items in the scene."""

import base64

import pytest

from libs.testing.stand_ins.vtube_studio import ErrorId, VTubeStudioStandIn
from tests.vtube_studio.plain_plugin import PlainPlugin

LOAD, UNLOAD, MOVE = "ItemLoadRequest", "ItemUnloadRequest", "ItemMoveRequest"
HEART = {"fileName": "heart.png", "unloadWhenPluginDisconnects": True}
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()


async def test_an_item_is_shown_told_and_taken_away(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe("ItemEvent")
        loaded = await plugin.ask(LOAD, {**HEART, "positionX": 0.4})
        event = await plugin.event("ItemEvent")
        assert (event["itemEventType"], event["itemPosition"]["x"]) == ("Added", 0.4)
        listed = await plugin.ask("ItemListRequest", {"includeItemInstancesInScene": True})
        assert listed["itemInstancesInScene"][0]["instanceID"] == loaded["instanceID"]
        assert listed["availableItemFiles"] == listed["availableSpots"] == []
        gone = await plugin.ask(UNLOAD, {"instanceIDs": [loaded["instanceID"]]})
        assert gone["unloadedItems"] == [loaded]
        assert (await plugin.event("ItemEvent", 2))["itemEventType"] == "Removed"
        assert await plugin.ask(UNLOAD, {"fileNames": ["heart.png"]}) == {"unloadedItems": []}


async def test_items_leave_with_their_plugin_only_when_it_said_so(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.ask(LOAD, HEART)
        await plugin.ask(LOAD, {"fileName": "cookie.png"})
    await vts.until(lambda: not vts.studio.sessions)
    assert [item.file for item in vts.studio.scene.items.values()] == ["cookie.png"]


async def test_a_plugin_can_take_away_its_own_items_and_leave_others_alone(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin, PlainPlugin(vts, "Second") as other:
        await other.ask(LOAD, HEART)
        await plugin.ask(LOAD, HEART)
        await plugin.ask(UNLOAD, {"unloadAllLoadedByThisPlugin": True})
        assert [item.owner.name for item in vts.studio.scene.items.values() if item.owner] == [
            "Second"
        ]
        foreign = {"fileNames": ["heart.png"]}
        spared = {**foreign, "allowUnloadingItemsLoadedByUserOrOtherPlugins": False}
        assert (await plugin.ask(UNLOAD, spared))["unloadedItems"] == []
        assert len((await plugin.ask(UNLOAD, foreign))["unloadedItems"]) == 1


async def test_an_order_that_is_taken_gives_the_next_one_or_an_error(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin:
        for _ in range(2):
            await plugin.ask(LOAD, {**HEART, "order": 4})
        assert [item.order for item in vts.studio.scene.items.values()] == [4, 5]
        taken = {**HEART, "order": 4, "failIfOrderTaken": True}
        assert await plugin.error(LOAD, taken) == ErrorId.ITEM_ORDER_TAKEN
        assert await plugin.error(LOAD, {**HEART, "order": 31}) == ErrorId.ITEM_ORDER_INVALID
        for _ in range(58):
            await plugin.ask(LOAD, HEART)
        assert await plugin.error(LOAD, HEART) == ErrorId.ITEM_SCENE_FULL


@pytest.mark.parametrize(
    ("data", "error_id"),
    [
        ({}, ErrorId.ITEM_NAME_MISSING),
        ({"fileName": "nothing.png"}, ErrorId.ITEM_NOT_FOUND),
        ({**HEART, "size": 1.1}, ErrorId.ITEM_VALUES_INVALID),
        ({**HEART, "fadeTime": 2.5}, ErrorId.ITEM_VALUES_INVALID),
        ({**HEART, "positionX": -1001}, ErrorId.ITEM_VALUES_INVALID),
        ({"fileName": "mine-0001.png", "customDataBase64": PICTURE}, ErrorId.PERMISSION_MISSING),
    ],
)
async def test_items_that_cannot_be_loaded_say_why(
    vts: VTubeStudioStandIn, data: dict[str, object], error_id: int
) -> None:
    async with PlainPlugin(vts) as plugin:
        assert await plugin.error(LOAD, data) == error_id
        assert not vts.studio.scene.items


async def test_own_pictures_are_shown_once_the_user_permits_it(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.ask("PermissionRequest", {"requestedPermission": "LoadCustomImagesAsItems"})
        mine = {"fileName": "mine-0001.png", "customDataBase64": PICTURE}
        assert (await plugin.ask(LOAD, mine))["fileName"] != "mine-0001.png"
        assert await plugin.error(LOAD, {**mine, "customDataBase64": "AAAA"}) == 758
        vts.studio.popup.answer = "deny"
        assert await plugin.error(LOAD, {**mine, "customDataAskUserFirst": True}) == 760


async def test_while_a_window_is_open_nothing_comes_or_goes(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.ask(LOAD, HEART)
        with vts.studio.open_windows():
            assert await plugin.error(LOAD, HEART) == ErrorId.ITEM_CANNOT_LOAD_NOW
            assert await plugin.error(UNLOAD, {}) == ErrorId.ITEM_CANNOT_UNLOAD_NOW
            effects = {"postProcessingOn": True}
            refused = await plugin.error("PostProcessingUpdateRequest", effects)
            assert refused == ErrorId.EFFECTS_NOT_NOW
        await plugin.ask(UNLOAD, {"unloadAllInScene": True})
        assert not vts.studio.scene.items


async def test_each_item_that_is_to_move_has_its_own_outcome(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        item_id = (await plugin.ask(LOAD, HEART))["instanceID"]
        moves = [
            {"itemInstanceID": item_id, "positionX": 0.9, "positionY": -1000, "order": -1000},
            {"itemInstanceID": "nobody"},
            {"itemInstanceID": item_id, "fadeMode": "teleport"},
            {"itemInstanceID": item_id, "order": 99},
        ]
        told = (await plugin.ask(MOVE, {"itemsToMove": moves}))["movedItems"]
        assert [one["errorID"] for one in told] == [-1, 900, 901, 902]
        (item,) = vts.studio.scene.items.values()
        assert (item.place["positionX"], item.place["positionY"]) == (0.9, 0.0)
