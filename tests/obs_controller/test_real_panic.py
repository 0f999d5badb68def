"""Panic in a real OBS, heard in its meters and seen in its picture."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.bus.memory import MemoryServer
from libs.contracts.control import EngagePanic, ReleasePanic
from libs.contracts.stage import StageCommandFailed, SwitchScene
from libs.contracts.studio import (
    SetInputMute,
    StudioPanic,
    StudioPanicReported,
    TakeScreenshot,
)
from libs.testing.obs_studio import Observer, ObsStudio, like
from libs.testing.obs_studio.collection import (
    AVATAR,
    BACKGROUNDS,
    BRB,
    CAPTION,
    LIVE,
    MIC,
    PANIC_FILTER,
    STARTING,
    VOICE,
)
from tests.obs_controller.conftest import RunningController
from tests.obs_controller.real_stand import controller_on, on_air_and_talking, until_panic_is_seen
from tests.obs_studio.fixtures import SETTLING_SECONDS
from tests.worker.module_stand import until

pytestmark = [pytest.mark.real_obs, pytest.mark.timeout(180)]


@pytest.fixture
async def stand(
    real_obs: ObsStudio, eye: Observer, tmp_path: Path
) -> AsyncIterator[RunningController]:
    await on_air_and_talking(real_obs, eye)
    async with controller_on(real_obs, tmp_path) as stand:
        yield stand


async def fades(eye: Observer) -> bool:
    return bool((await eye.call("GetCurrentSceneTransition"))["transitionName"] == "Fade")


async def test_panic_is_silence_and_the_brb_picture_and_the_release_puts_it_back(
    stand: RunningController, real_obs: ObsStudio, eye: Observer
) -> None:
    async with real_obs.mic_sound():
        await eye.until(lambda: eye.is_loud(MIC))
        await eye.until(lambda: eye.is_loud(VOICE))

        answer = (await stand.request("POST", "/panic", {"reason": "test"})).json()
        assert answer["obs"]["state"] == "applied"
        assert {step["target"] for step in answer["obs"]["steps"]} >= {MIC, VOICE, BRB}
        await eye.until_colour(BACKGROUNDS[BRB])
        loudest = await eye.peaks([MIC, VOICE], frames=20)
        assert max(loudest.values()) < 0.001, "a second of listening"
        await until_panic_is_seen(eye)
        assert await eye.filter_on(AVATAR, PANIC_FILTER)
        assert stand.told.panic is StudioPanic.APPLIED

        answer = (await stand.request("POST", "/panic/release")).json()
        await eye.until_scene(LIVE)
        await eye.until_colour(BACKGROUNDS[LIVE])
        await eye.until(lambda: eye.is_loud(MIC))
        await eye.until(lambda: eye.is_loud(VOICE))
        assert not await eye.filter_on(LIVE, PANIC_FILTER)
        said = {step["target"]: step["message"] for step in answer["obs"]["steps"]}
        assert said[BRB] == f"back to '{LIVE}'"
        assert said[MIC] == "unmuted"


async def test_the_sound_is_off_before_the_picture_changes(
    stand: RunningController, eye: Observer
) -> None:
    since = len(eye.events)
    await stand.request("POST", "/panic")
    await eye.until_event("CurrentProgramSceneChanged", since, sceneName=BRB)
    kinds = [seen.kind for seen in eye.events[since:]]
    muted = [i for i, kind in enumerate(kinds) if kind == "InputMuteStateChanged"]
    assert len(muted) == 2
    assert max(muted) < kinds.index("CurrentProgramSceneChanged")


async def test_the_control_stream_is_a_way_too(stand: RunningController, eye: Observer) -> None:
    await stand.bus.publish(EngagePanic(reason="test", ordinal=10, epoch=1))
    await until_panic_is_seen(eye)
    reports = await stand.told_of(StudioPanicReported)
    assert [(r.engaged, r.state, r.again) for r in reports] == [(True, StudioPanic.APPLIED, False)]
    await stand.bus.publish(ReleasePanic(ordinal=11, epoch=2))
    await eye.until_scene(LIVE)
    await eye.until_muted(MIC, muted=False)


async def test_a_fade_that_is_under_way_does_not_keep_the_old_picture(
    stand: RunningController, eye: Observer
) -> None:
    await eye.call("SetCurrentSceneTransition", transitionName="Fade")
    await eye.call("SetCurrentSceneTransitionDuration", transitionDuration=15_000)
    await asyncio.sleep(SETTLING_SECONDS)
    await eye.call("SetCurrentProgramScene", sceneName=STARTING)
    await eye.until_event("SceneTransitionStarted", transitionName="Fade")
    await stand.request("POST", "/panic")
    await eye.until_event("CurrentProgramSceneChanged", sceneName=BRB, seconds=5)
    await until_panic_is_seen(eye)


async def test_a_fade_of_the_brb_scene_itself_is_overruled_and_put_back(
    stand: RunningController, eye: Observer
) -> None:
    """A scene may have a transition of its own, which wins over the current one."""
    slow = {"transitionName": "Fade", "transitionDuration": 15_000}
    await eye.call("SetSceneSceneTransitionOverride", sceneName=BRB, **slow)
    since = len(eye.events)
    await stand.request("POST", "/panic")
    await eye.until_event("CurrentProgramSceneChanged", since, sceneName=BRB, seconds=5)
    await stand.request("POST", "/panic/release")
    await eye.until_scene(LIVE)
    found = await eye.call("GetSceneSceneTransitionOverride", sceneName=BRB)
    assert found == slow


async def test_after_a_release_viewers_see_the_scene_also_where_scenes_fade(
    stand: RunningController, eye: Observer
) -> None:
    """OBS stays where it is when the transition is changed while it switches."""
    await eye.call("SetCurrentSceneTransition", transitionName="Fade")
    await until(lambda: stand.told.transition == "Fade")
    for _ in range(3):
        await stand.request("POST", "/panic")
        await until_panic_is_seen(eye)
        await until(lambda: stand.told.scene == BRB)
        await stand.request("POST", "/panic/release")
        await eye.until_colour(BACKGROUNDS[LIVE])
        await eye.until_on_air(LIVE)
        await until(lambda: stand.told.scene == LIVE)
        await until(lambda: stand.told.transition == "Fade")
        await eye.until(lambda: fades(eye))


async def test_panic_in_the_middle_of_any_switch_is_seen_and_so_is_its_release(
    stand: RunningController, eye: Observer
) -> None:
    await eye.call("SetCurrentSceneTransition", transitionName="Fade")
    await eye.call("SetCurrentSceneTransitionDuration", transitionDuration=400)
    await asyncio.sleep(SETTLING_SECONDS)
    for scene in (STARTING, BRB):
        for pause_seconds in (0.0, 0.05, 0.2):
            await eye.call("SetCurrentProgramScene", sceneName=scene)
            await asyncio.sleep(pause_seconds)
            await stand.request("POST", "/panic")
            await until_panic_is_seen(eye)
            await stand.request("POST", "/panic/release")
            await eye.until_colour(BACKGROUNDS[scene])
            await eye.until(lambda: fades(eye))
            await eye.call("SetCurrentProgramScene", sceneName=LIVE)
            await eye.until_colour(BACKGROUNDS[LIVE])


async def test_a_long_fade_to_brb_is_cut_short(stand: RunningController, eye: Observer) -> None:
    await eye.call("SetCurrentSceneTransition", transitionName="Fade")
    await eye.call("SetCurrentSceneTransitionDuration", transitionDuration=15_000)
    await asyncio.sleep(SETTLING_SECONDS)
    await eye.call("SetCurrentProgramScene", sceneName=BRB)
    await eye.until_event("SceneTransitionStarted", transitionName="Fade")
    await stand.request("POST", "/panic")
    await eye.until_colour(BACKGROUNDS[BRB], seconds=5)
    await eye.until_on_air(BRB)


async def test_a_brb_that_obs_only_says_is_on_air_is_brought_there(
    stand: RunningController, eye: Observer
) -> None:
    """A person switched to BRB and changed the transition at once: viewers still see Live."""
    for _ in range(5):
        await eye.call("SetCurrentProgramScene", sceneName=BRB)
        await eye.call("SetCurrentSceneTransition", transitionName="Fade")
        await asyncio.sleep(0.5)
        if await eye.on_air() != [BRB]:
            break
        await eye.call("SetCurrentSceneTransition", transitionName="Cut")
        await asyncio.sleep(SETTLING_SECONDS)
        await eye.call("SetCurrentProgramScene", sceneName=LIVE)
        await eye.until_colour(BACKGROUNDS[LIVE])
    assert await eye.scene() == BRB
    await stand.request("POST", "/panic")
    await until_panic_is_seen(eye)
    await eye.until_on_air(BRB)


async def test_studio_mode_does_not_keep_brb_in_the_preview(
    stand: RunningController, eye: Observer
) -> None:
    await eye.call("SetStudioModeEnabled", studioModeEnabled=True)
    try:
        await eye.call("SetCurrentPreviewScene", sceneName=STARTING)
        await stand.request("POST", "/panic")
        await until_panic_is_seen(eye)
        await eye.until_colour(BACKGROUNDS[BRB])
    finally:
        await eye.call("SetStudioModeEnabled", studioModeEnabled=False)


async def test_a_filter_that_is_missing_does_not_stop_the_mute(
    real_obs: ObsStudio, eye: Observer, tmp_path: Path
) -> None:
    await on_air_and_talking(real_obs, eye)
    async with controller_on(real_obs, tmp_path, obs_panic_filter="Live: Gone") as stand:
        answer = (await stand.request("POST", "/panic")).json()
        assert answer["obs"]["state"] == "partly"
        failed = [step for step in answer["obs"]["steps"] if not step["ok"]]
        assert [step["what"] for step in failed] == ["filter"]
        assert "OBS_PANIC_FILTER" in failed[0]["message"]
        await eye.until_scene(BRB)
        await eye.until(lambda: eye.is_silent(VOICE))
        assert await eye.muted(MIC)


async def test_without_a_brb_scene_the_old_picture_is_gone_all_the_same(
    real_obs: ObsStudio, eye: Observer, tmp_path: Path
) -> None:
    await on_air_and_talking(real_obs, eye)
    async with controller_on(real_obs, tmp_path, obs_brb_scene="Nothing to see") as stand:
        await stand.request("POST", "/panic")
        await eye.until_scene("Nothing to see")
        await eye.until_colour((0, 0, 0))
        await eye.until(lambda: eye.is_silent(VOICE))
        await stand.request("POST", "/panic/release")
        await eye.until_scene(LIVE)
    await eye.call("RemoveScene", sceneName="Nothing to see")


async def test_orders_that_come_in_a_panic_change_nothing_on_air(
    stand: RunningController, eye: Observer
) -> None:
    await stand.request("POST", "/panic")
    await until_panic_is_seen(eye)
    for order in (SwitchScene(scene=LIVE), SetInputMute(input=MIC, muted=False)):
        answer = await stand.order(order)
        assert isinstance(answer, StageCommandFailed)
        assert answer.code == "panic"
    await until_panic_is_seen(eye)
    taken = TakeScreenshot()
    await stand.bus.publish(taken)
    refusals = await stand.facts(StageCommandFailed)
    assert taken.event_id not in [refusal.cause_id for refusal in refusals]


async def test_panic_among_a_storm_of_orders_wins(stand: RunningController, eye: Observer) -> None:
    """Orders that were sent before it and wait behind it are not carried out any more."""

    async def storm() -> None:
        for number in range(400):
            await stand.bus.publish(SwitchScene(scene=(LIVE, STARTING)[number % 2]))
            await stand.bus.publish(SetInputMute(input=MIC, muted=number % 2 == 0))
            await asyncio.sleep(0.002)

    storming = asyncio.create_task(storm())
    await asyncio.sleep(0.3)
    await stand.request("POST", "/panic")
    await until_panic_is_seen(eye)
    since = len(eye.events)
    await storming
    await asyncio.sleep(0.5)
    await until_panic_is_seen(eye)
    assert not any(
        seen.says("CurrentProgramSceneChanged", {"sceneName": scene})
        for seen in eye.events[since:]
        for scene in (LIVE, STARTING)
    )


async def test_what_she_was_saying_is_taken_out_of_the_picture(
    stand: RunningController, eye: Observer
) -> None:
    await eye.call("SetInputSettings", inputName=CAPTION, inputSettings={"text": "oh no"})
    await stand.request("POST", "/panic")

    async def is_empty() -> bool:
        return await eye.text(CAPTION) == ""

    await eye.until(is_empty)


async def test_a_microphone_that_is_added_in_a_panic_is_muted_too(
    stand: RunningController, eye: Observer
) -> None:
    await stand.request("POST", "/panic")
    await until_panic_is_seen(eye)
    await eye.call(
        "CreateInput",
        sceneName=LIVE,
        inputName="Second mic",
        inputKind="pulse_input_capture",
        inputSettings={"device_id": "default"},
    )
    try:
        await eye.until_muted("Second mic")
    finally:
        await eye.call("RemoveInput", inputName="Second mic")


async def test_what_a_person_undoes_in_obs_is_said(stand: RunningController, eye: Observer) -> None:
    await stand.request("POST", "/panic")
    await until(lambda: stand.told.panic is StudioPanic.APPLIED)
    await eye.call("SetInputMute", inputName=MIC, inputMuted=False)
    await until(lambda: stand.told.panic is StudioPanic.PARTLY)
    undone = [step for step in stand.told.panic_steps if not step.ok]
    assert [(step.what, step.target) for step in undone] == [("mute", MIC)]


async def test_the_worker_restarted_in_a_panic_keeps_it_and_knows_what_was_before(
    real_obs: ObsStudio, eye: Observer, tmp_path: Path
) -> None:
    await on_air_and_talking(real_obs, eye)
    server = MemoryServer()
    async with controller_on(real_obs, tmp_path, server) as stand:
        await stand.request("POST", "/panic")
        await until_panic_is_seen(eye)
    await eye.call("SetInputMute", inputName=MIC, inputMuted=False)  # while nobody looks
    async with controller_on(real_obs, tmp_path, server) as stand:
        await until_panic_is_seen(eye)
        await stand.request("POST", "/panic/release")
        await eye.until_scene(LIVE)
        await eye.until_muted(MIC, muted=False)
        await eye.until_colour(BACKGROUNDS[LIVE])


async def test_panics_and_releases_in_quick_turns_end_as_the_last_one_said(
    stand: RunningController, eye: Observer
) -> None:
    for _ in range(10):
        await stand.request("POST", "/panic")
        await stand.request("POST", "/panic/release")
    await eye.until_scene(LIVE)
    await eye.until_muted(MIC, muted=False)
    await eye.until(lambda: eye.is_loud(VOICE))
    assert like(eye.colour(), BACKGROUNDS[LIVE])
    await stand.request("POST", "/panic")
    await until_panic_is_seen(eye)
