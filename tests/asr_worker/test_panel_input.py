"""The microphone of the browser that shows the panel: what it takes, and from whom."""

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator

import pytest
import websockets
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from apps.asr_worker.inputs import panel as panel_module
from apps.asr_worker.inputs.base import RATE_HZ, Block
from apps.asr_worker.inputs.panel import MISTAKEN, NOT_OPEN, REPLACED, SILENT, PanelInput
from apps.asr_worker.inputs.panel_frames import Frames, NotSound
from libs.telemetry import clock
from libs.worker.http_port import HttpPort, bind

#: 32 ms, as the page sends them.
SAMPLES = 512


def frame(position: int, samples: int = SAMPLES, value: int = 7) -> bytes:
    return struct.pack("<I", position % (1 << 32)) + struct.pack("<h", value) * samples


class Ears:
    """A `PanelInput` that listens on a port of its own."""

    def __init__(self, port: int) -> None:
        self.input = PanelInput()
        self.url = f"ws://127.0.0.1:{port}/microphone"

    @contextlib.asynccontextmanager
    async def page(
        self, label: str = "Yeti", rate_hz: int = RATE_HZ
    ) -> AsyncIterator["ClientConnection"]:
        async with connect(self.url) as socket:
            await socket.send(json.dumps({"rate_hz": rate_hz, "label": label}))
            yield socket

    async def heard(self, samples: int) -> list[Block]:
        """The blocks until so many samples have come."""
        blocks: list[Block] = []
        async with asyncio.timeout(5):
            while sum(block.samples for block in blocks) < samples:
                blocks += await self.input.take()
        return blocks


@pytest.fixture
async def ears() -> AsyncIterator[Ears]:
    listener = bind("127.0.0.1", 0, "TEST")
    ears = Ears(listener.getsockname()[1])
    server = HttpPort(Starlette(routes=ears.input.routes()), listener)
    await server.open()
    yield ears
    await ears.input.close()
    await server.close()


async def ready(socket: ClientConnection) -> None:
    assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "ready"


async def code_of(socket: ClientConnection) -> int | None:
    """How the server closed it."""
    async with asyncio.timeout(8):
        await socket.wait_closed()
    return socket.close_code


async def test_what_a_page_sends_is_heard_in_order(ears: Ears) -> None:
    await ears.input.open()
    assert "Use this browser" in ears.input.problem
    async with ears.page() as socket:
        await ready(socket)
        assert (ears.input.present, ears.input.problem, ears.input.device) == (True, "", "Yeti")
        for number in range(4):
            await socket.send(frame(90_000 + number * SAMPLES, value=number))
        blocks = await ears.heard(4 * SAMPLES)
    assert [block.position for block in blocks] == [0, 512, 1024, 1536]
    assert b"".join(block.pcm for block in blocks)[:: 2 * SAMPLES] == bytes([0, 1, 2, 3])
    assert [block.at for block in blocks] == sorted(block.at for block in blocks)
    assert clock.now() - blocks[-1].at < 5
    await asyncio.sleep(0.05)
    assert not ears.input.present


async def test_while_nobody_listens_a_page_is_told_so(ears: Ears) -> None:
    async with ears.page() as socket:
        assert await code_of(socket) == NOT_OPEN
    await ears.input.open()
    async with ears.page() as socket:
        await ready(socket)
        await ears.input.close()
        assert await code_of(socket) == NOT_OPEN
    assert not ears.input.present


async def test_of_two_pages_the_newer_is_heard_and_the_older_told(ears: Ears) -> None:
    await ears.input.open()
    async with ears.page("old") as old:
        await ready(old)
        await old.send(frame(0))
        await ears.heard(SAMPLES)
        async with ears.page("new") as new:
            await ready(new)
            assert await code_of(old) == REPLACED
            await new.send(frame(5, value=9))
            (block,) = await ears.heard(SAMPLES)
            assert (block.position, block.pcm[0]) == (SAMPLES, 9)
            assert (ears.input.present, ears.input.device) == (True, "new")


GREETINGS = {
    "no JSON": "hello",
    "a list": "[]",
    "another rate": '{"rate_hz": 48000}',
    "no rate": "{}",
    "far too long": json.dumps({"rate_hz": RATE_HZ, "label": "x" * 3_000}),
    "sound at once": frame(0),
    "nested deeply": "[" * 1_900,
}


@pytest.mark.parametrize("greeting", GREETINGS.values(), ids=GREETINGS.keys())
async def test_a_greeting_that_is_none_is_refused(ears: Ears, greeting: str | bytes) -> None:
    await ears.input.open()
    async with connect(ears.url) as socket:
        await socket.send(greeting)
        assert await code_of(socket) == MISTAKEN
    assert not ears.input.present


async def test_a_label_is_cleaned_before_it_is_shown(ears: Ears) -> None:
    await ears.input.open()
    async with ears.page("Yeti\u202e\x1b[31m\n" + "y" * 500) as socket:
        await ready(socket)
        assert ears.input.device.startswith("Yeti[31m y")
        assert len(ears.input.device) <= 120


FRAMES = {
    "too large": frame(0, RATE_HZ),
    "of half a sample": frame(0) + b"x",
    "without a position": b"xy",
    "empty": b"",
    "text": "more text",
    "at a position far away": frame(SAMPLES + 2_000_000_000),
    "at a position that was": frame(0),
}


