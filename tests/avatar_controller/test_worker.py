"""The avatar_controller as a worker: over the bus, with avatars that remember."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.avatar_controller import avatar_report as report_module
from apps.avatar_controller import file_watch
from apps.avatar_controller.avatar_report import GATHER_SECONDS
from apps.avatar_controller.engines.base import SHUT, AvatarRefused, Capability
from libs.bus.base import Delivery
from libs.contracts.avatar import (
    AvatarChanged,
    AvatarLink,
    AvatarRefusal,
    Bearing,
    MapMood,
    PresenceChanged,
    ShowExpression,
    SignInAvatar,
)
from libs.contracts.control import EngagePanic, ReleasePanic, SetModuleEnabled
from libs.contracts.conversation import TurnInput, TurnOpened, TurnSource
from libs.contracts.health import ErrorReported, ModuleState
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.listening import SpeechEnded, SpeechStarted
from libs.contracts.people import Author
from libs.contracts.speaking import (
    Mood,
    MouthChunk,
    MouthCue,
    PlaybackProgressed,
    PlaybackStarted,
    Viseme,
)
from libs.contracts.stage import (
    SetExpression,
    ShowItem,
    StageCommandDone,
    StageCommandFailed,
    TriggerHotkey,
)
from libs.contracts.streams import STAGE
from libs.settings.items import load_items
from libs.telemetry import clock
from tests.avatar_controller.conftest import RunningAvatars
from tests.avatar_controller.scripted_avatar import ScriptedAvatar
from tests.worker.module_stand import until

Start = Callable[..., Any]
NOTHING: frozenset[Capability] = frozenset()


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at many times a second."""
    monkeypatch.setattr(file_watch, "LOOK_SECONDS", 0.02)


def overlay() -> ScriptedAvatar:
    return ScriptedAvatar("overlay", frozenset({Capability.GESTURES}))


async def begins_to_speak(stand: RunningAvatars, mood: Mood = Mood.HAPPY) -> None:
    chunk = MouthChunk(
        utterance_id="u1",
        index=0,
        starts_at_seconds=0,
        mouth=(MouthCue(at_seconds=0, viseme=Viseme.AA),),
        levels=(-12,) * 600,
    )
    await stand.bus.publish(chunk)
    await stand.bus.publish(
        PlaybackStarted(
            utterance_id="u1", turn_id="t1", epoch=1, text="Hello.", mood=mood, output="silent",
            started_at=clock.now(), first_chunk_at=clock.now(),
        )
    )  # fmt: skip


def turn() -> TurnOpened:
    source = TurnInput(
        source=TurnSource.CHAT,
        author=Author(viewer_id="twitch:1", name="Ann"),
        text="Hi",
        arrived_at=clock.now(),
    )
    return TurnOpened(turn_id="t1", input=source)


# What she does --------------------------------------------------------------------------------


