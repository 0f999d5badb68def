"""Panic in OBS: what it does, what it keeps in force, and what its release puts back."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from apps.obs_controller.engines.base import NOT_FOUND, CannotConnect, Request, Result
from apps.obs_controller.link import ObsLink, Priority
from apps.obs_controller.panic_macro import LONGEST_SWITCH_SECONDS, PanicMacro
from apps.obs_controller.panic_memory import PanicMemory, Remembered
from apps.obs_controller.settings import ObsControllerSettings
from apps.obs_controller.studio_state import StudioState
from libs.bus.base import BusUnavailable
from libs.bus.memory import MemoryBus
from libs.contracts.stage import StageCommandFailed, SwitchScene
from libs.contracts.studio import (
    ControlRecording,
    SetInputMute,
    StudioLink,
    StudioPanic,
    StudioPanicReported,
    TakeScreenshot,
)
from tests.avatar_controller.virtual_loop import run
from tests.obs_controller.conftest import Start
from tests.obs_controller.scripted_obs import MemoryObs
from tests.worker.module_stand import until


def in_panic(obs: MemoryObs) -> bool:
    return (
        obs.muted["Mic"]
        and obs.muted["Voice"]
        and obs.scene == "BRB"
        and obs.transition == "Schnitt"
        and obs.filters[("Live", "Panic")]
    )


async def test_panic_mutes_first_and_cuts_to_brb_in_one_batch(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller(obs_caption_source="Caption") as stand:
        await until(lambda: obs.settings.get("Caption") == {"text": ""})
        obs.asked.clear()
        answer = (await stand.request("POST", "/panic", {"reason": "test"})).json()

        assert in_panic(obs)
        assert obs.kinds_asked() == [
            "SetInputMute",
            "SetInputMute",
            "SetCurrentSceneTransition",
            "SetSceneSceneTransitionOverride",
            "SetCurrentProgramScene",
            "SetSourceFilterEnabled",
            "SetInputSettings",
        ]
        assert answer["obs"]["state"] == "applied"
        assert all(step["ok"] for step in answer["obs"]["steps"])


async def test_the_release_puts_back_what_was_and_says_so(
    controller: Start, obs: MemoryObs
) -> None:
    obs.muted["Voice"] = True
    async with controller() as stand:
        await stand.request("POST", "/panic")
        answer = (await stand.request("POST", "/panic/release")).json()

        assert (obs.scene, obs.transition) == ("Live", "Fade")
        assert obs.muted == {"Mic": False, "Voice": True}, "it was muted before"
        assert obs.filters[("Live", "Panic")] is False
        assert obs.overrides == {"BRB": None}
        said = {step["target"]: step["message"] for step in answer["obs"]["steps"]}
        assert said == {
            "BRB": "back to 'Live'",
            "Live: Panic": "off again",
            "Schnitt": "back to 'Fade'",
            "Mic": "unmuted",
        }
        asked = obs.kinds_asked()
        back = len(asked) - asked[::-1].index("SetCurrentProgramScene")
        assert "SetInputMute" in asked[back:], "sound comes back after the picture"
        assert asked[-1] == "SetCurrentSceneTransition", "not while OBS switches the scene"


async def test_a_missing_filter_or_input_does_not_stop_the_rest(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller(obs_panic_filter="Live: Gone", obs_mic_inputs="Mic, Other mic") as stand:
        answer = (await stand.request("POST", "/panic")).json()

        assert obs.muted["Mic"]
        assert obs.muted["Voice"]
        assert obs.scene == "BRB"
        assert answer["obs"]["state"] == "partly"
        failed = {s["target"]: s["message"] for s in answer["obs"]["steps"] if not s["ok"]}
        assert set(failed) == {"Live: Gone", "Other mic"}
        assert "OBS_PANIC_FILTER" in failed["Live: Gone"]
        assert "OBS_MIC_INPUTS" in failed["Other mic"]


async def test_a_brb_that_is_said_but_not_seen_is_gone_to_over_another_scene(
    controller: Start, obs: MemoryObs
) -> None:
    obs.scene, obs.also_seen = "BRB", {"Live"}
    async with controller() as stand:
        await stand.request("POST", "/panic")
        assert obs.also_seen == set()
        assert obs.scene == "BRB"
        switches = [r.data["sceneName"] for r in obs.asked if r.kind == "SetCurrentProgramScene"]
        assert switches == ["BRB", "Starting", "BRB"]


async def test_a_brb_that_turns_out_not_to_be_seen_is_gone_to_once_more(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        obs.also_seen = {"Live"}
        await until(lambda: obs.also_seen == set())
        assert obs.scene == "BRB"


@pytest.mark.parametrize("deep", [False, True])
async def test_a_scene_within_the_brb_scene_is_no_reason_to_switch(
    controller: Start, obs: MemoryObs, deep: bool
) -> None:
    obs.scene, obs.also_seen, obs.items["BRB"] = "BRB", {"Live"}, ["Live"]
    if deep:
        obs.also_seen, obs.items["BRB"] = {"Live", "Starting"}, ["Starting"]
        obs.items["Starting"] = ["Avatar", "Live"]
    async with controller() as stand:
        await stand.request("POST", "/panic")
        await asyncio.sleep(0.7)
        assert obs.also_seen == ({"Live", "Starting"} if deep else {"Live"})


async def test_the_transition_comes_back_only_when_viewers_see_one_scene(
    controller: Start, obs: MemoryObs
) -> None:
    """Also when the switch that is not over is the one that panic found under way."""
    obs.slow = True
    async with controller() as stand:
        await stand.request("POST", "/panic")
        release = asyncio.create_task(stand.request("POST", "/panic/release"))
        await until(lambda: obs.scene == "Live")
        obs.also_seen, before = {"Starting"}, len(obs.asked)
        await until(lambda: len(obs.asked) > before + 5 * len(obs.scenes))
        assert obs.transition == "Schnitt"
        obs.also_seen = set()
        await release
        assert obs.transition == "Fade"


class BusyLink:
    """To an OBS that takes half a second for every batch."""

    held = False

    def __init__(self, obs: MemoryObs) -> None:
        self._obs = obs

    async def batch(self, requests: Sequence[Request], priority: Priority) -> list[Result]:
        await asyncio.sleep(0.5)
        return [self._obs.do(request) for request in requests]


def test_a_switch_that_never_ends_is_waited_for_no_longer_where_obs_answers_late(
    obs: MemoryObs, tmp_path: Path
) -> None:
    async def live() -> None:
        memory = PanicMemory(tmp_path / "panic.json")
        settings = ObsControllerSettings(_env_file=None, kitsu_data_dir=tmp_path)
        macro = PanicMacro(settings, cast(ObsLink, BusyLink(obs)), memory)
        state = StudioState(scenes=obs.scenes, transitions=obs.transitions)
        await macro.apply(state)
        obs.slow = True
        begun_at = asyncio.get_running_loop().time()
        await macro.restore(state)
        assert asyncio.get_running_loop().time() - begun_at < LONGEST_SWITCH_SECONDS + 3.0
        assert (obs.scene, obs.transition) == ("Live", "Fade")

    run(live())


async def test_a_panic_in_the_middle_of_a_release_keeps_what_is_still_to_be_put_back(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        obs.slow = True
        await stand.request("POST", "/panic/release")
        assert obs.scene == "Live"
        obs.slow = False
        await stand.request("POST", "/panic")
        await until(lambda: in_panic(obs))
        await stand.request("POST", "/panic/release")
        await until(lambda: (obs.scene, obs.transition) == ("Live", "Fade"))


async def test_without_a_brb_scene_an_empty_one_is_made_so_that_the_picture_is_gone(
    controller: Start, obs: MemoryObs
) -> None:
    obs.scenes.remove("BRB")
    async with controller() as stand:
        assert stand.told.missing[0].startswith("scene 'BRB'")
        await stand.request("POST", "/panic")
        assert obs.scene == "BRB"
        assert "CreateScene" in obs.kinds_asked()


async def test_every_microphone_and_the_overlay_are_found_when_none_is_named(
    controller: Start, obs: MemoryObs
) -> None:
    obs.inputs |= {"USB": "wasapi_input_capture", "Game": "wasapi_output_capture"}
    obs.inputs |= {"Alerts": "browser_source", "Kitsu": "browser_source"}
    obs.muted |= dict.fromkeys(("USB", "Game", "Alerts", "Kitsu"), False)
    obs.settings["Alerts"] = {"url": "https://alerts.example/"}
    async with controller(obs_voice_inputs="", stage_port=8010) as stand:
        obs.settings["Kitsu"] = {"url": "http://127.0.0.1:8010/?key=x", "reroute_audio": True}
        await stand.worker.studio.read_anew()
        await stand.request("POST", "/panic")
        assert {name for name, muted in obs.muted.items() if muted} == {"Mic", "USB", "Kitsu"}
        assert {i.name: i.role for i in stand.told.inputs}["Kitsu"] == "voice"


async def test_orders_that_touch_the_air_are_refused_in_a_panic_and_others_are_not(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        refused = await stand.order(SwitchScene(scene="Live"))
        assert isinstance(refused, StageCommandFailed)
        assert refused.code == "panic"
        assert "kitsu panic --release" in refused.message
        assert (await stand.order(SetInputMute(input="Mic", muted=False))).code == "panic"
        assert in_panic(obs)
        assert (await stand.order(ControlRecording(action="start"))).type.endswith("done")
        await stand.bus.publish(TakeScreenshot())
        await until(lambda: "GetSourceScreenshot" in obs.kinds_asked(changing=False))


async def test_an_order_that_waits_behind_others_does_not_undo_the_panic(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        obs.gate.clear()
        link = stand.worker.studio.link
        waiting = [
            asyncio.create_task(link.call("SetCurrentProgramScene", sceneName="Starting"))
            for _ in range(20)
        ]
        await asyncio.sleep(0)
        panic = asyncio.create_task(stand.request("POST", "/panic"))
        await until(lambda: link.held)
        obs.gate.set()
        await panic
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert in_panic(obs)
        assert sum(isinstance(result, Exception) for result in results) >= 19


async def test_panic_is_in_force_again_when_obs_comes_back_unmuted(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        obs.there = False
        await until(lambda: stand.told.panic is StudioPanic.PENDING)
        assert stand.told.link is StudioLink.WAITING
        obs.scene, obs.muted, obs.transition = "Starting", {"Mic": False, "Voice": False}, "Fade"
        obs.filters[("Live", "Panic")] = False
        obs.there = True
        await stand.ready()
        assert in_panic(obs), "before the link is called ready"
        await until(lambda: stand.told.panic is StudioPanic.APPLIED)
        reports = await stand.told_of(StudioPanicReported, 2)
        assert [report.again for report in reports if report.engaged] == [False, True]

        await stand.request("POST", "/panic/release")
        assert obs.scene == "Live", "what was before the panic, not before the crash's end"
        assert obs.muted == {"Mic": False, "Voice": False}


async def test_a_hanging_obs_is_told_of_and_gets_the_panic_when_it_wakes(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        obs.gate.clear()
        answer = (await stand.request("POST", "/panic")).json()
        assert answer["engaged"] is True
        await until(lambda: stand.told.link is StudioLink.HANGING)
        assert stand.told.panic is StudioPanic.PENDING
        assert "hangs" in stand.told.detail
        assert not in_panic(obs)
        obs.gate.set()
        await until(lambda: in_panic(obs))
        await until(lambda: stand.told.panic is StudioPanic.APPLIED)


async def test_a_panic_that_obs_did_but_could_not_answer_is_taken_back_whole(
    controller: Start, obs: MemoryObs
) -> None:
    """OBS hung, did it when it woke, and knows nothing of before when it is asked again."""
    async with controller() as stand:
        obs.loses_answers = True
        await stand.request("POST", "/panic")
        await until(lambda: in_panic(obs))
        obs.loses_answers = False
        await until(lambda: stand.told.panic is StudioPanic.APPLIED)
        await stand.request("POST", "/panic/release")
        await until(lambda: obs.scene == "Live" and obs.transition == "Fade")
        assert obs.muted == {"Mic": False, "Voice": False}
        assert not obs.filters[("Live", "Panic")]


async def test_a_panic_engaged_while_obs_was_away_is_applied_before_anything_else(
    controller: Start, obs: MemoryObs
) -> None:
    obs.cannot = CannotConnect(StudioLink.WAITING, "Nothing answers.")
    async with controller(ready=False) as stand:
        await stand.request("POST", "/panic")
        obs.cannot = None
        await stand.ready()
        assert in_panic(obs)


async def test_a_restarted_worker_keeps_the_panic_and_still_knows_what_was_before(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
    obs.muted["Mic"] = False
    async with controller() as stand:
        assert in_panic(obs)
        await stand.request("POST", "/panic/release")
        assert (obs.scene, obs.transition) == ("Live", "Fade")


async def test_a_release_while_obs_was_away_is_carried_out_when_it_is_back(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        obs.there = False
        await until(lambda: not stand.worker.studio.link.ready)
        await stand.request("POST", "/panic/release")
        obs.there = True
        await stand.ready()
        await until(lambda: obs.scene == "Live" and not obs.muted["Mic"])


async def test_what_people_changed_during_the_panic_is_left_as_it_is(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        obs.scene = "Starting"
        obs.says("CurrentProgramSceneChanged", sceneName="Starting")
        await until(lambda: stand.told.panic is StudioPanic.PARTLY)
        undone = next(s for s in stand.told.panic_steps if s.what == "scene")
        assert "by hand" in undone.message

        answer = (await stand.request("POST", "/panic/release")).json()
        assert obs.scene == "Starting"
        said = {step["what"]: step["message"] for step in answer["obs"]["steps"]}
        assert "left alone" in said["scene"]


async def test_a_microphone_that_is_plugged_in_during_the_panic_is_muted_too(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        obs.inputs["Second mic"] = "alsa_input_capture"
        obs.muted["Second mic"] = False
        obs.says("InputCreated", inputName="Second mic")
        await until(lambda: obs.muted["Second mic"])


async def test_panic_and_release_in_quick_turns_end_as_the_last_one_said(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        for _ in range(5):
            await asyncio.gather(
                stand.request("POST", "/panic"), stand.request("POST", "/panic/release")
            )
        await stand.request("POST", "/panic")
        await until(lambda: in_panic(obs))
        await stand.request("POST", "/panic/release")
        await until(lambda: obs.scene == "Live" and not obs.muted["Mic"])
        assert obs.transition == "Fade"


async def test_a_panic_before_any_obs_is_configured_answers_and_asks_nothing(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller(ready=False, obs_ws_url="") as stand:
        answer = (await stand.request("POST", "/panic")).json()
        assert answer["engaged"] is True
        assert answer["obs"] == {"state": "off", "steps": []}
        assert stand.told.link is StudioLink.NOT_CONFIGURED
        assert obs.asked == []


async def test_a_refused_scene_switch_is_reported_with_the_step_that_mends_it(
    controller: Start, obs: MemoryObs
) -> None:
    obs.refuses["SetCurrentProgramScene"] = NOT_FOUND
    async with controller() as stand:
        answer = (await stand.request("POST", "/panic")).json()
        failed = [step for step in answer["obs"]["steps"] if not step["ok"]]
        assert [step["target"] for step in failed] == ["BRB"]
        assert "kitsu obs setup" in failed[0]["message"]


def test_the_first_value_before_a_panic_counts_and_a_broken_file_is_no_error(
    tmp_path: Path,
) -> None:
    path = tmp_path / "obs" / "before.json"
    memory = PanicMemory(path)
    memory.remember([Remembered("mute", "Mic", "", False)])
    memory.remember([Remembered("mute", "Mic", "", True), Remembered("scene", "BRB", "", "Live")])
    memory.presume([Remembered("mute", "Voice", "", False), Remembered("mute", "Mic", "", True)])
    memory.remember([Remembered("mute", "Voice", "", True)])
    assert [item.before for item in memory.items] == [False, "Live", True]
    memory.keep(memory.items[:2])
    again = PanicMemory(path)
    assert [item.before for item in again.items] == [False, "Live"]
    for broken in (b"\xff\x00", b"[1, 2]", b'{"what": 1}', b'[{"odd": 1}]'):
        path.write_bytes(broken)
        assert not PanicMemory(path)
    again.forget()
    assert not path.exists()


async def test_a_panic_does_not_wait_for_an_obs_that_nobody_expects(
    controller: Start, obs: MemoryObs
) -> None:
    obs.cannot = CannotConnect(StudioLink.WAITING, "Nothing answers.")
    async with controller(ready=False, obs_ws_password="") as stand:
        await until(lambda: stand.told.detail)
        answer = (await stand.request("POST", "/panic")).json()
        assert answer["obs"]["state"] == "off"
        assert stand.told.link is StudioLink.NOT_CONFIGURED
        obs.cannot = None
        await until(lambda: in_panic(obs))


async def test_a_worker_started_without_a_bus_brings_panic_to_obs_all_the_same(
    controller: Start, obs: MemoryObs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
    obs.scene, obs.muted = "Live", {"Mic": False, "Voice": False}

    async def away(self: MemoryBus) -> None:
        raise BusUnavailable("stopped")

    monkeypatch.setattr(MemoryBus, "open", away)
    async with controller(ready=False, entered=False) as stand:
        await until(lambda: in_panic(obs))  # the latch on its own disk
        await stand.request("POST", "/panic/release")
        await until(lambda: obs.scene == "Live" and not obs.muted["Mic"])
        answer = (await stand.request("POST", "/panic")).json()
        assert answer["obs"]["state"] == "applied"
        assert in_panic(obs)


async def test_a_panic_in_the_middle_of_a_release_wins(controller: Start, obs: MemoryObs) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        seen: list[bool] = []
        link = stand.worker.studio.link
        batch = link.batch

        async def held_after_reading(requests: Sequence[Request], *priority: Priority) -> Any:
            found = await batch(requests, *priority)
            if not link.held and requests[0].kind == "GetCurrentProgramScene" and not seen:
                seen.append(True)
                await stand.worker.panic_engaged("again")
                stand.worker.panic.engage("again", "test")
            return found

        link.batch = held_after_reading
        obs.asked.clear()
        await stand.request("POST", "/panic/release")
        assert seen
        await until(lambda: stand.told.panic is StudioPanic.APPLIED)
        opened = [r for r in obs.asked if r.kind == "SetInputMute" and not r.data["inputMuted"]]
        assert opened == []
        link.batch = batch
        await stand.request("POST", "/panic/release")
        await until(lambda: obs.scene == "Live" and not obs.muted["Mic"])


async def test_a_release_without_obs_says_that_it_is_put_back_later(
    controller: Start, obs: MemoryObs
) -> None:
    async with controller() as stand:
        await stand.request("POST", "/panic")
        obs.there = False
        await until(lambda: not stand.worker.studio.link.ready)
        answer = (await stand.request("POST", "/panic/release")).json()
        assert "as soon as OBS is there" in answer["obs"]["steps"][0]["message"]
