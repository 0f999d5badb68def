"""The link: one talker, every answer its own, and a new connection at any doubt."""

import asyncio
import random

import pytest

from apps.obs_controller import link as link_module
from apps.obs_controller.allowed import ALLOWED, NotAllowed
from apps.obs_controller.engines.base import CannotConnect, ConnectionLost, Request
from apps.obs_controller.link import Held, NotConnected, ObsLink, Priority
from libs.contracts.studio import StudioLink
from tests.obs_controller.conftest import Start
from tests.obs_controller.scripted_obs import MemoryObs
from tests.worker.module_stand import until


class LinkStand:
    """A link to the OBS in memory, and what it told."""

    def __init__(self, obs: MemoryObs) -> None:
        self.heard: list[str] = []
        self.link = ObsLink(
            obs.connect, self._resync, lambda kind, data: self.heard.append(kind), lambda: None
        )

    async def _resync(self) -> str:
        await self.link.batch([Request("GetVersion")])
        return "an OBS"

    async def __aenter__(self) -> ObsLink:
        self._task = asyncio.create_task(self.link.run())
        return self.link

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
def stand(obs: MemoryObs, monkeypatch: pytest.MonkeyPatch) -> LinkStand:
    monkeypatch.setattr(link_module, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(link_module, "LONGEST_PAUSE_SECONDS", 0.2)
    return LinkStand(obs)


async def test_a_thousand_requests_of_many_tasks_each_get_their_own_answer(
    stand: LinkStand, obs: MemoryObs
) -> None:
    obs.scenes = [f"scene {number}" for number in range(1_000)]
    async with stand as link:
        await until(lambda: link.ready)

        async def switch(number: int) -> bool:
            await asyncio.sleep(random.random() / 50)
            if number % 3 == 0:
                result = await link.call("GetInputMute", inputName=f"none {number}")
                return f"none {number}" in result.comment
            result = await link.call("SetCurrentProgramScene", sceneName=f"scene {number}")
            return result.ok and result.kind == "SetCurrentProgramScene"

        assert all(await asyncio.gather(*(switch(number) for number in range(1_000))))
        done = [r.data["sceneName"] for r in obs.asked if r.kind == "SetCurrentProgramScene"]
        assert sorted(done) == sorted(f"scene {n}" for n in range(1_000) if n % 3)


async def test_urgent_requests_overtake_what_waits(stand: LinkStand, obs: MemoryObs) -> None:
    async with stand as link:
        await until(lambda: link.ready)
        obs.asked.clear()
        obs.gate.clear()
        orders = [
            asyncio.create_task(link.call("GetSceneItemList", sceneName="Live")) for _ in range(9)
        ]
        await asyncio.sleep(0.05)
        panic = asyncio.create_task(
            link.batch([Request("SetInputMute", {"inputName": "Mic", "inputMuted": True})],
                       Priority.URGENT)
        )  # fmt: skip
        await asyncio.sleep(0.05)
        obs.gate.set()
        await asyncio.gather(panic, *orders)
        assert [r.kind for r in obs.asked].index("SetInputMute") == 1, "after the one in work"


async def test_while_held_only_urgent_requests_touch_what_is_on_air(
    stand: LinkStand, obs: MemoryObs
) -> None:
    async with stand as link:
        await until(lambda: link.ready)
        link.hold(True)
        with pytest.raises(Held):
            await link.call("SetCurrentProgramScene", sceneName="Live")
        assert (await link.call("GetInputMute", inputName="Mic")).ok
        urgent = Request("SetCurrentProgramScene", {"sceneName": "BRB"})
        assert (await link.batch([urgent], Priority.URGENT))[0].ok
        assert obs.scene == "BRB"


async def test_a_hang_is_noticed_without_anybody_asking_and_mended_by_a_new_connection(
    stand: LinkStand, obs: MemoryObs
) -> None:
    async with stand as link:
        await until(lambda: link.ready)
        obs.gate.clear()
        await until(lambda: link.state is StudioLink.HANGING)
        with pytest.raises((NotConnected, ConnectionLost)):
            await link.call("GetStats")
        obs.gate.set()
        await until(lambda: link.ready)
        assert link.connections >= 2
        assert len(obs.hears) == 1, "the old connection is closed"


async def test_a_heartbeat_behind_a_hanging_order_does_not_keep_the_link_from_ending(
    stand: LinkStand, obs: MemoryObs
) -> None:
    async with stand as link:
        await until(lambda: link.ready)
        obs.gate.clear()
        order = asyncio.create_task(link.call("GetSceneList"))
        await asyncio.sleep(0.25)  # the next heartbeat waits behind it
        with pytest.raises(ConnectionLost):
            await order
        await until(lambda: link.state is StudioLink.HANGING)
        obs.gate.set()
        await until(lambda: link.ready)


async def test_a_request_beside_the_resync_that_fails_does_not_leave_the_resync_waiting_for_ever(
    stand: LinkStand, obs: MemoryObs, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside: list[asyncio.Task[object]] = []

    async def resync() -> str:
        if stand.link.connections == 1:
            obs.gate.clear()
            overview = stand.link.batch([Request("GetSceneList")], Priority.URGENT)
            beside.append(asyncio.create_task(overview))
            await asyncio.sleep(0.05)
        await stand.link.batch([Request("GetVersion")], Priority.URGENT)
        return "an OBS"

    monkeypatch.setattr(stand.link, "_resync", resync)
    async with stand as link:
        await until(lambda: link.state is StudioLink.HANGING)
        obs.gate.set()
        await until(lambda: link.ready)
        assert isinstance(beside[0].exception(), ConnectionLost)


async def test_an_answer_that_nobody_can_read_ends_the_connection_and_nobody_waits(
    stand: LinkStand, obs: MemoryObs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand as link:
        await until(lambda: link.ready)

        def odd(request: Request) -> object:
            raise AttributeError("'list' object has no attribute 'get'")

        monkeypatch.setattr(obs, "do", odd)
        with pytest.raises(ConnectionLost, match="not understood"):
            async with asyncio.timeout(5):
                await link.call("GetSceneList")
        monkeypatch.undo()
        await until(lambda: link.ready and link.connections >= 2)


async def test_requests_that_waited_when_the_connection_broke_fail_at_once(
    stand: LinkStand, obs: MemoryObs
) -> None:
    async with stand as link:
        await until(lambda: link.ready)
        obs.gate.clear()
        waiting = [asyncio.create_task(link.call("GetStats")) for _ in range(50)]
        await asyncio.sleep(0.02)
        obs.there = False
        obs.gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(result, ConnectionLost) for result in results)


async def test_an_obs_that_closes_is_let_go_at_once(stand: LinkStand, obs: MemoryObs) -> None:
    async with stand as link:
        await until(lambda: link.ready)
        link.drop("OBS was closed", closing=True)
        await until(lambda: not obs.hears)
        assert link.state is StudioLink.WAITING
        assert "closed" in link.detail


async def test_events_of_an_old_connection_are_not_heard(stand: LinkStand, obs: MemoryObs) -> None:
    async with stand as link:
        await until(lambda: link.ready)
        old = obs.hears[0]
        link.drop("for the test")
        await until(lambda: link.connections == 2)
        old("CurrentProgramSceneChanged", {"sceneName": "old"})
        obs.says("StreamStateChanged", outputActive=True)
        await until(lambda: stand.heard)
        assert stand.heard == ["StreamStateChanged"]


async def test_a_wrong_password_is_said_and_retried_slowly(
    stand: LinkStand, obs: MemoryObs
) -> None:
    obs.cannot = CannotConnect(StudioLink.WRONG_PASSWORD, "OBS refuses the password.")
    async with stand as link:
        await until(lambda: link.state is StudioLink.WRONG_PASSWORD)
        assert link.detail == "OBS refuses the password."
        obs.cannot = None
        await asyncio.sleep(0.4)
        assert not link.ready, "not tried again so soon"
        link.hold(True)  # a panic waits for nothing
        await until(lambda: link.ready)


async def test_a_request_that_is_not_listed_is_never_sent(stand: LinkStand, obs: MemoryObs) -> None:
    async with stand as link:
        await until(lambda: link.ready)
        obs.asked.clear()
        for kind, data in (
            ("StartStream", {}),
            ("RemoveScene", {"sceneName": "Live"}),
            ("SetInputSettings", {"inputName": "V", "inputSettings": {"local_file": "/etc/passwd"},
                                  "overlay": True}),
            ("SetInputSettings", {"inputName": "V", "inputSettings": {"text": "a"}}),
            ("CreateInput", {"inputName": "V", "inputKind": "ffmpeg_source"}),
            ("GetSourceScreenshot", {"sourceName": "Live", "imageFilePath": "/tmp/x"}),
            ("SaveSourceScreenshot", {"sourceName": "Live"}),
            ("CallVendorRequest", {}),
        ):  # fmt: skip
            with pytest.raises(NotAllowed):
                await link.call(kind, **data)
        assert obs.asked == []
        assert not any("Stream" in kind and not kind.startswith("Get") for kind in ALLOWED)


async def test_the_password_is_in_no_log_and_no_state(
    controller: Start, obs: MemoryObs, caplog: pytest.LogCaptureFixture
) -> None:
    obs.cannot = CannotConnect(StudioLink.WRONG_PASSWORD, "OBS refuses the password.")
    caplog.set_level("DEBUG")
    async with controller(ready=False) as stand:
        await until(lambda: stand.told.link is StudioLink.WRONG_PASSWORD)
        shown = stand.told.model_dump_json() + repr(stand.settings) + str(stand.worker.health())
        assert "secret-password" not in shown + caplog.text
