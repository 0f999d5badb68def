"""Injected values, own parameters, and what the model makes of them."""

from typing import Any

import pytest

from libs.testing.stand_ins.vtube_studio import ErrorId, VTubeStudioStandIn, gallery
from libs.testing.stand_ins.vtube_studio.camera import face_before_camera
from libs.testing.stand_ins.vtube_studio.parameters import VOWEL_NAMES
from tests.vtube_studio.conftest import Clock
from tests.vtube_studio.plain_plugin import PlainPlugin, Refused

INJECT = "InjectParameterDataRequest"


async def test_an_injected_value_holds_for_one_second_and_no_longer(
    vts: VTubeStudioStandIn, clock: Clock
) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.inject(MouthOpen=0.7)
        clock.pass_by(0.99)
        assert vts.studio.value("MouthOpen") == pytest.approx(0.7)
        await plugin.inject(MouthOpen=0.4)
        clock.pass_by(0.99)
        assert vts.studio.value("MouthOpen") == pytest.approx(0.4)
        assert vts.studio.live2d()["ParamMouthOpenY"] == pytest.approx(0.4)
        clock.pass_by(0.02)
        assert vts.studio.value("MouthOpen") == 0
        assert vts.studio.live2d()["ParamMouthOpenY"] == 0


async def test_a_weight_mixes_with_what_the_camera_says(vts: VTubeStudioStandIn) -> None:
    vts.studio.parameters.tracked["FaceAngleX"] = 20.0
    async with PlainPlugin(vts) as plugin:
        await plugin.inject(weight=0.25, FaceAngleX=0.0)
        got = await plugin.ask("ParameterValueRequest", {"name": "FaceAngleX"})
        assert got["value"] == pytest.approx(15.0)


