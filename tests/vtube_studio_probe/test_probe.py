"""Who answers where VTube Studio should be."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator

import pytest

from libs.testing.ports import free_port
from libs.testing.stand_ins.not_obs import OldObsServer, PlainWebServer, SilentServer
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn
from libs.vtube_studio import Answer, Probe, probe
from libs.vtube_studio.discovery import listen

PATIENCE_SECONDS = 1.0


@pytest.fixture
def udp_port() -> int:
    return free_port()


async def ask(url: str, udp_port: int, listen_seconds: float = 0.5) -> Probe:
    """The probe, which must come back whoever is there."""
    began = time.monotonic()
    found = await asyncio.to_thread(probe, url, PATIENCE_SECONDS, listen_seconds, udp_port)
    assert time.monotonic() - began < PATIENCE_SECONDS * 10, "it was left hanging"
    assert "\n" not in found.message
    assert (found.step == "") == (found.answer is Answer.VTUBE_STUDIO)
    return found


async def test_vtube_studio_is_known_by_its_version_and_not_bothered(udp_port: int) -> None:
    async with VTubeStudioStandIn() as vts:
        found = await ask(vts.url, udp_port)
        assert found.message == f"VTube Studio 1.32.0 answers at 127.0.0.1:{vts.port}."
        assert vts.studio.popup.asked == []
        assert set(vts.recording.counts) == {"APIStateRequest"}
        await vts.until(lambda: not vts.studio.sessions)


async def test_a_lost_answer_does_not_make_it_silent(udp_port: int) -> None:
    async with VTubeStudioStandIn() as vts:
        vts.answers.swallow(1)
        found = await asyncio.to_thread(probe, vts.url, 5.0, 0.0, udp_port)
    assert found.answer is Answer.VTUBE_STUDIO


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "x..y", "a" * 70, "no-such.invalid"])
async def test_nobody_there(host: str, udp_port: int) -> None:
    found = await ask(f"ws://{host}:1", udp_port)
    assert found.answer is Answer.NOTHING
    assert "start it" in found.step


async def test_an_api_that_is_off(udp_port: int) -> None:
    async with VTubeStudioStandIn() as vts:
        vts.studio.api_active = False
        found = await ask(vts.url, udp_port)
    assert found.answer is Answer.API_OFF
    assert "Start API (allow plugins)" in found.step


async def test_an_api_that_is_off_is_known_by_its_broadcast_alone(udp_port: int) -> None:
    async with VTubeStudioStandIn(broadcast_port=udp_port, broadcast_seconds=0.1) as vts:
        vts.studio.api_active = False
        found = await ask("ws://127.0.0.1:1", udp_port)
    assert found.answer is Answer.API_OFF


@pytest.mark.parametrize("program", [None, PlainWebServer])
async def test_another_port_is_known_by_its_broadcast(
    program: type[PlainWebServer] | None, udp_port: int
) -> None:
    async with VTubeStudioStandIn(broadcast_port=udp_port, broadcast_seconds=0.1) as vts:
        if program is None:
            found = await ask("ws://127.0.0.1:1", udp_port)
        else:
            async with program() as other:
                found = await ask(f"ws://127.0.0.1:{other.port}", udp_port)
    assert found.answer is Answer.OTHER_PORT
    assert found.step == f"set VTS_URL=ws://127.0.0.1:{vts.port}"


async def test_other_programs_are_not_taken_for_it(udp_port: int) -> None:
    async with SilentServer() as silent:
        found = await ask(f"ws://127.0.0.1:{silent.port}", udp_port)
        assert found.answer is Answer.SILENT
    async with PlainWebServer() as web:
        found = await ask(f"ws://127.0.0.1:{web.port}", udp_port)
        assert found.answer is Answer.WRONG_PROGRAM
    async with OldObsServer() as obs:
        found = await ask(f"ws://127.0.0.1:{obs.port}", udp_port)
        assert found.answer is Answer.WRONG_PROGRAM


class Redirecting(PlainWebServer):
    """Sends whoever comes to another address."""

    elsewhere = ""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 302 Found\r\nLocation: {self.elsewhere}\r\nContent-Length: 0"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()


async def test_nobody_is_sent_elsewhere(udp_port: int) -> None:
    async with VTubeStudioStandIn() as vts, Redirecting() as web:
        web.elsewhere = vts.url
        found = await ask(f"ws://127.0.0.1:{web.port}", udp_port)
        assert found.answer is Answer.WRONG_PROGRAM
        assert vts.connections == 0


@pytest.mark.parametrize("url", ["", "8001", "http://127.0.0.1:8001", "wss://127.0.0.1", "ws://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        probe(url)


# The broadcast -----------------------------------------------------------------------------------


@pytest.fixture
async def sender() -> AsyncIterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        yield found


def state(**data: object) -> bytes:
    return json.dumps(
        {
            "apiName": "VTubeStudioPublicAPI",
            "apiVersion": "1.0",
            "messageType": "VTubeStudioAPIStateBroadcast",
            "requestID": "VTubeStudioAPIStateBroadcast",
            "data": {"active": True, "port": 8001, "instanceID": "one", **data},
        }
    ).encode()


async def test_only_broadcasts_of_vtube_studio_are_heard(
    sender: socket.socket, udp_port: int
) -> None:
    hearing = asyncio.create_task(listen(0.6, udp_port))
    await asyncio.sleep(0.2)
    odd = [b"", b"\xff", b"{}", b"[]", state(port="8001"), state(port=True), state(port=0)]
    odd += [state(port=65536), state(instanceID=None), b"[" * 60_000]
    odd.append(state().replace(b"StateBroadcast", b"StateRequest"))
    for data in [*odd, state(), state(port=8002), state(instanceID="two", active=1)]:
        sender.sendto(data, ("127.0.0.1", udp_port))
    heard = await hearing
    assert [(one.instance, one.port, one.active) for one in heard] == [
        ("one", 8002, True),
        ("two", 8001, False),
    ]
    assert all(one.here for one in heard)


async def test_the_first_broadcast_is_enough_where_that_is_asked(
    sender: socket.socket, udp_port: int
) -> None:
    hearing = asyncio.create_task(listen(60.0, udp_port, until_first=True))
    await asyncio.sleep(0.2)
    sender.sendto(state(), ("127.0.0.1", udp_port))
    async with asyncio.timeout(10.0):
        assert len(await hearing) == 1


async def test_a_flood_of_instances_is_bounded(sender: socket.socket, udp_port: int) -> None:
    hearing = asyncio.create_task(listen(0.6, udp_port))
    await asyncio.sleep(0.2)
    for number in range(200):
        sender.sendto(state(instanceID=str(number)), ("127.0.0.1", udp_port))
    assert len(await hearing) <= 32


async def test_a_port_that_another_program_keeps_is_no_error(udp_port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as greedy:
        greedy.bind(("", udp_port))
        assert await listen(0.1, udp_port) == []
        found = await ask("ws://127.0.0.1:1", udp_port, listen_seconds=0.1)
    assert found.answer is Answer.NOTHING


async def test_two_plugins_can_listen_at_once(udp_port: int) -> None:
    async with VTubeStudioStandIn(broadcast_port=udp_port, broadcast_seconds=0.05):
        heard = await asyncio.gather(listen(0.4, udp_port), listen(0.4, udp_port))
    assert any(heard)
