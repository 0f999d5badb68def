"""Items: only those of the file, a handful, and all of them go."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from apps.avatar_controller.engines.base import AvatarRefused, Capability
from apps.avatar_controller.engines.vtube_studio import items as items_module
from libs.contracts.avatar import AvatarRefusal
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from tests.avatar_controller.vtube_studio.avatar_stand import (
    Stand,
    avatar_file,
    standing,
    until,
)

ALLOWED = {
    "heart": {"file": "heart.png", "seconds": 0.5, "size": 0.2, "x": -0.4, "y": 0.1},
    "cookie": {"file": "cookie.png", "throw": True},
    "long": {"file": "confetti.gif", "seconds": 60},
    "gone": {"file": "gone.png"},
}


@pytest.fixture
async def with_items(vts: VTubeStudioStandIn, tmp_path: Path) -> object:
    async with standing(vts, tmp_path, avatar_file(items=ALLOWED)) as ready:
        await ready.until_ready()
        yield ready


async def refusal(stand: Stand, name: str) -> AvatarRefused:
    with pytest.raises(AvatarRefused) as refused:
        await stand.avatar.show_item(name)
    return refused.value


def files(stand: Stand) -> list[str]:
    return [item.file for item in stand.vts.studio.scene.items.values()]


async def test_an_item_stands_where_the_file_says_and_goes_after_its_time(
    with_items: Stand,
) -> None:
    await with_items.avatar.show_item("heart")
    (item,) = with_items.vts.studio.scene.items.values()
    assert (item.place["positionX"], item.place["positionY"]) == (-0.4, 0.1)
    assert item.place["size"] == 0.2
    assert item.leaves_with_plugin
    await until(lambda: not files(with_items), 2)


async def test_what_is_thrown_flies_in_from_the_side_falls_and_is_gone(
    with_items: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items_module, "FLIGHT_SECONDS", 0.05)
    monkeypatch.setattr(items_module, "FALL_SECONDS", 0.05)
    await with_items.avatar.show_item("cookie")
    (item,) = with_items.vts.studio.scene.items.values()
    assert item.place["positionX"] > 1, "from beyond the edge"
    await until(lambda: not files(with_items), 2)
    moves = [
        one.data["itemsToMove"][0] for one in with_items.vts.recording.heard("ItemMoveRequest")
    ]
    assert [move["fadeMode"] for move in moves] == ["linear", "easeIn"]
    assert moves[0]["positionX"] == 0
    assert moves[1]["positionY"] < -1


async def test_a_name_that_is_not_in_the_file_is_refused_unseen(with_items: Stand) -> None:
    for name in ("star (@kitsu).png", "heart.png", "../heart", ""):
        assert (await refusal(with_items, name)).code == AvatarRefusal.NOT_FOUND
    assert not with_items.vts.recording.heard("ItemLoadRequest")


async def test_no_more_than_a_handful_are_shown_at_once(with_items: Stand) -> None:
    asked = [with_items.avatar.show_item("long") for _ in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, AvatarRefused)]
    assert len(files(with_items)) == items_module.AT_ONCE
    assert len(refused) == 20 - items_module.AT_ONCE
    assert {each.code for each in refused} == {AvatarRefusal.NOT_NOW}


async def test_a_file_that_is_not_in_the_folder_is_said_before_anybody_asks_for_it(
    with_items: Stand,
) -> None:
    await until(lambda: with_items.status.missing)
    assert with_items.status.items == ("heart", "cookie", "long")
    assert any(
        "gone.png in VTube Studio's Items folder" in one for one in with_items.status.missing
    )
    detail = with_items.status.detail
    assert detail.startswith("There is no gone.png in VTube Studio's Items folder"), detail
    assert "put it there" in str(await refusal(with_items, "gone"))
    assert Capability.ITEMS in with_items.avatar.capabilities


async def test_a_picture_that_is_put_there_and_saved_in_the_file_can_be_shown(
    with_items: Stand,
) -> None:
    await until(lambda: _not_there(with_items))
    with_items.vts.studio.scene.files.append("late.png")
    late = {"late": {"file": "late.png"}, "never": {"file": "never.png"}}
    with_items.avatar.take_file(avatar_file(items=late))
    await until(lambda: with_items.status.items == ("late",))
    assert len(_not_there(with_items)) == 1
    await with_items.avatar.show_item("late")
    assert files(with_items) == ["late.png"]
    asked = len(_looks_into_the_folder(with_items))
    with_items.avatar.take_file(avatar_file(items={"late": {"file": "late.png"}}))
    await until(lambda: not _not_there(with_items))
    assert len(_looks_into_the_folder(with_items)) == asked, "it makes the app pause"


def _not_there(stand: Stand) -> list[str]:
    return [one for one in stand.status.missing if "Items folder" in one]


def _looks_into_the_folder(stand: Stand) -> list[Any]:
    asked = stand.vts.recording.heard("ItemListRequest")
    return [one for one in asked if one.data.get("includeAvailableItemFiles")]


async def test_a_first_item_is_looked_for_in_the_folder_too(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    async with standing(vts, tmp_path) as stand:
        await stand.until_ready()
        stand.avatar.take_file(avatar_file(items={"gone": {"file": "gone.png"}}))
        await until(lambda: _not_there(stand))


@pytest.mark.parametrize(
    ("error_id", "words"),
    [(9, "Settings, Plugins"), (753, "close it"), (754, "remove some"), (757, "757")],
)
async def test_what_the_app_refuses_is_said_with_the_step_that_mends_it(
    with_items: Stand, error_id: int, words: str
) -> None:
    with_items.vts.faults.fail_next("ItemLoadRequest", error_id)
    assert words in str(await refusal(with_items, "heart"))
    await with_items.avatar.show_item("heart")


async def test_an_item_that_cannot_go_while_a_window_is_open_goes_afterwards(
    with_items: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items_module, "AGAIN_SECONDS", 0.05)
    await with_items.avatar.show_item("heart")
    with with_items.vts.studio.open_windows():
        await asyncio.sleep(0.7)
        assert files(with_items) == ["heart.png"]
    await until(lambda: not files(with_items), 1)


async def test_a_broken_connection_takes_the_items_and_frees_their_places(
    with_items: Stand,
) -> None:
    for _ in range(items_module.AT_ONCE):
        await with_items.avatar.show_item("long")
    with_items.vts.drop()
    await until(lambda: not files(with_items))
    await until(lambda: with_items.avatar.link.connections == 2)
    await until(lambda: with_items.avatar.link.ready and with_items.status.items)
    await with_items.avatar.show_item("long")
    assert files(with_items) == ["confetti.gif"]