async def test_added_values_of_all_plugins_are_summed(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as one, PlainPlugin(vts, "Second") as two:
        await one.inject(FaceAngleZ=10.0)
        await one.inject(mode="add", FaceAngleZ=1.0)
        await two.inject(mode="add", FaceAngleZ=2.0)
        assert vts.studio.value("FaceAngleZ") == pytest.approx(13.0)


async def test_one_unknown_parameter_fails_the_whole_request(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        with pytest.raises(Refused) as refused:
            await plugin.inject(MouthOpen=1.0, AiMouthOpen=1.0)
        assert refused.value.error_id == ErrorId.INJECT_NOT_FOUND
        assert vts.studio.value("MouthOpen") == 0


async def test_a_parameter_that_another_plugin_holds_is_error_454_until_it_lets_go(
    vts: VTubeStudioStandIn, clock: Clock
) -> None:
    async with PlainPlugin(vts) as plugin, PlainPlugin(vts, sign_in=False) as same:
        async with vts.other_plugin({"MouthOpen": 0.3}):
            with pytest.raises(Refused) as refused:
                await plugin.inject(FaceAngleX=5.0, MouthOpen=1.0)
            assert refused.value.error_id == ErrorId.INJECT_TAKEN
            assert vts.studio.value("MouthOpen") == pytest.approx(0.3)
            assert vts.studio.value("FaceAngleX") == 0
            await plugin.inject(FaceAngleX=5.0)
            await plugin.inject(mode="add", MouthOpen=0.1)
        clock.pass_by(1.01)
        await plugin.inject(MouthOpen=1.0)
        await same.authenticate(plugin.token)
        await same.inject(MouthOpen=0.5)
        assert vts.studio.value("MouthOpen") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("data", "error_id"),
    [
        ({}, 450),
        ({"parameterValues": []}, 450),
        ({"parameterValues": [{"id": "MouthOpen", "value": 1_000_001}]}, 451),
        ({"parameterValues": [{"id": "MouthOpen", "value": float("nan")}]}, 451),
        ({"parameterValues": [{"id": "MouthOpen", "value": "1"}]}, 451),
        ({"parameterValues": [{"id": "MouthOpen", "value": True}]}, 451),
        ({"parameterValues": [{"id": "MouthOpen"}]}, 451),
        ({"parameterValues": [{"id": "MouthOpen", "value": 1, "weight": 1.1}]}, 452),
        ({"parameterValues": [{"id": "mouthopen", "value": 1}]}, 453),
        ({"parameterValues": [{"id": "MouthOpen", "value": 1}], "mode": "multiply"}, 455),
    ],
)
async def test_values_that_cannot_be_are_refused(
    vts: VTubeStudioStandIn, data: dict[str, Any], error_id: int
) -> None:
    async with PlainPlugin(vts) as plugin:
        assert await plugin.error(INJECT, data) == error_id
        assert vts.recording.injections[-1].error_id == error_id


async def test_own_parameters_are_made_once_and_belong_to_their_plugin(
    vts: VTubeStudioStandIn,
) -> None:
    own = {"parameterName": "AiMouthOpen", "min": 0, "max": 1, "defaultValue": 0.5}
    gone = {"parameterName": "AiMouthOpen"}
    async with PlainPlugin(vts) as plugin, PlainPlugin(vts, "Second") as other:
        for _ in range(2):
            assert await plugin.ask("ParameterCreationRequest", own) == gone
        assert vts.studio.value("AiMouthOpen") == 0.5
        assert await other.error("ParameterCreationRequest", own) == 352
        assert await other.error("ParameterDeletionRequest", gone) == 402
        await plugin.inject(AiMouthOpen=1.0)
        listed = (await plugin.ask("InputParameterListRequest"))["customParameters"]
        assert [(one["name"], one["addedBy"], one["value"]) for one in listed] == [
            ("AiMouthOpen", "Plain plugin", 1.0)
        ]
        await plugin.ask("ParameterDeletionRequest", gone)
        assert await plugin.error("ParameterDeletionRequest", gone) == 401


@pytest.mark.parametrize(
    ("change", "error_id"),
    [
        ({"parameterName": "abc"}, 350),
        ({"parameterName": "with space"}, 350),
        ({"parameterName": "x" * 33}, 350),
        ({"max": "1"}, 351),
        ({"min": -1_000_001}, 351),
        ({"explanation": "x" * 256}, 353),
        ({"parameterName": "MouthOpen"}, 354),
    ],
)
async def test_own_parameters_are_checked(
    vts: VTubeStudioStandIn, change: dict[str, Any], error_id: int
) -> None:
    own = {"parameterName": "AiMouthOpen", "min": 0, "max": 1, "defaultValue": 0}
    async with PlainPlugin(vts) as plugin:
        assert await plugin.error("ParameterCreationRequest", {**own, **change}) == error_id


async def test_there_is_room_for_100_parameters_of_a_plugin_and_300_in_all(
    vts: VTubeStudioStandIn,
) -> None:
    def own(name: str) -> dict[str, Any]:
        return {"parameterName": name, "min": 0, "max": 1, "defaultValue": 0}

    for plugin_name in ("First", "Second", "Third"):
        async with PlainPlugin(vts, plugin_name) as plugin:
            for number in range(100):
                await plugin.ask("ParameterCreationRequest", own(f"{plugin_name}{number}"))
            full = await plugin.error("ParameterCreationRequest", own("OneMore"))
            assert full == ErrorId.PARAMETERS_OF_PLUGIN_FULL
    async with PlainPlugin(vts, "Fourth") as plugin:
        full = await plugin.error("ParameterCreationRequest", own("OneMore"))
        assert full == ErrorId.PARAMETERS_FULL


async def test_a_face_that_a_plugin_reports_is_found_until_it_stops(
    vts: VTubeStudioStandIn, clock: Clock
) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe("TrackingStatusChangedEvent")
        await plugin.inject(MouthOpen=0.0)
        assert (await plugin.event("TrackingStatusChangedEvent"))["faceFound"] is True
        assert (await plugin.ask("FaceFoundRequest"))["found"] is True
        clock.pass_by(1.1)
        assert (await plugin.event("TrackingStatusChangedEvent", 2))["faceFound"] is False


async def test_a_face_before_a_camera_moves_the_model_until_it_is_gone(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe("TrackingStatusChangedEvent")
        async with face_before_camera(vts.studio):
            first = vts.studio.value("FacePositionX")
            await vts.until(lambda: vts.studio.value("FacePositionX") != first)
            assert vts.studio.live2d()["ParamEyeLOpen"] == 1.0
        assert vts.studio.value("FacePositionX") == 0
        await plugin.event("TrackingStatusChangedEvent", 2)
        assert [data["faceFound"] for _, data in plugin.events] == [True, False]


async def test_a_model_that_blinks_and_breathes_does_so_whatever_the_inputs_say(
    vts: VTubeStudioStandIn, clock: Clock
) -> None:
    vts.studio.load(gallery.akari(blinks_every_seconds=3.0, breathes=True))
    async with PlainPlugin(vts) as plugin:
        eyes, breath = [], []
        for _ in range(120):
            await plugin.inject(EyeOpenLeft=1.0)
            listed = (await plugin.ask("Live2DParameterListRequest"))["parameters"]
            values = {one["name"]: one["value"] for one in listed}
            eyes.append(values["ParamEyeLOpen"])
            breath.append(values["ParamBreath"])
            clock.pass_by(0.04)
        assert (min(eyes), max(eyes)) == (0.0, 1.0)
        assert sum(value < 0.5 for value in eyes) < 12
        assert max(breath) - min(breath) > 0.9
        vts.studio.load(gallery.akari())
        clock.pass_by(3.0)
        await plugin.inject(EyeOpenLeft=1.0)
        assert vts.studio.live2d()["ParamEyeLOpen"] == 1.0


async def test_models_differ_in_what_moves_their_mouths(vts: VTubeStudioStandIn) -> None:
    own = {"parameterName": "AiMouthOpen", "min": 0, "max": 1, "defaultValue": 0}
    async with PlainPlugin(vts) as plugin:
        vts.studio.load(gallery.with_vowels())
        await plugin.inject(VoiceA=0.8)
        assert vts.studio.live2d()["ParamA"] == pytest.approx(0.8)
        vts.studio.load(gallery.without_mouth())
        assert "ParamMouthOpenY" not in vts.studio.live2d()
        await plugin.ask("ParameterCreationRequest", own)
        await plugin.inject(AiMouthOpen=0.6)
        assert vts.studio.live2d()["MyJaw"] == pytest.approx(0.6)


async def test_an_older_app_knows_no_vowels(vts: VTubeStudioStandIn) -> None:
    vts.studio.parameters.forget_vowels()
    async with PlainPlugin(vts) as plugin:
        listed = (await plugin.ask("InputParameterListRequest"))["defaultParameters"]
        names = {one["name"] for one in listed}
        assert "MouthOpen" in names
        assert not names & set(VOWEL_NAMES)
        with pytest.raises(Refused):
            await plugin.inject(VoiceA=1.0)
