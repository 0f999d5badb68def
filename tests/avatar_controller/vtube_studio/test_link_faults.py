"""Every fault of VTube Studio ends in the right state, and is over as soon as it is back."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apps.avatar_controller.engines.vtube_studio import link as link_module
from apps.avatar_controller.engines.vtube_studio.errors import VtsAway, VtsRefused
from libs.contracts.avatar import AvatarLink
from libs.testing.ports import free_port
from libs.testing.stand_ins.not_obs import OldObsServer, PlainWebServer, SilentServer
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from tests.avatar_controller.vtube_studio.link_stand import FRAME, LinkStand
from tests.avatar_controller.vtube_studio.scripted_vts import until

NAME = "Kitsu"


@pytest.fixture
async def vts() -> AsyncIterator[VTubeStudioStandIn]:
    async with VTubeStudioStandIn() as app:
        yield app


@pytest.fixture
async def stand(vts: VTubeStudioStandIn, tmp_path: Path) -> AsyncIterator[LinkStand]:
    """Ready, and sending frames."""
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        stand.send_frames()
        await frames_arrive(vts)
        stand.told.clear()
        yield stand


async def frames_arrive(vts: VTubeStudioStandIn, count: int = 5) -> None:
    """From now on, and VTube Studio takes them."""
    seen = len(vts.recording.injections)
    await until(
        lambda: sum(one.error_id == -1 for one in list(vts.recording.injections)[seen:]) >= count
    )


# The connection ----------------------------------------------------------------------------------


async def test_a_cut_connection_is_made_again(vts: VTubeStudioStandIn, stand: LinkStand) -> None:
    vts.drop()
    await stand.ready(times=2)
    await frames_arrive(vts)
    assert stand.links() == [AvatarLink.WAITING, AvatarLink.READY]
    assert len(vts.studio.popup.asked) == 1, "nobody is asked again"


async def test_an_app_that_was_closed_and_opened_is_found(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    await vts.restart(down_seconds=1.0)
    back_at = asyncio.get_running_loop().time()
    assert not stand.link.ready
    assert "start it" in stand.link.detail
    await stand.ready(times=2)
    took = asyncio.get_running_loop().time() - back_at
    await frames_arrive(vts)
    assert stand.links()[-1] is AvatarLink.READY
    assert set(stand.links()[:-1]) == {AvatarLink.WAITING}
    assert took < 5.0, "long after the app was back (a bound for busy machines; the aim is one)"


async def test_while_it_is_away_requests_fail_at_once_and_frames_are_skipped(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    await vts.stop()
    await stand.reach(AvatarLink.WAITING)
    with pytest.raises(VtsAway):
        await stand.link.request("CurrentModelRequest")
    assert not stand.link.send_values(FRAME)


async def test_an_app_that_comes_later_than_kitsu_is_found(tmp_path: Path) -> None:
    vts = VTubeStudioStandIn()
    await vts.start()
    await vts.stop()
    async with LinkStand(vts.url, tmp_path) as stand:
        detail = await stand.reach(AvatarLink.WAITING, "does not answer")
        assert "start it" in detail
        await vts.start()
        await stand.ready()
        await vts.stop()


async def test_a_restart_that_lost_the_tokens_ends_in_one_click(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    vts.studio.popup.answer = "wait"
    old = stand.store.read().token
    await vts.restart(forget_tokens=True)
    await stand.reach(AvatarLink.ASKING, "click Allow")
    await until(lambda: vts.studio.popup.is_open)
    vts.studio.popup.click()
    await stand.ready(times=2)
    await frames_arrive(vts)
    assert stand.store.read().token != old
    assert len(vts.studio.popup.asked) == 2


async def test_a_right_that_was_taken_back_is_asked_for_again(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    vts.studio.popup.answer = "wait"
    vts.studio.revoke(NAME)
    await stand.reach(AvatarLink.ASKING, "click Allow")
    assert 50 in stand.link.counters.errors
    await until(lambda: vts.studio.popup.is_open)
    vts.studio.popup.click()
    await stand.ready(times=2)
    await frames_arrive(vts)


async def test_an_app_that_forgot_the_sign_in_gets_it_anew(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    vts.faults.fail_next("StatisticsRequest", 8)
    with pytest.raises(VtsRefused) as refused:
        await stand.link.request("StatisticsRequest")
    assert refused.value.error_id == 8
    await stand.ready(times=2)
    await frames_arrive(vts)
    assert len(vts.studio.popup.asked) == 1


async def test_an_api_that_is_switched_off_is_said_until_it_is_on(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    vts.studio.api_active = False
    detail = await stand.reach(AvatarLink.WAITING, "API is off")
    assert "Start API (allow plugins)" in detail
    await asyncio.sleep(0.6)
    assert stand.link.detail == detail
    vts.studio.api_active = True
    await stand.ready(times=2)
    await frames_arrive(vts)


# Answers -----------------------------------------------------------------------------------------


async def test_shuffled_answers_all_find_their_requests(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    vts.answers.shuffled = True
    names = ["MouthOpen", "MouthSmile", "FaceAngleX", "EyeOpenLeft"] * 10

    async def value_of(name: str) -> object:
        return (await stand.link.request("ParameterValueRequest", {"name": name}))["name"]

    assert await asyncio.gather(*map(value_of, names)) == names
    assert stand.link.connections == 1


async def test_five_lost_answers_cost_nothing(vts: VTubeStudioStandIn, stand: LinkStand) -> None:
    vts.answers.swallow(5)
    await until(lambda: stand.link.counters.forgotten >= 5)
    await frames_arrive(vts)
    assert stand.told == []
    assert stand.link.connections == 1


@pytest.mark.parametrize("answers", ["at once", "60 fps", "30 fps", "200 ms late", "shuffled"])
async def test_frames_flow_however_late_the_answers_are(
    answers: str, vts: VTubeStudioStandIn, tmp_path: Path
) -> None:
    """While other requests run, of which each gets its answer."""
    vts.answers.frame_hz = {"60 fps": 60.0, "30 fps": 30.0}.get(answers)
    vts.answers.late_seconds = 0.2 if answers == "200 ms late" else 0.0
    vts.answers.shuffled = answers == "shuffled"
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        stand.send_frames()
        for _ in range(5):
            found = await stand.link.request("HotkeysInCurrentModelRequest")
            assert found["availableHotkeys"]
            await asyncio.sleep(0.1)
        offered, arrived = stand.frames_offered, len(vts.recording.injections)
        assert offered > 20
        assert arrived >= 0.9 * offered
        assert stand.link.counters.errors == {}
        assert stand.told[-1][0] is AvatarLink.READY


async def test_frames_are_told_of_what_another_plugin_holds(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    vts.studio.parameters.drop_values()
    async with vts.other_plugin({"MouthSmile": 1.0}):
        stand.link.send_values([("MouthSmile", 0.0, 1.0)])
        await until(lambda: stand.frame_errors)
    error_id, said = stand.frame_errors[0]
    assert error_id == 454
    assert "MouthSmile" in said
    assert stand.link.ready
    assert stand.link.counters.errors == {454: 1}


# Hanging -----------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(link_module, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(link_module, "HANGING_SECONDS", 1.5)
    monkeypatch.setattr(link_module, "MEET_SECONDS", 1.0)


@pytest.mark.usefixtures("impatient")
async def test_an_app_that_hangs_and_wakes_keeps_its_connection(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    vts.answers.hang()
    detail = await stand.reach(AvatarLink.HANGING)
    assert "start it again" in detail
    assert not stand.link.send_values(FRAME), "nothing piles up meanwhile"
    vts.answers.resume()
    await stand.reach(AvatarLink.READY)
    await frames_arrive(vts)
    assert stand.link.connections == 1
    assert stand.links() == [AvatarLink.HANGING, AvatarLink.READY]


@pytest.mark.usefixtures("impatient")
async def test_an_app_that_hangs_for_long_is_connected_to_anew(
    vts: VTubeStudioStandIn, stand: LinkStand
) -> None:
    vts.answers.hang()
    await stand.reach(AvatarLink.HANGING)
    await until(lambda: vts.connections >= 3)
    assert stand.link.link is AvatarLink.HANGING
    vts.answers.resume()
    await stand.ready(times=2)
    await frames_arrive(vts)
    assert set(stand.links()[:-1]) == {AvatarLink.HANGING}


@pytest.mark.usefixtures("impatient")
async def test_a_quiet_app_is_no_hanging_one(vts: VTubeStudioStandIn, tmp_path: Path) -> None:
    """Nothing is sent for long, and nothing comes."""
    async with LinkStand(vts.url, tmp_path) as stand:
        await stand.ready()
        await until(lambda: vts.recording.counts["APIStateRequest"] >= 4)
        assert stand.links()[-1] is AvatarLink.READY
        assert AvatarLink.HANGING not in stand.links()


# Wrong programs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("program", [PlainWebServer, OldObsServer])
async def test_another_program_at_the_port_is_said(
    program: type[PlainWebServer | OldObsServer], tmp_path: Path
) -> None:
    async with program() as other:
        port = other.port
        async with LinkStand(f"ws://127.0.0.1:{port}", tmp_path) as stand:
            detail = await stand.reach(AvatarLink.WRONG_PROGRAM)
            assert "is not VTube Studio" in detail
            assert "VTS_URL" in detail
            await asyncio.sleep(0.6)
            assert len(stand.told) == 1
    async with VTubeStudioStandIn(port), LinkStand(f"ws://127.0.0.1:{port}", tmp_path) as stand:
        await stand.ready()


@pytest.mark.usefixtures("impatient")
async def test_a_silent_program_at_the_port_is_said(tmp_path: Path) -> None:
    port = free_port()
    async with SilentServer(port), LinkStand(f"ws://127.0.0.1:{port}", tmp_path) as stand:
        detail = await stand.reach(AvatarLink.HANGING)
    assert "restart VTube Studio" in detail
    assert "VTS_URL" in detail


# Being found -------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="counts the sockets of this process as Linux does")
async def test_a_link_that_never_finds_anybody_leaves_nothing_open(tmp_path: Path) -> None:
    async with LinkStand("ws://127.0.0.1:1", tmp_path) as stand:
        await stand.reach(AvatarLink.WAITING)
        before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - a folder of numbers
        await asyncio.sleep(1.5)
        assert len(os.listdir("/dev/fd")) <= before + 2  # noqa: PTH208
