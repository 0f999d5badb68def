"""When answers come, whether they come, and what breaks on the way."""

import asyncio
import json
import time

import pytest

from libs.testing.ports import free_port
from libs.testing.stand_ins.vtube_studio import ErrorId, Injection, VTubeStudioStandIn
from tests.vtube_studio.plain_plugin import PlainPlugin

STATE = "APIStateRequest"


async def test_answers_tied_to_frames_come_once_for_each_frame(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        vts.answers.frame_hz = 50.0
        await plugin.ask(STATE)
        began = time.monotonic()
        for _ in range(5):
            await plugin.ask(STATE)
        assert time.monotonic() - began >= 0.079, "four frames lie between five of them"
        vts.answers.frame_hz = 5.0
        began = time.monotonic()
        await asyncio.gather(*(plugin.ask(STATE) for _ in range(20)))
        assert time.monotonic() - began < 2.0


async def test_frames_keep_what_was_sent_in_order(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        vts.answers.frame_hz = 30.0
        values = [number / 100 for number in range(100)]
        await asyncio.gather(*(plugin.inject(MouthOpen=value) for value in values))
        assert vts.studio.value("MouthOpen") == values[-1]
        assert [value for _, value in vts.recording.series("MouthOpen")] == values


async def test_answers_can_be_late_all_or_those_of_one_kind(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        vts.answers.late_by_kind["StatisticsRequest"] = 0.08
        slow = asyncio.create_task(plugin.ask("StatisticsRequest"))
        await plugin.ask(STATE)
        assert not slow.done()
        await slow
        vts.answers.late_seconds = 0.05
        began = time.monotonic()
        await plugin.ask(STATE)
        assert time.monotonic() - began >= 0.05


async def test_shuffled_answers_come_in_another_order_each_with_its_id(
    vts: VTubeStudioStandIn,
) -> None:
    vts.answers.shuffled = True
    async with PlainPlugin(vts) as plugin:
        before = len(plugin.order)
        await asyncio.gather(*(plugin.ask(STATE) for _ in range(40)))
        came = plugin.order[before:]
        assert len(came) == 40
        assert came != sorted(came)


async def test_swallowed_answers_never_come_and_the_work_is_done(
    vts: VTubeStudioStandIn,
) -> None:
    async with PlainPlugin(vts) as plugin:
        vts.answers.swallow(1, "InjectParameterDataRequest")
        lost = asyncio.create_task(plugin.inject(MouthOpen=0.8))
        await vts.until(lambda: vts.recording.swallowed == 1)
        await plugin.ask(STATE)
        assert not lost.done()
        assert vts.studio.value("MouthOpen") == pytest.approx(0.8)
        lost.cancel()
        await plugin.inject(MouthOpen=0.9)


async def test_an_app_that_hangs_does_nothing_until_it_goes_on(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe("ModelOutlineEvent")
        await plugin.event("ModelOutlineEvent")
        vts.answers.hang()
        told = len(plugin.events)
        waiting = asyncio.create_task(plugin.inject(MouthOpen=0.8))
        await vts.until(lambda: vts.recording.injections)
        pong = await plugin.connection.ping()
        await pong
        await asyncio.sleep(0.15)
        assert len(plugin.events) <= told + 1
        assert not waiting.done()
        assert vts.studio.value("MouthOpen") == 0
        vts.answers.resume()
        await waiting
        assert vts.studio.value("MouthOpen") == pytest.approx(0.8)


async def test_requests_fail_as_often_as_the_test_says(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        vts.faults.fail_next("HotkeyTriggerRequest", ErrorId.HOTKEY_BAD_STATE, times=2)
        wave = {"hotkeyID": "Wave"}
        errors = [await plugin.error("HotkeyTriggerRequest", wave) for _ in range(3)]
        assert errors == [205, 205, 0]
        vts.faults.fail(STATE, 0)
        assert (await plugin.send(STATE))["messageType"] == "APIError"
        vts.faults.mend(STATE)
        await plugin.ask(STATE)
        assert vts.recording.errors == {205: 2, 0: 1}


async def test_a_drop_cuts_everybody_off_and_they_may_come_back(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        assert vts.drop() == 1
        await plugin.connection.wait_closed()
        assert plugin.connection.close_code == 1006
    async with PlainPlugin(vts):
        assert vts.connections == 2


async def test_while_the_app_is_down_nobody_listens(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.ask("ItemLoadRequest", {"fileName": "heart.png"})
        await plugin.inject(MouthOpen=1.0)
    port = vts.port
    await vts.stop()
    with pytest.raises(OSError):
        async with PlainPlugin(vts):
            pass
    began = time.monotonic()
    await vts.restart(down_seconds=0.05)
    assert time.monotonic() - began >= 0.05
    async with PlainPlugin(vts):
        assert vts.port == port
        assert not vts.studio.scene.items
        assert vts.studio.value("MouthOpen") == 0


async def test_one_who_connects_and_says_nothing_does_not_hold_up_a_restart(
    vts: VTubeStudioStandIn,
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", vts.port)
    async with asyncio.timeout(2):
        await vts.restart()
    writer.close()
    async with PlainPlugin(vts):
        pass


async def test_arrivals_are_counted_by_second_with_the_gaps_between_them(
    vts: VTubeStudioStandIn,
) -> None:
    for at in (9.0, 10.0, 10.25, 11.5, 13.0):
        vts.recording.injections.append(Injection(0.0, at, None, {}))
    assert vts.recording.each_second(10.0, 3) == [2, 1, 0]
    assert vts.recording.gaps(10.0, 12.0) == [0.25, 1.25]


async def test_what_comes_in_is_recorded_with_its_time(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        before = (time.time(), time.monotonic())
        await plugin.inject(weight=0.5, MouthOpen=0.3, MouthSmile=0.1)
        after = (time.time(), time.monotonic())
        (frame,) = vts.recording.frames_of("Plain plugin")
        assert before[0] <= frame.at <= after[0]
        assert before[1] <= frame.monotonic_at <= after[1]
        assert frame.values() == {"MouthOpen": 0.3, "MouthSmile": 0.1}
        assert (frame.value("MouthOpen"), frame.weight("MouthOpen")) == (0.3, 0.5)
        assert (frame.value("Brows"), frame.error_id) == (None, -1)
        rate = vts.recording.frames_per_second(before[1], before[1] + 2.0)
        assert rate == 0.5
        assert vts.recording.counts["InjectParameterDataRequest"] == 1
        assert vts.recording.answered == 3


async def test_the_outline_is_told_15_times_a_second(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        began = time.monotonic()
        await plugin.subscribe("ModelOutlineEvent")
        event = await plugin.event("ModelOutlineEvent", 7)
        assert time.monotonic() - began >= 0.39, "six pauses lie between seven of them"
        assert len(event["convexHull"]) >= 3


async def test_the_test_event_counts_seconds(vts: VTubeStudioStandIn) -> None:
    async with PlainPlugin(vts) as plugin:
        await plugin.subscribe("TestEvent", testMessageForEvent="hello")
        event = await plugin.event("TestEvent")
        assert event == {"yourTestMessage": "hello", "counter": 1}


async def test_the_app_broadcasts_where_it_is_found_and_whether_its_api_is_on() -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    class Ear(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            heard.put_nowait(data)

    port = free_port()
    loop = asyncio.get_running_loop()
    ear, _ = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", port))
    try:
        async with VTubeStudioStandIn(broadcast_port=port, broadcast_seconds=0.02) as vts:
            told = json.loads(await heard.get())
            assert told["messageType"] == "VTubeStudioAPIStateBroadcast"
            assert told["data"] == {
                "active": True,
                "port": vts.port,
                "instanceID": vts.instance_id,
                "windowTitle": "VTube Studio",
            }
            vts.studio.api_active = False
            async with asyncio.timeout(5):
                while json.loads(await heard.get())["data"]["active"]:
                    pass
    finally:
        ear.close()
