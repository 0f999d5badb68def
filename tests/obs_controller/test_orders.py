"""Orders: carried out and answered, or refused with the nearest names and nothing changed."""

import asyncio

import pytest

from apps.obs_controller.scenes_file import Scenes
from libs.bus.base import Subscription
from libs.contracts.control import SetModuleEnabled
from libs.contracts.health import ErrorReported
from libs.contracts.interruption import StopSpeaking
from libs.contracts.speaking import Mood
from libs.contracts.stage import SetExpression, StageCommandDone, StageCommandFailed, SwitchScene
from libs.contracts.streams import LIVE
from libs.contracts.studio import (
    ControlMedia,
    ControlRecording,
    RequestStageAction,
    ScreenshotTaken,
    SetFilterEnabled,
    SetInputMute,
    SetInputVolume,
    SetSourceText,
    SetSourceVisible,
    SetTransition,
    StudioChanged,
    TakeScreenshot,
)
from tests.obs_controller.conftest import Start
from tests.obs_controller.scripted_obs import MemoryObs
from tests.worker.module_stand import until

ORDERS = [
    SwitchScene(scene="Starting"),
    SetInputMute(input="Mic", muted=True),
    SetInputVolume(input="Mic", volume_db=-6),
    SetSourceVisible(scene="Live", source="Avatar", visible=False),
    SetFilterEnabled(source="Live", filter="Panic", enabled=True),
    SetSourceText(source="Caption", text="hello"),
    ControlMedia(source="Voice", action="restart"),
    ControlRecording(action="stop"),
    SetTransition(transition="Schnitt"),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.type)