async def test_while_she_speaks_the_mouth_moves_and_a_stop_shuts_it_at_once(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        await until(lambda: avatar.frames)
        await begins_to_speak(stand)
        await until(lambda: avatar.frames[-1][1].open > 0.5)
        assert avatar.frames[-1][1].vowels.a > 0.5
        await stand.bus.publish(StopSpeaking(epoch=2, reason="stopped"))
        await until(lambda: avatar.frames[-1][1] == SHUT, 0.2)
        await asyncio.sleep(0.1)
        assert avatar.frames[-1][1] == SHUT


async def test_who_joins_in_the_middle_shows_the_mood_she_speaks_in(controller: Start) -> None:
    """As after a crash of this module."""
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        progressed = PlaybackProgressed(
            utterance_id="u1", turn_id="t1", epoch=1, index=1, text="And on.", position_seconds=4.0,
            known_seconds=9, mood=Mood.HAPPY,
        )  # fmt: skip
        await stand.bus.publish(progressed)
        await until(lambda: avatar.moods == [Mood.HAPPY])
        await stand.bus.publish(SetExpression(mood=Mood.SMUG, hold_seconds=30))
        await until(lambda: avatar.moods[-1] is Mood.SMUG)
        again = progressed.model_copy(update={"position_seconds": 4.3, "event_id": "e2"})
        await stand.bus.publish(again)
        await asyncio.sleep(0.1)
        assert avatar.moods == [Mood.HAPPY, Mood.SMUG]


async def test_what_avatars_count_stands_in_the_metrics(controller: Start) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        await until(lambda: avatar.frames)
        assert stand.worker.gauges()["avatars_ready"] == 1
        assert stand.worker.counters["frames"] >= 1
        assert stand.worker.counters["vtube_studio_frames_sent"] >= 1


async def test_moods_and_bearings_reach_every_avatar_once(controller: Start) -> None:
    avatars = [ScriptedAvatar(), overlay()]
    async with controller(*avatars) as stand:
        await stand.bus.publish(SpeechStarted())
        await until(lambda: avatars[0].bearings == [Bearing.LISTENING])
        await stand.bus.publish(SpeechEnded(duration_seconds=1))
        await stand.bus.publish(turn())
        await until(lambda: avatars[0].bearings[-1] is Bearing.THINKING)
        await begins_to_speak(stand, Mood.EXCITED)
        await until(lambda: avatars[0].bearings[-1] is Bearing.SPEAKING)
        for avatar in avatars:
            assert avatar.bearings == [Bearing.LISTENING, Bearing.THINKING, Bearing.SPEAKING]
            assert avatar.moods == [Mood.EXCITED]
        await stand.told()
        told = (await stand.facts(PresenceChanged))[-1]
        assert (told.mood, told.bearing) == (Mood.EXCITED, Bearing.SPEAKING)


async def test_without_an_avatar_that_takes_frames_none_is_made(controller: Start) -> None:
    avatar = ScriptedAvatar(capabilities=NOTHING, link=AvatarLink.WAITING, detail="It is not there")
    async with controller(avatar) as stand:
        await asyncio.sleep(0.2)
        assert not avatar.frames
        assert stand.worker.animator.frames == 0
        avatar.becomes(AvatarLink.READY, frozenset({Capability.FRAMES}), "")
        await until(lambda: len(avatar.frames) > 10)
        avatar.becomes(AvatarLink.WAITING, NOTHING, "It is not there")
        await asyncio.sleep(0.05)
        made = len(avatar.frames)
        await asyncio.sleep(0.2)
        assert len(avatar.frames) == made


async def test_an_avatar_that_breaks_is_left_out_and_the_others_go_on(controller: Start) -> None:
    broken, whole = ScriptedAvatar("vmc", breaks_in_frames=True), ScriptedAvatar()
    async with controller(broken, whole) as stand:
        await until(lambda: len(whole.frames) > 10)
        assert not broken.frames
        health = stand.worker.health()
        assert health.state is ModuleState.DEGRADED
        assert health.detail.startswith("Vmc: failed, see the log.")


# Panic, and off -------------------------------------------------------------------------------


async def test_panic_reaches_every_avatar_although_one_hangs(controller: Start) -> None:
    avatars = [ScriptedAvatar("vmc", hangs_in_panic=True), ScriptedAvatar()]
    async with controller(*avatars) as stand:
        await until(lambda: avatars[1].frames)
        await stand.bus.publish(SetExpression(mood=Mood.ANGRY))
        await until(lambda: avatars[1].moods == [Mood.ANGRY])
        await stand.bus.publish(EngagePanic(reason="x", ordinal=10**13))
        await until(lambda: avatars[1].panics == [True], 0.5)
        assert avatars[0].panics == [True]
        assert avatars[1].moods[-1] is Mood.NEUTRAL
        made = len(avatars[1].frames)
        await asyncio.sleep(0.1)
        assert len(avatars[1].frames) == made
        answer = await stand.order(TriggerHotkey(hotkey="wave"))
        assert (answer.code, avatars[1].asked) == ("panic", [])
        await until(lambda: stand.worker.counters["panics"] == 1)
        await stand.bus.publish(ReleasePanic(ordinal=10**13 + 1))
        await until(lambda: avatars[1].panics == [True, False])
        await until(lambda: len(avatars[1].frames) > made)


async def test_a_panic_that_was_engaged_before_is_in_force_without_a_bus(
    controller: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        stand.worker.panic.engage("x", "test")
    again = ScriptedAvatar()
    async with controller(again, entered=False) as stand:
        await until(lambda: again.runs)
        assert again.panics == [True]
        assert not again.frames


async def test_off_it_leaves_avatars_alone_and_says_so(controller: Start) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        await until(lambda: avatar.frames)
        await stand.bus.publish(SetModuleEnabled(module="avatar_controller", enabled=False))
        await until(lambda: avatar.panics == [True])
        answer = await stand.order(TriggerHotkey(hotkey="wave"))
        assert answer.code == AvatarRefusal.OFF
        made = len(avatar.frames)
        await asyncio.sleep(0.1)
        assert len(avatar.frames) == made


async def test_it_lets_go_of_avatars_at_the_end(controller: Start) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar):
        pass
    assert avatar.closed


# Orders ---------------------------------------------------------------------------------------


async def test_a_gesture_is_made_by_all_who_can_and_answered_once(controller: Start) -> None:
    avatars = [ScriptedAvatar(), overlay()]
    async with controller(*avatars) as stand:
        order = TriggerHotkey(hotkey="wave")
        answer = await stand.order(order)
        assert isinstance(answer, StageCommandDone)
        assert [avatar.asked for avatar in avatars] == [[("gesture", "wave")]] * 2
        await asyncio.sleep(0.1)
        answers = await stand.facts(StageCommandDone) + await stand.facts(StageCommandFailed)
        assert [one.cause_id for one in answers] == [order.event_id]


async def test_built_in_gestures_are_made_with_the_head(controller: Start) -> None:
    avatars = [ScriptedAvatar(), overlay()]
    async with controller(*avatars, file="idle: {sway_degrees: 0}") as stand:
        await until(lambda: avatars[0].frames)
        assert isinstance(await stand.order(TriggerHotkey(hotkey="Nod")), StageCommandDone)
        assert avatars[0].asked == []
        assert avatars[1].asked == [("gesture", "nod")]
        await until(lambda: any(pose.pitch < -4 for _, _, pose in avatars[0].frames))


async def test_what_was_done_is_said_as_it_was(controller: Start) -> None:
    avatar = ScriptedAvatar(link=AvatarLink.WAITING)
    async with controller(avatar) as stand:
        asked = (await stand.order(SignInAvatar())).message
        assert "start it" in asked
        avatar.link = AvatarLink.ASKING
        assert "click Allow" in (await stand.order(SignInAvatar())).message
        for expression, said in ((None, "by name"), ("", "Nothing shows"), ("Grin", "by 'Grin'")):
            answer = await stand.order(MapMood(mood=Mood.HAPPY, expression=expression))
            assert said in answer.message


async def test_an_order_that_hangs_keeps_neither_playback_nor_other_orders_waiting(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar(hangs_in_gestures=True)
    async with controller(avatar) as stand:
        await stand.bus.publish(TriggerHotkey(hotkey="dance"))
        await until(lambda: avatar.asked)
        assert isinstance(await stand.order(SignInAvatar()), StageCommandDone)
        await begins_to_speak(stand)
        await until(lambda: avatar.bearings == [Bearing.SPEAKING])
        await until(lambda: avatar.frames[-1][1].open > 0.5)
        avatar.lets_go.set()


async def test_what_one_does_not_know_the_other_may(controller: Start) -> None:
    unknown = AvatarRefused(AvatarRefusal.NOT_FOUND, "The drawn character cannot do that.")
    avatars = [ScriptedAvatar(), overlay()]
    avatars[1].refuses["gesture"] = unknown
    async with controller(*avatars) as stand:
        assert isinstance(await stand.order(TriggerHotkey(hotkey="dance")), StageCommandDone)
        avatars[0].refuses["gesture"] = AvatarRefused(
            AvatarRefusal.NOT_FOUND, "No hotkey has that in it."
        )
        answer = await stand.order(TriggerHotkey(hotkey="dance"))
        assert answer.message == "No hotkey has that in it."


async def test_orders_for_an_avatar_that_is_not_there_are_refused_in_words(
    controller: Start,
) -> None:
    away = ScriptedAvatar(
        capabilities=NOTHING,
        link=AvatarLink.WAITING,
        detail="VTube Studio is not running: start it.",
    )
    items = "items: {heart: {file: heart.png}}"
    async with controller(away, file=items) as stand:
        for order in (
            ShowItem(item="heart"),
            TriggerHotkey(hotkey="dance"),
        ):
            answer = await stand.order(order)
            assert isinstance(answer, StageCommandFailed)
            assert answer.code == AvatarRefusal.NOT_READY
            assert "VTube Studio is not running: start it." in answer.message
        answer = await stand.order(SignInAvatar(avatar="vmc"))
        assert (answer.code, "VMC_TARGET" in answer.message) == (AvatarRefusal.NOT_CONFIGURED, True)


async def test_items_of_the_file_are_shown_those_of_the_overlay_left_to_it_and_others_refused(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar()
    drawn = next(iter(load_items()))
    async with controller(avatar, file="items: {prize: {file: prize.png}}") as stand:
        await stand.bus.publish(ShowItem(item=drawn))
        await stand.order(ShowItem(item="prize"))
        assert avatar.asked == [("show_item", "prize")]
        assert not await stand.facts(StageCommandFailed)
        answer = await stand.order(ShowItem(item="../../secret"))
        assert answer.code == AvatarRefusal.NOT_FOUND
        assert avatar.asked == [("show_item", "prize")]


async def test_expressions_are_tried_and_chosen_and_the_app_is_asked_again(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        await stand.order(ShowExpression(expression="Smile"))
        await stand.order(MapMood(mood=Mood.SAD, expression=""))
        await stand.order(SignInAvatar())
        assert avatar.asked == [("show_expression", "Smile"), ("map_mood", "sad", ""), ("sign_in",)]


async def test_an_order_of_a_process_that_died_over_it_is_not_carried_out_twice(
    controller: Start,
) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        for order in (TriggerHotkey(hotkey="dance"), ShowItem(item="nothing of ours")):
            work = await stand.worker.take_order(order, Delivery(order, STAGE, deliveries=2))
            assert work is not None
            await work
        refused = await stand.facts(StageCommandFailed)
        assert [one.code for one in refused] == ["stale", "stale"]
        assert avatar.asked == []


async def test_what_belongs_to_a_turn_that_was_cut_is_not_done(controller: Start) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        await stand.bus.publish(StopSpeaking(epoch=5))
        await until(lambda: stand.worker.fences.stale("main", 4, "t1"))
        answer = await stand.order(TriggerHotkey(hotkey="wave", turn_id="t1", epoch=4))
        assert (answer.code, avatar.asked) == ("stale", [])
        await stand.bus.publish(SetExpression(mood=Mood.SAD, turn_id="t1", epoch=4))
        await stand.bus.publish(SetExpression(mood=Mood.HAPPY, turn_id="t2", epoch=5))
        await until(lambda: avatar.moods)
        assert avatar.moods == [Mood.HAPPY]


# How it is ------------------------------------------------------------------------------------


async def test_the_latch_says_the_same_as_the_last_event(controller: Start) -> None:
    avatar = ScriptedAvatar(capabilities=NOTHING, link=AvatarLink.ASKING, detail="Click Allow")
    async with controller(avatar) as stand:
        told = await stand.told()
        assert told.avatars[0].link is AvatarLink.ASKING
        avatar.becomes(AvatarLink.READY, frozenset({Capability.FRAMES}), "")
        told = await stand.told()
        assert told.avatars[0].link is AvatarLink.READY
        latch = await stand.bus.latch("main", "avatar")
        assert latch is not None
        assert AvatarChanged.model_validate(latch).avatars == told.avatars
        before = len(await stand.facts(AvatarChanged))
        for _ in range(20):
            avatar.changed()
        await asyncio.sleep(GATHER_SECONDS + 0.1)
        assert len(await stand.facts(AvatarChanged)) == before


async def test_a_mood_is_told_without_the_names_of_the_model(controller: Start) -> None:
    avatar = ScriptedAvatar(detail="x" * 500)
    async with controller(avatar) as stand:
        await stand.told()
        before = len(await stand.facts(AvatarChanged))
        await stand.bus.publish(SetExpression(mood=Mood.SMUG))
        await until(lambda: avatar.moods)
        await asyncio.sleep(GATHER_SECONDS + 0.1)
        news = (await stand.facts(PresenceChanged))[-1]
        assert news.mood is Mood.SMUG
        assert len(news.model_dump_json()) < 500
        assert len(await stand.facts(AvatarChanged)) == before
        latch = await stand.bus.latch("main", "avatar_presence")
        assert latch is not None
        assert PresenceChanged.model_validate(latch).mood is Mood.SMUG
        avatar.becomes(AvatarLink.READY, NOTHING, "another")
        assert (await stand.told()).mood is Mood.SMUG


@pytest.mark.parametrize(
    ("avatar", "state"),
    [
        (ScriptedAvatar(), ModuleState.READY),
        (ScriptedAvatar(link=AvatarLink.ASKING, detail="Click Allow"), ModuleState.READY),
        (ScriptedAvatar(link=AvatarLink.DENIED, detail="It was denied"), ModuleState.DEGRADED),
        (ScriptedAvatar(taken=("MouthOpen",), detail="taken"), ModuleState.DEGRADED),
        (ScriptedAvatar("vmc", link=AvatarLink.UNSEEN), ModuleState.READY),
        (ScriptedAvatar("vmc", link=AvatarLink.WAITING, detail="no host"), ModuleState.DEGRADED),
    ],
)
async def test_only_what_somebody_set_up_and_is_wrong_is_trouble(
    controller: Start, avatar: ScriptedAvatar, state: ModuleState
) -> None:
    async with controller(avatar, overlay()) as stand:
        health = stand.worker.health()
        assert health.state is state
        assert health.detail == avatar.detail


async def test_a_program_that_does_not_run_is_no_trouble(controller: Start) -> None:
    avatar = ScriptedAvatar(link=AvatarLink.WAITING, detail="It does not answer: start it.")
    async with controller(avatar, overlay()) as stand:
        health = stand.worker.health()
        assert health.state is ModuleState.READY
        assert health.detail == "not running: Vtube Studio"
        assert "Overlay" in health.engine


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("idle:\n  gaze: maybe\n", "avatar.yaml, line 2: idle.gaze: must be true or false;"),
        ("idle:\n  blnk: on\n", "idle.blnk: is not a setting of this file; there are: blink,"),
        ("\tidle", "avatar.yaml, line 1: not valid YAML"),
        ("moods: {fade_seconds: 99}", "moods.fade_seconds: must be less than or equal to 2"),
    ],
)
async def test_a_file_that_is_wrong_takes_nothing_away_and_is_said_once(
    controller: Start, quick_looks: None, file: str, told: str
) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar, file=file) as stand:
        await until(lambda: avatar.frames)
        await begins_to_speak(stand)
        await until(lambda: avatar.frames[-1][1].open > 0.5)
        assert avatar.moods == [Mood.HAPPY]
        health = stand.worker.health()
        assert health.state is ModuleState.DEGRADED
        assert told in health.detail
        assert health.detail.endswith("until that is corrected the usual settings count.")
        assert (await stand.told()).file_trouble == health.detail
        await asyncio.sleep(0.1)
        [reported] = await stand.facts(ErrorReported)
        assert (reported.code, reported.message) == ("avatar_file_wrong", health.detail)


async def test_what_is_saved_counts_without_a_restart_and_what_is_wrong_changes_nothing(
    controller: Start, quick_looks: None, tmp_path: Path
) -> None:
    path, avatar = tmp_path / "avatar.yaml", ScriptedAvatar()
    items = "items: {prize: {file: prize.png}}\n"
    async with controller(avatar, file="") as stand:
        assert (await stand.order(ShowItem(item="prize"))).code == AvatarRefusal.NOT_FOUND
        path.write_text(items + "idle: {sway_degrees: 0}\nmoods: {hold_seconds: 0}\n", "utf-8")
        await until(lambda: avatar.files)
        assert isinstance(await stand.order(ShowItem(item="prize")), StageCommandDone)
        await until(lambda: avatar.frames[-1][2].weight == 0)
        for mood in (Mood.SAD, Mood.SMUG):  # with the usual rules the first would be held
            await stand.bus.publish(SetExpression(mood=mood))
        await until(lambda: avatar.moods[-1:] == [Mood.SMUG])
        path.write_text(items + "idle: {sway_degrees: much}\n", "utf-8")
        await until(lambda: stand.worker.health().state is ModuleState.DEGRADED)
        trouble = stand.worker.health().detail
        assert "its settings of before count" in trouble
        assert (await stand.told()).file_trouble == trouble
        assert len(avatar.files) == 1
        assert isinstance(await stand.order(ShowItem(item="prize")), StageCommandDone)
        assert avatar.frames[-1][2].weight == 0
        path.write_text("idle: {sway_degrees: 5}\n", "utf-8")
        await until(lambda: stand.worker.health().state is ModuleState.READY)
        assert (await stand.order(ShowItem(item="prize"))).code == AvatarRefusal.NOT_FOUND
        await until(lambda: avatar.frames[-1][2].weight > 0)
        assert (await stand.told()).file_trouble == ""
        assert len(await stand.facts(ErrorReported)) == 1


async def test_a_file_that_is_taken_away_leaves_what_it_said(
    controller: Start, quick_looks: None, tmp_path: Path
) -> None:
    async with controller(ScriptedAvatar(), file="items: {prize: {file: prize.png}}") as stand:
        assert (await stand.told()).file_trouble == ""
        (tmp_path / "avatar.yaml").unlink()
        await until(lambda: "there is no file" in stand.worker.health().detail)
        assert "there is no file" in (await stand.told()).file_trouble
        assert isinstance(await stand.order(ShowItem(item="prize")), StageCommandDone)


async def test_a_connection_that_comes_and_goes_for_ever_is_told_of_now_and_then(
    controller: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "AT_ONCE", 3)
    monkeypatch.setattr(report_module, "STEADY_SECONDS", 0.5)
    avatar = ScriptedAvatar(capabilities=NOTHING)
    async with controller(avatar) as stand:
        before = len(await stand.facts(AvatarChanged))
        monkeypatch.setattr(report_module, "GATHER_SECONDS", 0.01)
        for number in range(40):
            links = (AvatarLink.ASKING, AvatarLink.WAITING)
            avatar.becomes(links[number % 2], NOTHING, str(number))
            await asyncio.sleep(0.03)
        assert len(await stand.facts(AvatarChanged)) - before <= 3 + 4
        avatar.becomes(AvatarLink.READY, NOTHING, "at last")
        await asyncio.sleep(0.7)
        assert (await stand.told()).avatars[0].detail == "at last"


async def test_names_out_of_orders_steer_no_terminal(controller: Start) -> None:
    async with controller(ScriptedAvatar()) as stand:
        for order in (
            TriggerHotkey(hotkey="a\x1b[2J\u202eb" + "c" * 100),
            ShowExpression(expression="a\x1b[2J\u202eb"),
            ShowItem(item="a\x1b[2J\u202eb"),
        ):
            message = (await stand.order(order)).message
            assert message.isprintable()
            assert len(message) < 200


# Panic ----------------------------------------------------------------------------------------


async def test_what_was_said_and_ordered_before_a_release_is_not_shown_after_it(
    controller: Start,
) -> None:
    """As when a bus that was away brings it late."""
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        before = clock.now()
        await stand.bus.publish(EngagePanic(reason="r", ordinal=1))
        await until(lambda: avatar.panics == [True])
        await stand.bus.publish(ReleasePanic(ordinal=2))
        await until(lambda: avatar.panics == [True, False])
        old = {"emitted_at": before}
        started = PlaybackStarted(
            utterance_id="u0", turn_id="t0", epoch=9, text="Hello.", mood=Mood.SAD, output="silent",
            started_at=before, first_chunk_at=before, **old,
        )  # fmt: skip
        progressed = PlaybackProgressed(
            utterance_id="u0", turn_id="t0", epoch=9, index=0, text="Hello.", position_seconds=0.1,
            known_seconds=9, **old,
        )  # fmt: skip
        for event in (started, progressed, SetExpression(mood=Mood.ANGRY, **old)):
            await stand.bus.publish(event)
        await stand.bus.publish(turn().model_copy(update=old))
        answer = await stand.order(TriggerHotkey(hotkey="dance", **old))
        assert (answer.code, avatar.asked) == ("stale", [])
        await asyncio.sleep(0.1)
        assert (avatar.moods, avatar.bearings) == ([], [])
        assert avatar.frames[-1][1] == SHUT
        await begins_to_speak(stand)
        await until(lambda: avatar.frames[-1][1].open > 0.5)
        assert avatar.moods == [Mood.HAPPY]


async def test_a_hold_that_ended_during_a_panic_holds_nothing_after_it(controller: Start) -> None:
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        hold = {"by": "voice", "at_most_seconds": 30.0}
        await stand.bus.publish(HoldSpeaking(hold=SpeechHold.PAUSED, **hold))
        await stand.bus.publish(EngagePanic(reason="r", ordinal=1))
        await until(lambda: avatar.panics == [True])
        await stand.bus.publish(HoldSpeaking(hold=SpeechHold.NONE, **hold))
        await asyncio.sleep(0.1)
        await stand.bus.publish(ReleasePanic(ordinal=2))
        await until(lambda: avatar.panics == [True, False])
        await begins_to_speak(stand)
        await until(lambda: avatar.frames[-1][1].open > 0.5)
        await stand.bus.publish(HoldSpeaking(hold=SpeechHold.NONE, by="cough"))
        await asyncio.sleep(0.1)
        assert avatar.frames[-1][1].open > 0.5


async def test_a_release_before_the_shows_clock_was_known_leaves_her_deaf_to_nothing(
    controller: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine's clock was an hour ahead, and the bus has said so since."""
    avatar = ScriptedAvatar()
    async with controller(avatar) as stand:
        clock.set_offset(3_600.0)
        try:
            await stand.bus.publish(EngagePanic(reason="r", ordinal=1))
            await until(lambda: avatar.panics == [True])
            await stand.bus.publish(ReleasePanic(ordinal=2))
            await until(lambda: avatar.panics == [True, False])
        finally:
            clock.set_offset(0.0)
        await begins_to_speak(stand)
        await until(lambda: avatar.frames[-1][1].open > 0.5)
