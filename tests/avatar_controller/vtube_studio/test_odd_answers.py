"""Whatever the app answers about its model, what can be used of it is used."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from apps.avatar_controller.engines.base import AvatarRefused
from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused, VtsSilent
from apps.avatar_controller.engines.vtube_studio.items import Items
from apps.avatar_controller.engines.vtube_studio.loaded_model import LoadedModel
from apps.avatar_controller.engines.vtube_studio.model import Model, read_model
from apps.avatar_controller.engines.vtube_studio.model_life import ModelLife, watch
from apps.avatar_controller.engines.vtube_studio.moods import mood_map
from apps.avatar_controller.engines.vtube_studio.switched_on import SwitchedOn
from apps.avatar_controller.mood_choices import MoodChoices
from libs.contracts.speaking import Mood
from libs.settings.avatar import AvatarFile, AvatarItem

GARBAGE: list[Any] = [
    None,
    True,
    3,
    float("nan"),
    10**4_000,
    "text",
    [],
    {},
    [None, 1, "x", [], {}],
    [{"name": 5, "file": None, "hotkeyID": [], "active": "yes", "value": {}, "min": "a"}],
    [{"name": "ParamEyeLOpen", "value": 10**4_000, "min": -(10**400), "max": 10**400}],
    [{"name": "\ud800", "file": "\udfff.exp3.json", "hotkeyID": "\ud800", "type": "\ud800"}],
    [{"name": "a" * 100_000, "file": "b" * 100_000, "hotkeyID": "c", "type": 4}] * 3,
]


class ScriptedApp:
    """Answers each kind of request with what it was given, and other things with nothing."""

    def __init__(self, **answers: Mapping[str, Any] | Exception) -> None:
        self.answers: dict[str, Mapping[str, Any] | Exception] = dict(answers)
        self.asked: list[str] = []
        self.said: list[Mapping[str, Any]] = []

    async def __call__(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(kind)
        self.said.append(data)
        answer = self.answers.get(kind, {})
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


def app_that_answers(garbage: object) -> ScriptedApp:
    rows = (
        "defaultParameters",
        "customParameters",
        "parameters",
        "expressions",
        "availableHotkeys",
        "availableItemFiles",
        "instanceID",
    )
    everything = dict.fromkeys(rows, garbage)
    kinds = (
        "InputParameterListRequest",
        "Live2DParameterListRequest",
        "ExpressionStateRequest",
        "HotkeysInCurrentModelRequest",
        "ItemListRequest",
        "ItemLoadRequest",
    )
    current = {"modelLoaded": True, "modelName": garbage, "modelID": garbage}
    return ScriptedApp(CurrentModelRequest=current, **dict.fromkeys(kinds, everything))


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: repr(garbage)[:30])
async def test_a_model_of_garbage_is_a_model_with_little(
    garbage: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = app_that_answers(garbage)
    model = await read_model(ask)
    assert isinstance(model, Model)
    assert all(expression.file for expression in model.expressions)
    moods = mood_map(model, AvatarFile(), {Mood.HAPPY: "smile"})
    assert len(moods.shown) == len(Mood)
    monkeypatch.setattr(
        "apps.avatar_controller.engines.vtube_studio.model_life.BREATH_SECONDS", 0.0
    )
    assert await watch(ask) == ModelLife(), "nothing is known to be missing"
    items = Items(ask, {"heart": AvatarItem(file="heart.png")}, lambda: None)
    await items.read_folder()
    await items.show("heart")
    items.forget()
    await asyncio.sleep(0)


@pytest.mark.parametrize("loaded", [None, "true", 1, {}])
async def test_only_a_plain_yes_means_that_a_model_is_loaded(loaded: object) -> None:
    assert await read_model(ScriptedApp(CurrentModelRequest={"modelLoaded": loaded})) is None


async def test_what_is_refused_is_said_and_what_is_lost_is_asked_again() -> None:
    refusing = ScriptedApp(
        CurrentModelRequest={"modelLoaded": True},
        HotkeysInCurrentModelRequest=VtsRefused(0, "no"),
    )
    model = await read_model(refusing)
    assert model is not None
    assert model.unread == ("hotkeys",)
    refusing.answers["ExpressionStateRequest"] = VtsAway("gone")
    with pytest.raises(VtsAway):
        await read_model(refusing)


async def test_an_item_whose_answer_is_lost_is_said_to_be_away() -> None:
    app = ScriptedApp(ItemLoadRequest=VtsAway("gone"))
    items = Items(app, {"heart": AvatarItem(file="heart.png")}, lambda: None)
    with pytest.raises(AvatarRefused, match="away"):
        await items.show("heart")


async def test_an_item_goes_although_its_flight_was_refused_or_not_answered() -> None:
    for trouble in (VtsRefused(1000, "no"), VtsSilent("late")):
        app = ScriptedApp(ItemLoadRequest={"instanceID": "one"}, ItemMoveRequest=trouble)
        items = Items(app, {"cookie": AvatarItem(file="cookie.png", throw=True)}, lambda: None)
        await items.show("cookie")
        await asyncio.sleep(0.01)
        assert app.asked == ["ItemLoadRequest", "ItemMoveRequest", "ItemUnloadRequest"]


async def test_an_item_of_which_the_app_says_nothing_is_taken_away_by_its_file() -> None:
    app = ScriptedApp(ItemLoadRequest=VtsSilent("late"))
    items = Items(app, {"heart": AvatarItem(file="heart.png")}, lambda: None)
    with pytest.raises(AvatarRefused, match="away"):
        await items.show("heart")
    await asyncio.sleep(0.01)
    assert app.asked == ["ItemLoadRequest", "ItemUnloadRequest"]
    assert app.said[-1]["fileNames"] == ["heart.png"]
    assert app.said[-1]["allowUnloadingItemsLoadedByUserOrOtherPlugins"] is False


def test_what_is_switched_on_is_kept_also_under_a_name_that_is_no_text(tmp_path: Path) -> None:
    kept = SwitchedOn(tmp_path / "on.json")
    kept.add("\ud800", "\udfff.exp3.json")
    assert SwitchedOn(tmp_path / "on.json").of("\ud800") == {"\udfff.exp3.json"}
    choices = MoodChoices(tmp_path / "moods.json")
    choices.choose("vtube_studio", "\ud800", Mood.HAPPY, "smile")


async def test_an_app_that_changes_all_the_time_is_not_asked_all_the_time(tmp_path: Path) -> None:
    app = ScriptedApp(CurrentModelRequest={"modelLoaded": True})
    choices = MoodChoices(tmp_path / "moods.json")
    loaded = LoadedModel(app, AvatarFile(), choices, lambda model: loaded.is_old())
    loaded.is_old()
    reading = asyncio.create_task(loaded.run())
    await asyncio.sleep(0.75)
    reading.cancel()
    assert 1 <= app.asked.count("CurrentModelRequest") <= 3