@pytest.mark.parametrize("wrong", FRAMES.values(), ids=FRAMES.keys())
async def test_anything_but_sound_ends_the_connection_and_nothing_of_it_is_heard(
    ears: Ears, wrong: str | bytes
) -> None:
    await ears.input.open()
    async with ears.page() as socket:
        await ready(socket)
        await socket.send(frame(0))
        await socket.send(wrong)
        assert await code_of(socket) == MISTAKEN
    assert [block.samples for block in await ears.heard(SAMPLES)] == [SAMPLES]
    assert not ears.input.present


async def test_a_page_that_falls_silent_is_noticed(
    ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_module, "SILENT_SECONDS", 0.3)
    await ears.input.open()
    async with ears.page() as socket:
        await ready(socket)
        await socket.send(frame(0))
        assert await code_of(socket) == SILENT
    assert "open the panel" in ears.input.problem
    async with connect(ears.url) as socket:  # nor does one that never greets stay
        assert await code_of(socket) == SILENT


async def test_a_page_that_is_loaded_again_goes_on(ears: Ears) -> None:
    await ears.input.open()
    for _ in range(2):
        async with ears.page() as socket:
            await ready(socket)
            await socket.send(frame(3))
            await asyncio.sleep(0.05)
    blocks = await ears.heard(2 * SAMPLES)
    assert [block.position for block in blocks] == [0, SAMPLES]
    assert ears.input.lost_samples == 0


async def test_what_the_page_left_out_and_what_nobody_took_is_counted(ears: Ears) -> None:
    await ears.input.open()
    async with ears.page() as socket:
        await ready(socket)
        await socket.send(frame(0))
        await socket.send(frame(3 * SAMPLES))
        blocks = await ears.heard(2 * SAMPLES)
    assert [block.position for block in blocks] == [0, 3 * SAMPLES]
    assert ears.input.lost_samples == 2 * SAMPLES


async def test_the_oldest_sound_goes_when_nobody_takes_it(ears: Ears) -> None:
    await ears.input.open()
    async with ears.page() as socket:
        await ready(socket)
        for number in range(200):
            await socket.send(frame(number * SAMPLES))
        async with asyncio.timeout(5):
            while ears.input.lost_samples < 44 * SAMPLES:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    blocks = await ears.heard(156 * SAMPLES)  # the last whole blocks of 5 s
    assert [block.position for block in blocks] == [n * SAMPLES for n in range(44, 200)]
    await ears.input.close()
    await ears.input.open()
    assert ears.input.lost_samples == 44 * SAMPLES  # since the start


class Clock:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def test_sound_that_comes_late_was_heard_when_it_was_heard() -> None:
    hand = Clock()
    frames = Frames(hand)
    delays = [0.02, 0.004, 0.9, 0.87, 0.004, 0.05]
    heard = []
    for number, delay in enumerate(delays):
        hand.at = 1_000.0 + (number + 1) * 0.032 + delay
        heard.append(frames.take(frame(number * SAMPLES)).at)
    true = [1_000.0 + number * 0.032 for number in range(len(delays))]
    assert heard[0] == pytest.approx(true[0] + 0.02)
    assert heard[1:] == pytest.approx([at + 0.004 for at in true[1:]], abs=0.001)


@pytest.mark.parametrize("drift", [-0.0003, 0.0003])
def test_a_sound_clock_that_drifts_is_followed_for_an_hour(drift: float) -> None:
    hand = Clock()
    frames = Frames(hand)
    worst = 0.0
    for number in range(112_500):
        true = 1_000.0 + number * 0.032 * (1 + drift)
        hand.at = true + 0.032 + (0.08 if number % 5 else 0.003)
        heard = frames.take(frame(number * SAMPLES)).at
        worst = max(worst, abs(heard - true - 0.003))
    assert worst < 0.002


def test_positions_run_on_over_the_end_of_the_count() -> None:
    hand = Clock()
    frames = Frames(hand)
    start = (1 << 32) - SAMPLES
    sounds = []
    for number in range(3):
        hand.at += 0.032
        sounds.append(frames.take(frame(start + number * SAMPLES)))
    assert [sound.left_out for sound in sounds] == [0, 0, 0]
    assert [s.at for s in sounds] == pytest.approx([1_000, 1_000.032, 1_000.064], abs=0.001)


def test_more_sound_than_time_is_refused() -> None:
    frames = Frames(Clock())
    for number in range(312):  # ten seconds at once may be a stall
        frames.take(frame(number * SAMPLES))
    with pytest.raises(NotSound, match="more sound than time"):
        frames.take(frame(312 * SAMPLES))


async def test_a_page_in_full_flow_is_told_as_well_that_another_took_its_place(ears: Ears) -> None:
    await ears.input.open()

    async def flow(socket: ClientConnection) -> None:
        position = 0
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await socket.send(frame(position))
                position += SAMPLES
                await asyncio.sleep(0.001 if position < 100_000 else 0.032)

    for _ in range(5):
        async with ears.page("old") as old:
            await ready(old)
            flowing = asyncio.create_task(flow(old))
            await asyncio.sleep(0.02)
            async with ears.page("new") as new:
                await ready(new)
                assert await code_of(old) == REPLACED
            await flowing
