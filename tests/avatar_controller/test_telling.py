"""What the avatar_controller says of its avatars and its file, and when."""

import asyncio
from pathlib import Path

import pytest

from apps.avatar_controller import avatar_report as report_module
from apps.avatar_controller import file_watch
from apps.avatar_controller.avatar_report import GATHER_SECONDS
from apps.avatar_controller.engines.base import Capability
from libs.contracts.avatar import (
    AvatarChanged,
    AvatarLink,
    AvatarRefusal,
    PresenceChanged,
    ShowExpression,
)
from libs.contracts.health import ErrorReported, ModuleState
from libs.contracts.speaking import Mood
from libs.contracts.stage import SetExpression, ShowItem, StageCommandDone, TriggerHotkey
from tests.avatar_controller.scene import NOTHING, Start, begins_to_speak, overlay
from tests.avatar_controller.scripted_avatar import ScriptedAvatar
from tests.worker.module_stand import until


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at many times a second."""
    monkeypatch.setattr(file_watch, "LOOK_SECONDS", 0.02)


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
