"""What moves the mouth and the head: only what is there, what is free, and what is Kitsu's."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from apps.avatar_controller.engines.base import SHUT, STRAIGHT, Mouth, Pose, Vowels
from apps.avatar_controller.engines.vtube_studio import camera, model_life, taken_inputs
from apps.avatar_controller.engines.vtube_studio.model_life import Look, blinked
from apps.avatar_controller.engines.vtube_studio.parameters import USUAL_INPUTS
from apps.avatar_controller.engines.vtube_studio.steering import Steering
from libs.settings.avatar import MouthSettings
from libs.testing.stand_ins.vtube_studio import Model, VTubeStudioStandIn
from libs.testing.stand_ins.vtube_studio.camera import face_before_camera
from libs.testing.stand_ins.vtube_studio.gallery import FACE, akari, without_mouth
from tests.avatar_controller.vtube_studio.avatar_stand import (
    Stand,
    avatar_file,
    standing,
    until,
)

OPEN = Mouth(open=0.8, form=0.4, vowels=Vowels(a=0.7, o=0.1))
TURNED = Pose(gaze_x=0.5, gaze_y=-0.25, yaw=12, pitch=-3, roll=2, breath=0.5)


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


async def test_the_mouth_moves_every_input_that_a_model_may_have_mapped(stand: Stand) -> None:
    stand.avatar.set_mouth(OPEN)
    frame = await stand.some_frames()
    assert frame["MouthOpen"] == frame["VoiceVolumePlusMouthOpen"] == pytest.approx(0.8)
    assert frame["MouthSmile"] == frame["VoiceFrequencyPlusMouthSmile"] == pytest.approx(0.7)
    assert (frame["VoiceA"], frame["VoiceO"], frame["VoiceI"]) == (0.7, 0.1, 0)
    assert frame["VoiceSilence"] == pytest.approx(0.2)
    assert stand.vts.studio.live2d()["ParamMouthOpenY"] == pytest.approx(0.8)
    stand.avatar.set_mouth(SHUT)
    frame = await stand.some_frames()
    assert (frame["MouthOpen"], frame["VoiceFrequencyPlusMouthSmile"]) == (0, 0.5)
    assert not {"VoiceVolume", "VoiceFrequency"} & set(frame)


async def test_an_old_app_without_vowels_gets_none(vts: VTubeStudioStandIn, tmp_path: Path) -> None:
    vts.studio.parameters.forget_vowels()
    async with standing(vts, tmp_path) as stand:
        await stand.until_ready()
        stand.avatar.set_mouth(OPEN)
        frame = await stand.some_frames()
        assert frame["MouthOpen"] == pytest.approx(0.8)
        assert "VoiceA" not in frame
        assert not vts.recording.errors


async def test_vowels_can_be_switched_off(vts: VTubeStudioStandIn, tmp_path: Path) -> None:
    async with standing(vts, tmp_path, avatar_file(mouth={"vowels": "off"})) as stand:
        await stand.until_ready()
        assert stand.status.mouth == (
            "MouthOpen",
            "VoiceVolumePlusMouthOpen",
            "MouthSmile",
            "VoiceFrequencyPlusMouthSmile",
        )


async def test_a_parameter_of_her_own_is_made_again_after_every_sign_in(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    async with standing(vts, tmp_path, avatar_file(mouth={"own_parameter": True})) as stand:
        await stand.until_ready()
        assert stand.status.mouth == ("AiMouthOpen",)
        assert "map it" in stand.status.detail
        stand.avatar.set_mouth(OPEN)
        frame = await stand.some_frames()
        assert frame["AiMouthOpen"] == pytest.approx(0.8)
        assert "MouthOpen" not in frame
        await vts.restart(forget_tokens=True)
        await until(lambda: vts.studio.parameters.has("AiMouthOpen"), 3)
        await until(lambda: vts.studio.value("AiMouthOpen") == pytest.approx(0.8), 3)


async def test_a_parameter_that_another_plugin_has_made_is_said(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.faults.fail("ParameterCreationRequest", 352)
    async with standing(vts, tmp_path, avatar_file(mouth={"own_parameter": True})) as stand:
        await stand.until_ready()
        assert "Another plugin has made AiMouthOpen" in stand.status.detail
        assert stand.status.mouth == ()
        await stand.some_frames()


async def test_head_and_eyes_turn_where_the_pose_says_with_its_weight(stand: Stand) -> None:
    stand.avatar.look(Pose(gaze_x=0.5, gaze_y=-0.25, yaw=12, weight=0.5, eyes_weight=0.5))
    await stand.some_frames()
    frame = stand.vts.recording.frames_of("Kitsu")[-1]
    assert (frame.value("FaceAngleX"), frame.weight("FaceAngleX")) == (12, 0.5)
    assert (frame.value("EyeRightX"), frame.weight("EyeRightX")) == (-0.5, 0.25)
    assert frame.value("EyeLeftY") == -0.25


async def test_a_found_face_is_a_whole_one_with_open_eyes(stand: Stand) -> None:
    """Kitsu says that a face is found; what nobody says of it would be at 0: eyes shut."""
    stand.avatar.look(Pose(yaw=1))
    await stand.some_frames(10)
    seen = stand.vts.studio.live2d()
    assert (seen["ParamEyeLOpen"], seen["ParamEyeROpen"]) == (1, 1)
    assert seen["ParamBrowLY"] == 0


def steering(*, lids: bool = False) -> tuple[Steering, Clock]:
    clock = Clock()
    made = Steering(MouthSettings(), clock)
    made.begin(USUAL_INPUTS)
    made.moves_lids = lids
    return made, clock


def names(frame: list[tuple[str, float, float]]) -> set[str]:
    return {name for name, _, _ in frame}


def value(frame: list[tuple[str, float, float]], wanted: str) -> float:
    return next(value for name, value, _ in frame if name == wanted)


def test_what_a_pose_leaves_at_rest_is_left_to_the_app_after_a_while() -> None:
    made, clock = steering()
    assert "FaceAngleX" not in names(made.frame(SHUT, STRAIGHT, 1))
    assert "FaceAngleX" in names(made.frame(SHUT, TURNED, 1))
    clock.seconds += 9
    assert "FaceAngleX" in names(made.frame(SHUT, STRAIGHT, 1))
    clock.seconds += 2
    assert not {"FaceAngleX", "EyeLeftX"} & names(made.frame(SHUT, STRAIGHT, 1))


def test_a_pose_without_weight_is_not_sent_but_the_mouth_is() -> None:
    made, _ = steering()
    assert names(made.frame(OPEN, TURNED, 0)) == set(made.mouth)
    without = Pose(yaw=3, weight=0)
    assert names(made.frame(OPEN, without, 1)) == set(made.mouth)


def test_values_that_are_no_numbers_or_too_large_are_made_harmless() -> None:
    made, _ = steering()
    nan, inf = float("nan"), float("inf")
    frame = made.frame(Mouth(nan, inf, Vowels(a=-5)), Pose(gaze_x=nan, yaw=1e9, roll=-inf), 1)
    for name, number, weight in frame:
        assert -30 <= number <= 30, name
        assert 0 <= weight <= 1, name


def test_blinks_are_left_to_a_model_that_blinks_but_sleeping_eyes_are_not() -> None:
    made, clock = steering()
    made.frame(SHUT, STRAIGHT, 1)
    clock.seconds += 0.2
    assert value(made.frame(SHUT, Pose(lids=0.0), 1), "EyeOpenLeft") == 1
    clock.seconds += 5
    assert value(made.frame(SHUT, Pose(lids=0.0), 1), "EyeOpenLeft") == 0
    made.moves_lids = True
    assert value(made.frame(SHUT, Pose(lids=0.3), 1), "EyeOpenLeft") == pytest.approx(0.3)


def test_breath_is_only_moved_where_it_is_hers() -> None:
    made, _ = steering()
    assert "FacePositionY" not in names(made.frame(SHUT, TURNED, 1))
    made.moves_breath = True
    assert value(made.frame(SHUT, TURNED, 1), "FacePositionY") == 0.5


# Another plugin ---------------------------------------------------------------------------------


async def test_what_another_plugin_holds_is_said_and_left_out_and_the_rest_goes_on(
    vts: VTubeStudioStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taken_inputs, "AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(taken_inputs, "SETTLE_SECONDS", 0.2)
    held = {"MouthOpen": 0.1, "FaceAngleX": 1.0}
    async with standing(vts, tmp_path) as stand:
        stand.avatar.set_mouth(OPEN)
        stand.avatar.look(TURNED)
        async with vts.other_plugin(held):
            await until(lambda: len(stand.status.taken) == 2)
            assert stand.status.taken == ("FaceAngleX (the head)", "MouthOpen (the mouth)")
            assert "Another plugin moves FaceAngleX, MouthOpen" in stand.status.detail
            frame = await stand.some_frames()
            assert not set(held) & set(frame)
            assert vts.studio.value("VoiceVolumePlusMouthOpen") == pytest.approx(0.8)
            assert vts.studio.value("FaceAngleX") == 1
            await asyncio.sleep(taken_inputs.AGAIN_SECONDS + taken_inputs.SETTLE_SECONDS)
            assert len(stand.status.taken) == 2, "tried again, and still held"
        await until(lambda: not stand.status.taken)
        assert (await stand.some_frames())["MouthOpen"] == pytest.approx(0.8)


async def test_an_input_that_went_away_is_dropped_within_a_moment(stand: Stand) -> None:
    stand.avatar.set_mouth(OPEN)
    await stand.some_frames()
    stand.vts.studio.parameters.forget_vowels()
    await until(lambda: "VoiceA" not in stand.frames()[-1])
    await until(lambda: stand.vts.recording.frames_of("Kitsu")[-1].error_id == -1)


async def test_a_refused_list_of_inputs_leaves_the_usual_ones(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.faults.fail("InputParameterListRequest", 0)
    async with standing(vts, tmp_path) as stand:
        await stand.until_ready()
        stand.avatar.set_mouth(OPEN)
        frame = await stand.some_frames()
        assert frame["MouthOpen"] == pytest.approx(0.8)
        assert "does not tell the model's inputs" in stand.status.detail


async def test_a_model_without_a_mouth_is_said_with_the_step_that_mends_it(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    vts.studio.load(Model("Mute", driven=FACE))
    async with standing(vts, tmp_path) as stand:
        await stand.until_ready()
        assert "“Mute” does not have a parameter for the mouth: map MouthOpen" in (
            stand.status.detail
        )
        await stand.some_frames()
        vts.studio.load(without_mouth())
        await until(lambda: stand.status.model == "Masked")
        assert "does not have" not in stand.status.detail, "its jaw is called otherwise"


async def test_a_model_that_changes_in_mid_speech_is_moved_on(stand: Stand) -> None:
    stand.avatar.set_mouth(OPEN)
    await stand.some_frames()
    stand.vts.studio.load_seconds = 0.2
    stand.vts.studio.load(stand.vts.studio.models[1])
    await until(lambda: stand.status.model == "Hijiki", 2)
    await until(lambda: stand.vts.studio.live2d()["ParamMouthOpenY"] == pytest.approx(0.8), 1)


# What moves her otherwise -----------------------------------------------------------------------


def test_a_blink_is_open_shut_open_within_a_moment() -> None:
    def eyes(*values: float) -> list[Look]:
        return [Look(index * 0.1, value) for index, value in enumerate(values)]

    assert blinked(eyes(1, 1, 0.1, 1))
    assert not blinked(eyes(1, 0.5, 1)), "half"
    assert not blinked(eyes(0, 0, 1, 1)), "opened"
    assert not blinked(eyes(1, *[0] * 20, 1)), "an expression that shuts them"


@pytest.mark.parametrize("blinks", [True, False])
async def test_lids_are_moved_only_where_the_model_does_not_blink_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blinks: bool
) -> None:
    monkeypatch.setattr(model_life, "WATCH_SECONDS", 0.9)
    monkeypatch.setattr(model_life, "BREATH_SECONDS", 0.5)
    monkeypatch.setattr(model_life, "FALL_BACK_SECONDS", 0.05)
    monkeypatch.setattr(model_life, "LOOK_EVERY_SECONDS", 0.02)
    model = akari(blinks_every_seconds=0.5 if blinks else 0, breathes=not blinks)
    idle = {"blink": "auto", "breath": "auto"}
    async with (
        VTubeStudioStandIn(models=[model]) as vts,
        standing(vts, tmp_path, avatar_file(idle=idle)) as stand,
    ):
        await stand.until_ready()
        stand.avatar.look(TURNED)
        assert not stand.avatar.steering.moves_lids, "until it is known"
        await until(lambda: stand.avatar.model_life.is_known, 4)
        assert stand.avatar.steering.moves_lids is not blinks
        assert stand.avatar.steering.moves_breath is blinks


async def test_a_camera_moves_her_head_and_eyes_and_the_mouth_stays_hers(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "LOOK_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(camera, "FADE_SECONDS", 0.1)
    stand.avatar.set_mouth(OPEN)
    stand.avatar.look(TURNED)
    await stand.some_frames()
    assert stand.vts.studio.value("FaceAngleX") == 12

    async with face_before_camera(stand.vts.studio):
        await until(lambda: "FaceAngleX" not in stand.frames()[-1])
        assert stand.frames()[-1]["MouthOpen"] == pytest.approx(0.8)
        tracked = stand.vts.studio.parameters.tracked
        await until(lambda: stand.vts.studio.value("FaceAngleX") == tracked["FaceAngleX"])
    await until(lambda: stand.frames()[-1].get("FaceAngleX") == 12)


async def test_a_camera_that_was_there_first_moves_her_from_the_beginning(
    vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    async with face_before_camera(vts.studio), standing(vts, tmp_path) as stand:
        stand.avatar.look(TURNED)
        await stand.until_ready()
        await asyncio.sleep(camera.FADE_SECONDS)
        frame = await stand.some_frames()
        assert "FaceAngleX" not in frame
        assert "MouthOpen" in frame


async def test_what_kitsu_said_before_a_broken_connection_is_not_taken_for_a_camera(
    stand: Stand,
) -> None:
    stand.avatar.look(TURNED)
    await stand.some_frames()
    stand.vts.drop()
    await until(lambda: stand.avatar.link.connections == 2)
    assert stand.vts.studio.face_found()
    assert (await stand.some_frames())["FaceAngleX"] == 12


def test_the_pose_gives_way_in_half_a_second_without_a_jump() -> None:
    clock = Clock()
    made = camera.Camera(lambda *_: asyncio.Future(), clock)
    assert made.pose_weight() == 1
    made.tracks = True
    weights = []
    for _ in range(60):
        clock.seconds += 1 / 60
        weights.append(made.pose_weight())
    steps = [a - b for a, b in pairwise(weights)]
    assert max(steps) < 0.04
    assert weights[31] == 0


async def test_after_a_broken_connection_she_is_moved_on_before_all_is_read_again(
    stand: Stand,
) -> None:
    stand.avatar.set_mouth(OPEN)
    await stand.some_frames()
    stand.vts.answers.late_by_kind = {"CurrentModelRequest": 2.0}
    stand.vts.drop()
    await until(lambda: stand.avatar.link.connections == 2)
    assert (await stand.some_frames())["MouthOpen"] == pytest.approx(0.8)
    assert stand.vts.recording.counts["CurrentModelRequest"] == 2, "asked, and not answered yet"