async def test_every_order_is_carried_out_and_answered(
    order: SwitchScene, controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        before = len(obs.kinds_asked())
        answer = await stand.order(order)
        assert isinstance(answer, StageCommandDone), answer
        assert answer.command == order.type
        assert answer.message
        assert len(obs.kinds_asked()) > before


@pytest.mark.parametrize(
    ("order", "code", "says"),
    [
        (SwitchScene(scene="Liv"), "not_found", "Did you mean 'Live'?"),
        (SwitchScene(scene="xyzzy"), "not_found", "There are: 'Starting', 'Live', 'BRB'."),
        (SwitchScene(scene=""), "bad_value", "TWITCH_DEFAULT_SCENE"),
        (SetInputMute(input="Mick", muted=True), "not_found", "'Mic'"),
        (SetInputMute(input="Avatar", muted=True), "not_found", "no input with sound 'Avatar'"),
        (SetSourceVisible(source="Avatr", visible=True), "not_found", "in the scene 'Live'"),
        (
            SetFilterEnabled(source="Live", filter="Panik", enabled=True),
            "not_found",
            "no filter 'Panik' on 'Live'. Did you mean 'Panic'?",
        ),
        (SetSourceText(source="Avatar", text="x"), "not_found", "no text source"),
        (ControlMedia(source="../../etc/passwd", action="play"), "not_found", "no media source"),
        (SetTransition(transition="Cut"), "not_found", "no transition 'Cut'"),
    ],
)
async def test_a_name_that_obs_does_not_have_is_refused_with_the_nearest_and_changes_nothing(
    order: SwitchScene, code: str, says: str, controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        obs.asked.clear()
        answer = await stand.order(order)
        assert isinstance(answer, StageCommandFailed)
        assert answer.code == code
        assert says in answer.message
        assert obs.kinds_asked() == []


async def test_only_listed_scenes_are_switched_to(controller: Start, obs: MemoryObs) -> None:
    async with controller(obs_scenes="Live, Starting") as stand:
        answer = await stand.order(SwitchScene(scene="BRB"))
        assert (answer.code, obs.scene) == ("not_allowed", "Live")
        assert stand.told.scenes == ("Starting", "Live")


async def test_no_name_means_the_default_scene(controller: Start, obs: MemoryObs) -> None:
    async with controller(twitch_default_scene="Starting") as stand:
        assert (await stand.order(SwitchScene(scene=""))).result["scene"] == "Starting"
        assert obs.scene == "Starting"


async def test_a_volume_or_name_that_cannot_be_is_no_event_at_all() -> None:
    for volume in (float("nan"), float("inf"), 3.0, -1e9):
        with pytest.raises(ValueError):
            SetInputVolume(input="Mic", volume_db=volume)
    with pytest.raises(ValueError):
        SetInputMute(input="x" * 1_000, muted=True)


async def test_a_screenshot_comes_back_as_raw_data(controller: Start, obs: MemoryObs) -> None:
    async with controller() as stand:
        pictures = []

        async def listen() -> None:
            async for delivery in stand.bus.subscribe(Subscription(topics=(LIVE,), show="main")):
                if isinstance(delivery.event, ScreenshotTaken):
                    pictures.append((delivery.event.scene, delivery.data))

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.05)
        await stand.bus.publish(TakeScreenshot(width=320))
        await until(lambda: pictures)
        listening.cancel()
        assert pictures == [("Live", b"\x00\x01\x02")]


async def test_orders_of_a_switched_off_module_are_refused(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.bus.publish(SetModuleEnabled(module="obs_controller", enabled=False))
        await until(lambda: not stand.worker.enabled)
        assert (await stand.order(SwitchScene(scene="Starting"))).code == "obs_not_ready"
        assert obs.scene == "Live"
        await stand.request("POST", "/panic")
        assert obs.scene == "BRB", "panic works all the same"


async def test_everybody_is_told_of_changes_made_by_hand(controller: Start, obs: MemoryObs) -> None:
    async with controller() as stand:
        obs.says("CurrentProgramSceneChanged", sceneName="Starting")
        obs.says("InputMuteStateChanged", inputName="Mic", inputMuted=True)
        obs.says("StreamStateChanged", outputActive=True)
        obs.says("RecordStateChanged", outputActive=True, outputState="X")
        obs.says("RecordStateChanged", outputActive=True,
                 outputState="OBS_WEBSOCKET_OUTPUT_PAUSED")  # fmt: skip
        obs.says("InputMuteStateChanged", inputName="no such", odd=1)
        obs.says("StreamStateChanged")

        def told() -> bool:
            now = stand.told
            mic = next(one for one in now.inputs if one.name == "Mic")
            return (now.scene, mic.muted, now.streaming, now.recording) == (
                "Starting", True, True, "paused",
            )  # fmt: skip

        await until(told)
        await asyncio.sleep(0.1)
        sent = await stand.facts(StudioChanged)
        assert sent[-1].scene == "Starting"
        latch = await stand.bus.latch("main", "studio")
        assert latch is not None
        assert latch["scene"] == "Starting"


# What moods and models may ask for ---------------------------------------------------------------

SCENES = Scenes.model_validate(
    {
        "actions": {
            "disco": {"filter": {"source": "Live", "name": "Panic"}, "for_seconds": 0.3},
            "closer": {"scene": "Starting", "for_seconds": 0.3},
            "hide": {"source": {"name": "Avatar", "visible": False}},
        },
        "moods": {"excited": "disco"},
    }
)


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.obs_controller.worker.load_scenes", lambda: SCENES)


@pytest.mark.usefixtures("actions")
async def test_a_listed_action_is_done_and_undone_in_time(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        assert stand.told.actions == ("disco", "closer", "hide")
        assert (await stand.order(RequestStageAction(action="disco"))).type.endswith("done")
        assert obs.filters[("Live", "Panic")]
        await until(lambda: not obs.filters[("Live", "Panic")])

        await stand.order(RequestStageAction(action="closer"))
        assert obs.scene == "Starting"
        await until(lambda: obs.scene == "Live")


@pytest.mark.usefixtures("actions")
@pytest.mark.parametrize(
    "name", ["Starting", "scene: Live", "../disco", "DISCO", "", "disco\n", "Panic", "x" * 64]
)
async def test_a_model_can_name_nothing_but_listed_actions(
    name: str, controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        obs.asked.clear()
        answer = await stand.order(RequestStageAction(action=name))
        assert answer.code == "not_allowed"
        assert obs.kinds_asked() == []


@pytest.mark.usefixtures("actions")
async def test_an_action_of_an_interrupted_turn_is_not_done(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.bus.publish(StopSpeaking(epoch=5, reason="stop", by="test"))
        await until(lambda: stand.worker.fences.highest("main") == 5)
        answer = await stand.order(RequestStageAction(action="hide", epoch=4, turn_id="old"))
        assert answer.code == "stale"
        assert obs.hidden == set()
        by_hand = await stand.order(RequestStageAction(action="hide"))
        assert by_hand.type.endswith("done"), "an operator's own belongs to no turn"


@pytest.mark.usefixtures("actions")
async def test_a_mood_asks_for_its_action(controller: Start, obs: MemoryObs) -> None:
    async with controller() as stand:
        await stand.bus.publish(SetExpression(mood=Mood.EXCITED))
        await until(lambda: obs.filters[("Live", "Panic")])


@pytest.mark.usefixtures("actions")
async def test_a_mood_asks_for_nothing_while_the_module_is_switched_off(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.bus.publish(SetModuleEnabled(module="obs_controller", enabled=False))
        await until(lambda: not stand.worker.enabled)
        await stand.bus.publish(SetExpression(mood=Mood.EXCITED))
        answer = await stand.order(SwitchScene(scene="Starting"))  # comes after it
        assert answer.code == "obs_not_ready"
        assert not obs.filters[("Live", "Panic")]


@pytest.mark.usefixtures("actions")
async def test_what_was_timed_is_undone_after_a_panic(controller: Start, obs: MemoryObs) -> None:
    async with controller(obs_panic_filter="") as stand:
        await stand.order(RequestStageAction(action="disco"))
        await stand.request("POST", "/panic")
        await asyncio.sleep(0.5)
        assert obs.filters[("Live", "Panic")], "panic holds it"
        await stand.request("POST", "/panic/release")
        await until(lambda: not obs.filters[("Live", "Panic")])


async def test_another_scene_collection_under_the_same_address_is_told_of(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        obs.collection, obs.scenes = "somebody else's", ["A"]
        obs.says("CurrentSceneCollectionChanged", sceneCollectionName="somebody else's")
        await until(lambda: stand.told.scenes == ("A",))
        await stand.told_of(ErrorReported, words="no longer 'show'")
        assert "scene 'BRB'" in stand.told.missing[0]


@pytest.mark.usefixtures("actions")
async def test_what_was_on_before_an_action_is_still_on_after_it(
    controller: Start, obs: MemoryObs
) -> None:
    obs.filters[("Live", "Panic")] = True
    async with controller() as stand:
        await stand.order(RequestStageAction(action="disco"))
        await asyncio.sleep(0.6)
        assert obs.filters[("Live", "Panic")]


@pytest.mark.usefixtures("actions")
async def test_a_mood_acts_when_she_gets_into_it_and_not_with_every_sentence(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        for mood in (Mood.EXCITED, Mood.EXCITED, Mood.SAD, Mood.EXCITED):
            await stand.bus.publish(SetExpression(mood=mood))
            await asyncio.sleep(0.4)
        switched = [
            r for r in obs.asked if r.kind == "SetSourceFilterEnabled" and r.data["filterEnabled"]
        ]
        assert len(switched) == 2
