"""What a test sees of a real OBS is what OBS does."""

import asyncio

import pytest

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
    STARTING,
    VOICE,
)

pytestmark = [pytest.mark.real_obs, pytest.mark.timeout(120)]


async def test_a_scene_switch_is_seen_as_event_state_and_pixels(eye: Observer) -> None:
    assert await eye.scene() == STARTING
    assert like(eye.colour(), BACKGROUNDS[STARTING])
    for scene in (BRB, LIVE):
        since = len(eye.events)
        await eye.call("SetCurrentProgramScene", sceneName=scene)
        await eye.until_event("CurrentProgramSceneChanged", since, sceneName=scene)
        assert await eye.scene() == scene
        await eye.until_colour(BACKGROUNDS[scene])
    await eye.until_colour(AVATAR_COLOUR, across=0.5, down=0.5)
    assert await eye.on_air() == [LIVE]


async def test_the_picture_is_what_viewers_see_and_not_what_obs_says(eye: Observer) -> None:
    """A transition that is changed in the middle of a switch leaves OBS 29 where it was."""
    await eye.call("SetCurrentProgramScene", sceneName=LIVE)
    await eye.call("SetCurrentSceneTransition", transitionName="Fade")
    await asyncio.sleep(0.5)
    assert await eye.scene() == LIVE
    if await eye.on_air() != [LIVE]:  # newer ones may do better
        assert like(eye.colour(), BACKGROUNDS[STARTING])
    await eye.call("SetCurrentSceneTransition", transitionName="Cut")
    await eye.call("SetCurrentProgramScene", sceneName=STARTING)
    await eye.call("SetCurrentProgramScene", sceneName=BRB)
    await eye.until_colour(BACKGROUNDS[BRB])


async def test_in_the_middle_of_a_fade_two_scenes_are_on_air(eye: Observer) -> None:
    await eye.call("SetCurrentSceneTransition", transitionName="Fade")
    await eye.call("SetCurrentSceneTransitionDuration", transitionDuration=5_000)
    await asyncio.sleep(0.3)
    await eye.call("SetCurrentProgramScene", sceneName=BRB)
    await eye.until_event("SceneTransitionStarted", transitionName="Fade")
    assert await eye.scene() == BRB
    assert await eye.on_air() == [STARTING, BRB]
    assert not like(eye.colour(), BACKGROUNDS[BRB])


async def test_a_filter_takes_the_colour_away(eye: Observer) -> None:
    await eye.call("SetCurrentProgramScene", sceneName=LIVE)
    await eye.until_colour(AVATAR_COLOUR, across=0.5, down=0.5)
    await eye.call(
        "SetSourceFilterEnabled", sourceName=AVATAR, filterName=PANIC_FILTER, filterEnabled=True
    )

    async def avatar_is_grey() -> bool:
        red, green, blue = eye.colour(across=0.5, down=0.5)
        return max(red, green, blue) - min(red, green, blue) <= 6

    await eye.until(avatar_is_grey)
    assert await eye.filter_on(AVATAR, PANIC_FILTER)
    assert like(eye.colour(), BACKGROUNDS[LIVE])


async def test_her_voice_is_heard_in_the_meters_and_muted_it_is_not(
    real_obs: ObsStudio, eye: Observer
) -> None:
    await eye.call("SetCurrentProgramScene", sceneName=LIVE)
    assert await eye.is_silent(VOICE)
    await eye.play(real_obs.folder.tone)
    await eye.call("SetInputMute", inputName=VOICE, inputMuted=True)
    await eye.until_event("InputMuteStateChanged", inputName=VOICE, inputMuted=True)
    await eye.until(lambda: eye.is_silent(VOICE))
    await eye.call("SetInputMute", inputName=VOICE, inputMuted=False)
    await eye.until(lambda: eye.is_loud(VOICE))


async def test_a_tone_at_the_microphone_is_heard_and_muted_it_is_not(
    real_obs: ObsStudio, eye: Observer
) -> None:
    assert await eye.is_silent(MIC)
    async with real_obs.mic_sound():
        await eye.until(lambda: eye.is_loud(MIC))
        await eye.call("SetInputMute", inputName=MIC, inputMuted=True)
        await eye.until_muted(MIC)
        await eye.until(lambda: eye.is_silent(MIC))


async def test_many_questions_at_once_get_their_own_answers(eye: Observer) -> None:
    async def ask(number: int) -> None:
        if number % 2:
            assert (await eye.call("GetInputMute", inputName=MIC)) == {"inputMuted": False}
        else:
            assert await eye.text(CAPTION) == "caption"

    await asyncio.gather(*(ask(number) for number in range(200)))


async def test_a_refusal_has_its_code(eye: Observer) -> None:
    with pytest.raises(Refused, match="no such") as refused:
        await eye.call("GetInputMute", inputName="no such")
    assert refused.value.code == 600


async def test_what_does_not_happen_is_waited_for_in_vain(eye: Observer) -> None:
    with pytest.raises(TimeoutError):
        await eye.until_scene(BRB, seconds=0.2)
    with pytest.raises(TimeoutError):
        await eye.until_event("InputMuteStateChanged", seconds=0.2)
