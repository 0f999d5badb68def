"""The avatar_controller as a worker: over the bus, with avatars that remember."""

import asyncio

import pytest

from apps.avatar_controller.engines.base import SHUT, Capability
from libs.contracts.avatar import AvatarLink, AvatarRefusal, Bearing, PresenceChanged
from libs.contracts.control import EngagePanic, ReleasePanic, SetModuleEnabled
from libs.contracts.health import ModuleState
from libs.contracts.interruption import HoldSpeaking, SpeechHold, StopSpeaking
from libs.contracts.listening import SpeechEnded, SpeechStarted
from libs.contracts.speaking import Mood, PlaybackProgressed, PlaybackStarted
from libs.contracts.stage import SetExpression, TriggerHotkey
from libs.telemetry import clock
from tests.avatar_controller.scene import NOTHING, Start, begins_to_speak, overlay, turn
from tests.avatar_controller.scripted_avatar import ScriptedAvatar
from tests.worker.module_stand import until

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
