"""Frames never wait, never pile up, and of those that wait the newest wins."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from apps.avatar_controller.engines.vtube_studio.frames import (
    FORGOTTEN_AFTER_SECONDS,
    MOST_UNANSWERED,
    Frames,
)
from libs.vtube_studio.wire import Message


class ScriptedSocket:
    """Takes what is written while it is `open`."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))
        await self.open.wait()

    def values(self) -> list[float]:
        return [one["data"]["parameterValues"][0]["value"] for one in self.sent]


class Stand:
    def __init__(self) -> None:
        self.time = 100.0
        self.socket = ScriptedSocket()
        self.frames = Frames(lambda: self.time)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        socket: Any = self.socket
        task = asyncio.create_task(self.frames.write_to(socket))
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def offer(self, value: float) -> bool:
        taken = self.frames.offer([("MouthOpen", value, 1.0)])
        for _ in range(5):
            await asyncio.sleep(0)
        return taken

    def answer(self, number: int, kind: str = "InjectParameterDataResponse", **data: Any) -> bool:
        return self.frames.take(Message(kind, self.socket.sent[number]["requestID"], data))


async def test_a_frame_is_one_request_with_a_face() -> None:
    stand = Stand()
    async with stand.writing():
        assert stand.frames.offer([("MouthOpen", 0.5, 1.0), ("FaceAngleX", -3.0, 0.25)])
        await asyncio.sleep(0.01)
    [sent] = stand.socket.sent
    assert sent["messageType"] == "InjectParameterDataRequest"
    assert sent["data"] == {
        "faceFound": True,
        "mode": "set",
        "parameterValues": [
            {"id": "MouthOpen", "value": 0.5, "weight": 1.0},
            {"id": "FaceAngleX", "value": -3.0, "weight": 0.25},
        ],
    }


async def test_values_that_would_spoil_a_whole_frame_are_mended_or_left_out() -> None:
    stand = Stand()
    odd = [("A", math.nan, 1.0), ("B", 1.0, math.inf), ("C", 1e9, 7.0), ("D", -1e9, -1.0)]
    async with stand.writing():
        stand.frames.offer(odd)
        await asyncio.sleep(0.01)
    [sent] = stand.socket.sent
    assert sent["data"]["parameterValues"] == [
        {"id": "C", "value": 1e6, "weight": 1.0},
        {"id": "D", "value": -1e6, "weight": 0.0},
    ]


async def test_a_socket_that_takes_nothing_holds_one_frame_back_the_newest() -> None:
    stand = Stand()
    async with stand.writing():
        await stand.offer(0.0)
        stand.socket.open.clear()
        for number in range(1, 1000):
            assert await stand.offer(float(number))
            if number % 10 == 0:
                stand.time += FORGOTTEN_AFTER_SECONDS
        stand.socket.open.set()
        await asyncio.sleep(0.01)
    assert stand.socket.values() == [0.0, 1.0, 999.0]
    assert stand.frames.counters.sent == 3
    assert stand.frames.counters.skipped == 997


async def test_an_app_that_answers_nothing_gets_only_so_many_frames() -> None:
    stand = Stand()
    async with stand.writing():
        taken = [await stand.offer(0.1) for _ in range(40)]
    assert taken == [True] * MOST_UNANSWERED + [False] * (40 - MOST_UNANSWERED)
    assert stand.frames.counters.skipped == 40 - MOST_UNANSWERED


async def test_lost_answers_are_forgotten_before_the_values_fall_back() -> None:
    stand = Stand()
    async with stand.writing():
        for _ in range(MOST_UNANSWERED):
            await stand.offer(0.1)
        stand.time += FORGOTTEN_AFTER_SECONDS - 0.01
        assert not await stand.offer(0.2)
        stand.time += 0.02
        assert await stand.offer(0.3)
    assert FORGOTTEN_AFTER_SECONDS < 1.0
    assert stand.frames.counters.forgotten == MOST_UNANSWERED


async def test_an_answer_makes_room() -> None:
    stand = Stand()
    async with stand.writing():
        for _ in range(MOST_UNANSWERED):
            await stand.offer(0.1)
        stand.time += 0.2
        assert stand.answer(7)
        assert await stand.offer(0.2)
    assert stand.frames.counters.answered == 1


async def test_errors_are_counted_by_their_id_also_late_and_of_any_form() -> None:
    stand = Stand()
    async with stand.writing():
        await stand.offer(0.1)
        stand.time += 1.0
        await stand.offer(0.2)
        assert stand.answer(0, "APIError", errorID=454)
        assert stand.answer(1, "APIError", errorID=454)
        assert stand.answer(1, "APIError", errorID="odd")
        for number in range(1000):
            assert stand.answer(1, "APIError", errorID=number)
    counted = stand.frames.counters.errors
    assert counted[454] == 3
    assert sum(counted.values()) == 1003
    assert len(counted) <= 33


async def test_what_is_no_answer_to_a_frame_is_not_taken() -> None:
    assert not Frames().take(Message("CurrentModelResponse", "0123abcd", {}))


async def test_nothing_is_remembered_without_end() -> None:
    stand = Stand()
    async with stand.writing():
        for number in range(2000):
            await stand.offer(0.1)
            stand.answer(number)
    assert stand.frames._unanswered == {}
