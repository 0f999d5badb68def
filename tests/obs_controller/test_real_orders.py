"""Orders carried out in a real OBS, and what it says by itself; seen by an observer of our own."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from apps.obs_controller.link import ObsLink
from libs.bus.base import Subscription
from libs.contracts.envelope import Event
from libs.contracts.speaking import PlaybackFinished, PlaybackOutcome, PlaybackStarted
from libs.contracts.stage import StageCommandDone, StageCommandFailed, SwitchScene
from libs.contracts.streams import LIVE as LIVE_TOPIC
from libs.contracts.studio import (
    ControlMedia,
    ControlRecording,
    ControlReplay,
    ScreenshotTaken,
    SetFilterEnabled,
    SetInputMute,
    SetInputVolume,
    SetSourceText,
    SetSourceVisible,
    SetTransition,
    TakeScreenshot,
)
from libs.testing.obs_studio import Observer, ObsStudio, Refused, like
from libs.testing.obs_studio.collection import (
    AVATAR,
    AVATAR_COLOUR,
    BACKGROUNDS,
    BRB,
    CAPTION,
    LIVE,
    MIC,
    PANIC_FILTER,
    SCENES,
    STARTING,
    VOICE,
)
from libs.testing.obs_studio.pixels import decoded
from tests.obs_controller.conftest import RunningController
from tests.obs_controller.real_stand import controller_on
from tests.worker.module_stand import until

pytestmark = [pytest.mark.real_obs, pytest.mark.timeout(180)]


@pytest.fixture
async def stand(real_obs: ObsStudio, tmp_path: Path) -> AsyncIterator[RunningController]:
    async with controller_on(real_obs, tmp_path) as stand:
        yield stand


async def done(stand: RunningController, order: Event) -> StageCommandDone:
    answer = await stand.order(order)
    assert isinstance(answer, StageCommandDone), answer
    return answer


async def refused(stand: RunningController, order: Event) -> StageCommandFailed:
    answer = await stand.order(order)
    assert isinstance(answer, StageCommandFailed), answer
    return answer


# Control ----------------------------------------------------------------------------------------


async def test_a_scene_is_switched_and_seen(stand: RunningController, eye: Observer) -> None:
    assert stand.told.scenes == SCENES
    answer = await done(stand, SwitchScene(scene=BRB))
    assert answer.result == {"scene": BRB, "was": STARTING}
    await eye.until_scene(BRB)
    await eye.until_colour(BACKGROUNDS[BRB])
    await until(lambda: stand.told.scene == BRB)


async def test_a_mute_is_heard_in_the_meters(
    stand: RunningController, real_obs: ObsStudio, eye: Observer
) -> None:
    async with real_obs.mic_sound():
        await eye.until(lambda: eye.is_loud(MIC))
        await done(stand, SetInputMute(input=MIC, muted=True))
        await eye.until(lambda: eye.is_silent(MIC))
        await done(stand, SetInputMute(input=MIC, muted=False))
        await eye.until(lambda: eye.is_loud(MIC))


async def test_a_volume_is_heard_in_the_meters(
    stand: RunningController, real_obs: ObsStudio, eye: Observer
) -> None:
    await eye.call("SetCurrentProgramScene", sceneName=LIVE)
    await eye.play(real_obs.folder.tone)
    full = await eye.peak(VOICE)
    await done(stand, SetInputVolume(input=VOICE, volume_db=-20))

    async def is_a_tenth() -> bool:
        return await eye.peak(VOICE) == pytest.approx(full / 10, rel=0.05)

    await eye.until(is_a_tenth)


async def test_a_source_is_hidden_and_shown(stand: RunningController, eye: Observer) -> None:
    await done(stand, SwitchScene(scene=LIVE))
    await eye.until_colour(AVATAR_COLOUR, across=0.5, down=0.5)
    await done(stand, SetSourceVisible(source=AVATAR, visible=False))
    await eye.until_colour(BACKGROUNDS[LIVE], across=0.5, down=0.5)
    await done(stand, SetSourceVisible(scene=LIVE, source=AVATAR, visible=True))
    await eye.until_colour(AVATAR_COLOUR, across=0.5, down=0.5)


async def test_a_filter_takes_the_colour_away(stand: RunningController, eye: Observer) -> None:
    await done(stand, SwitchScene(scene=LIVE))
    await done(stand, SetFilterEnabled(source=AVATAR, filter=PANIC_FILTER, enabled=True))

    async def is_grey() -> bool:
        red, green, blue = eye.colour(across=0.5, down=0.5)
        return max(red, green, blue) - min(red, green, blue) <= 6

    await eye.until(is_grey)


async def test_a_text_is_wrapped_and_drawn(stand: RunningController, eye: Observer) -> None:
    await done(stand, SwitchScene(scene=LIVE))
    before = eye.picture()
    await done(stand, SetSourceText(source=CAPTION, text="good evening everybody " * 6))
    lines = (await eye.text(CAPTION)).split("\n")
    assert len(lines) > 1
    assert all(len(line) <= stand.settings.obs_caption_columns for line in lines)

    async def looks_different() -> bool:
        return bool((eye.picture() != before).any())

    await eye.until(looks_different)


async def test_a_transition_is_set_with_its_duration(
    stand: RunningController, eye: Observer
) -> None:
    await done(stand, SetTransition(transition="Fade", duration_ms=700))

    async def is_set() -> bool:
        found = await eye.call("GetCurrentSceneTransition")
        return (found["transitionName"], found["transitionDuration"]) == ("Fade", 700)

    await eye.until(is_set)
    await until(lambda: stand.told.transition == "Fade")


async def test_a_transition_that_is_set_right_after_a_switch_does_not_stop_it(
    stand: RunningController, eye: Observer
) -> None:
    """OBS stays between the scenes for ever when it is told in the middle of a switch."""
    await done(stand, SetTransition(transition="Fade", duration_ms=500))
    for scene, transition in ((LIVE, "Cut"), (BRB, "Fade"), (STARTING, "Cut"), (LIVE, "Fade")):
        switch, change = SwitchScene(scene=scene), SetTransition(transition=transition)
        await stand.bus.publish(switch)
        await done(stand, change)
        await eye.until_colour(BACKGROUNDS[scene])
        await eye.until_on_air(scene)


async def test_media_plays_and_stops(
    stand: RunningController, real_obs: ObsStudio, eye: Observer
) -> None:
    await eye.call("SetCurrentProgramScene", sceneName=LIVE)
    await eye.play(real_obs.folder.tone)
    await done(stand, ControlMedia(source=VOICE, action="stop"))
    await eye.until(lambda: eye.is_silent(VOICE))
    await done(stand, ControlMedia(source=VOICE, action="restart"))
    await eye.until(lambda: eye.is_loud(VOICE))


async def test_a_recording_starts_pauses_and_leaves_a_file(
    stand: RunningController, real_obs: ObsStudio, eye: Observer
) -> None:
    """With pauses: OBS loses its way when a recording of a few frames is ordered about."""
    await done(stand, ControlRecording(action="start"))
    await until(lambda: stand.told.recording == "on")
    await asyncio.sleep(1)
    await done(stand, ControlRecording(action="pause"))
    await until(lambda: stand.told.recording == "paused")
    await asyncio.sleep(1)
    await done(stand, ControlRecording(action="resume"))
    await until(lambda: stand.told.recording == "on")
    await asyncio.sleep(1)
    answer = await done(stand, ControlRecording(action="stop"))
    await eye.until_event("RecordStateChanged", outputState="OBS_WEBSOCKET_OUTPUT_STOPPED")
    await until(lambda: stand.told.recording == "off")
    (file,) = real_obs.folder.recordings.glob("*.mkv")
    assert str(file) == answer.result["file"]
    assert file.stat().st_size > 0


async def test_a_recording_that_obs_cannot_pause_is_not_called_paused(
    fresh_obs: ObsStudio, tmp_path: Path
) -> None:
    """OBS says yes, and goes on recording."""
    await fresh_obs.quit()
    profile = fresh_obs.folder.profile
    as_stream = profile.read_text("utf-8").replace("RecQuality=Small", "RecQuality=Stream")
    profile.write_text(as_stream, "utf-8")
    await fresh_obs.start(keep=True)
    async with controller_on(fresh_obs, tmp_path) as stand:
        await done(stand, ControlRecording(action="start"))
        await until(lambda: stand.told.recording == "on")
        await asyncio.sleep(0.5)
        answer = await refused(stand, ControlRecording(action="pause"))
        assert "Recording Quality" in answer.message
        assert stand.told.recording == "on"


async def test_the_replay_buffer_runs_and_saves(
    stand: RunningController, real_obs: ObsStudio, eye: Observer
) -> None:
    await done(stand, ControlReplay(action="start"))
    await until(lambda: stand.told.replay)
    await asyncio.sleep(1)
    await done(stand, ControlReplay(action="save"))
    await eye.until_event("ReplayBufferSaved")
    await done(stand, ControlReplay(action="stop"))
    await until(lambda: not stand.told.replay)


async def test_a_screenshot_shows_what_viewers_see(stand: RunningController) -> None:
    pictures: list[tuple[ScreenshotTaken, bytes]] = []

    async def listen() -> None:
        async for delivery in stand.bus.subscribe(Subscription((LIVE_TOPIC,), "main")):
            if isinstance(delivery.event, ScreenshotTaken):
                pictures.append((delivery.event, delivery.data))

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.05)
    for scene in (BRB, STARTING):
        await done(stand, SwitchScene(scene=scene))
        order = TakeScreenshot(width=160, format="png")
        await stand.bus.publish(order)
        await until(lambda: pictures)
        event, png = pictures.pop()
        assert (event.cause_id, event.scene, event.format) == (order.event_id, scene, "png")
        picture = decoded(png)
        assert picture.shape[:2] == (90, 160)
        red, green, blue = picture[4, 152, :3].tolist()
        assert like((red, green, blue), BACKGROUNDS[scene])
    await stand.bus.publish(TakeScreenshot(format="jpg"))
    await until(lambda: pictures)
    assert pictures.pop()[1].startswith(b"\xff\xd8")
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_caption_shows_what_is_heard_and_goes_away(
    stand: RunningController, eye: Observer
) -> None:
    started = PlaybackStarted(
        utterance_id="u1",
        turn_id="t1",
        text="I like tea.",
        output="test",
        started_at=0,
        first_chunk_at=0,
    )
    await stand.bus.publish(started)

    async def shows(text: str) -> bool:
        return await eye.text(CAPTION) == text

    await eye.until(lambda: shows("I like tea."))
    finished = PlaybackFinished(
        utterance_id="u1",
        turn_id="t1",
        outcome=PlaybackOutcome.COMPLETED,
        heard_text="I like tea.",
        full_text="I like tea.",
        duration_seconds=1.0,
        position_seconds=1.0,
    )
    await stand.bus.publish(finished)
    await eye.until(lambda: shows(""))


async def test_what_people_do_in_obs_is_known(stand: RunningController, eye: Observer) -> None:
    await eye.call("SetCurrentProgramScene", sceneName=LIVE)
    await eye.call("SetInputMute", inputName=MIC, inputMuted=True)
    await eye.call("SetInputVolume", inputName=VOICE, inputVolumeDb=-12)
    # Right after a switch of scenes: OBS then forgets to tell of the scene.
    await eye.call("SetCurrentSceneTransition", transitionName="Fade")

    def inputs() -> dict[str, Any]:
        return {one.name: one for one in stand.told.inputs}

    await until(lambda: stand.told.scene == LIVE)
    await until(lambda: inputs()[MIC].muted)
    await until(lambda: inputs()[VOICE].volume_db == pytest.approx(-12, abs=0.1))
    await until(lambda: stand.told.transition == "Fade")
    assert (inputs()[MIC].role, inputs()[VOICE].role) == ("mic", "voice")


async def test_a_source_that_is_added_and_removed_is_known(
    stand: RunningController, eye: Observer
) -> None:
    await done(stand, SwitchScene(scene=LIVE))
    await eye.until_colour(BACKGROUNDS[LIVE])
    await eye.call(
        "CreateInput",
        sceneName=LIVE,
        inputName="Jingle",
        inputKind="ffmpeg_source",
        inputSettings={},
    )
    await until(lambda: "Jingle" in [one.name for one in stand.told.inputs])
    await eye.call("RemoveInput", inputName="Jingle")
    await until(lambda: "Jingle" not in [one.name for one in stand.told.inputs])


async def ask_one(link: ObsLink, number: int, chance: random.Random) -> None:
    """One request of several kinds; the answer must be to this one."""
    match chance.randrange(5):
        case 0:
            result = await link.call("GetInputMute", inputName=MIC)
            assert set(result.data) == {"inputMuted"}
        case 1:
            result = await link.call("GetInputSettings", inputName=CAPTION)
            assert result.data["inputKind"] == "text_ft2_source_v2"
        case 2:
            result = await link.call("GetSourceFilter", sourceName=LIVE, filterName=PANIC_FILTER)
            assert result.data["filterKind"] == "color_filter_v2"
        case 3:
            result = await link.call("GetInputMute", inputName=f"nobody {number}")
            assert (result.code, f"`nobody {number}`" in result.comment) == (600, True)
        case 4:
            scene = chance.choice(SCENES)
            result = await link.call("SetCurrentProgramScene", sceneName=scene)
            assert (result.kind, result.ok) == ("SetCurrentProgramScene", True)


async def test_a_thousand_requests_from_mixed_tasks_all_get_their_own_answers(
    stand: RunningController, eye: Observer
) -> None:
    """Requests of the link itself and orders over the bus, while a person is at OBS too."""
    link, chance = stand.worker.studio.link, random.Random(7)
    orders = [SwitchScene(scene=SCENES[number % 3]) for number in range(100)]

    async def asking(first: int) -> None:
        for number in range(first, first + 100):
            await ask_one(link, number, chance)

    async def person() -> None:
        for number in range(100):
            await eye.call("SetInputMute", inputName=VOICE, inputMuted=number % 2 == 0)

    async def ordering() -> None:
        for order in orders:
            await stand.bus.publish(order)
            await asyncio.sleep(0)

    await asyncio.gather(*(asking(first) for first in range(0, 1_000, 100)), person(), ordering())
    found: list[StageCommandDone] = []
    while len(found) < len(orders):
        await asyncio.sleep(0.05)
        found = await stand.facts(StageCommandDone)
    scenes = {answer.cause_id: answer.result["scene"] for answer in found}
    assert scenes == {order.event_id: order.scene for order in orders}
    assert await stand.facts(StageCommandFailed) == []
    assert link.connections == 1
    scene = await eye.scene()
    await until(lambda: stand.told.scene == scene)


# Bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "hint"),
    [
        (SwitchScene(scene="Live "), "'Live'"),
        (SwitchScene(scene="BBR"), "'BRB'"),
        (SetInputMute(input="mic", muted=True), "'Mic'"),
        (SetInputMute(input=CAPTION, muted=True), "'Mic'"),
        (SetInputVolume(input="VTuber", volume_db=0), "'VTuber Voice'"),
        (SetSourceVisible(scene=LIVE, source="Avatr", visible=False), "'Avatar'"),
        (SetSourceVisible(scene="Lice", source=AVATAR, visible=False), "'Live'"),
        (SetFilterEnabled(source=LIVE, filter="panic", enabled=True), "'Panic'"),
        (SetFilterEnabled(source="Lve", filter=PANIC_FILTER, enabled=True), "'Live'"),
        (SetSourceText(source="Captoin", text="x"), "'Caption'"),
        (SetSourceText(source=MIC, text="x"), "'Caption'"),
        (ControlMedia(source="Voice", action="play"), "'VTuber Voice'"),
        (SetTransition(transition="fade"), "'Fade'"),
        (SwitchScene(scene="x" * 5_000), "'Live'"),
        (SwitchScene(scene="Live\x00\n{}[]\u202e"), "'Live'"),
        (SwitchScene(scene='Live"}, "op": 6'), "'Live'"),
    ],
)
async def test_an_unknown_name_is_refused_with_the_nearest_and_nothing_is_changed(
    stand: RunningController, eye: Observer, order: Event, hint: str
) -> None:
    before = len(eye.events)
    answer = await refused(stand, order)
    assert answer.code == "not_found"
    assert hint in answer.message
    await asyncio.sleep(0.2)
    changes = [seen.kind for seen in eye.events[before:] if not seen.kind.startswith("Scene")]
    assert changes == []
    assert await eye.scene() == STARTING


async def test_a_scene_that_is_not_on_the_list_is_refused(
    real_obs: ObsStudio, eye: Observer, tmp_path: Path
) -> None:
    async with controller_on(
        real_obs, tmp_path, obs_scenes=f"{LIVE}, {STARTING}", twitch_default_scene=LIVE
    ) as stand:
        assert stand.told.scenes == (STARTING, LIVE)
        answer = await refused(stand, SwitchScene(scene=BRB))
        assert (answer.code, "OBS_SCENES" in answer.message) == ("not_allowed", True)
        assert await eye.scene() == STARTING
        await done(stand, SwitchScene(scene=""))
        await eye.until_scene(LIVE)


async def test_what_obs_itself_refuses_is_said_and_the_link_lives_on(
    stand: RunningController, eye: Observer
) -> None:
    for order in (
        ControlRecording(action="stop"),
        ControlRecording(action="pause"),
        ControlReplay(action="save"),
    ):
        answer = await refused(stand, order)
        assert answer.code == "obs_refused"
    with pytest.raises(Refused):
        await eye.call("StopRecord")
    await done(stand, SwitchScene(scene=BRB))
    assert stand.worker.studio.link.connections == 1


async def test_a_source_that_vanished_a_moment_ago_is_a_refusal_and_no_crash(
    stand: RunningController, eye: Observer
) -> None:
    """The order names what was known, and is under way when OBS loses it."""
    await eye.call("CreateScene", sceneName="Short")
    await until(lambda: "Short" in stand.told.scenes)
    removing = asyncio.create_task(eye.call("RemoveScene", sceneName="Short"))
    answer = await stand.order(SwitchScene(scene="Short"))
    await removing
    if isinstance(answer, StageCommandFailed):
        assert answer.code == "not_found"
    await until(lambda: "Short" not in stand.told.scenes)
    assert stand.worker.studio.link.connections == 1


async def test_a_long_text_of_many_scripts_neither_crashes_obs_nor_grows_without_bound(
    stand: RunningController, eye: Observer, real_obs: ObsStudio
) -> None:
    crashes = real_obs.crashes
    await done(stand, SwitchScene(scene=LIVE))
    for start in range(0x4E00, 0x4E00 + 1_500, 500):
        text = (
            "".join(chr(start + offset) for offset in range(500)) + "\u202e\x07😀" + "a\u0301" * 9
        )
        await done(stand, SetSourceText(source=CAPTION, text=text))
    shown = await eye.text(CAPTION)
    assert len(set(shown)) <= 251
    assert "\u202e" not in shown
    assert real_obs.running
    assert real_obs.crashes == crashes
