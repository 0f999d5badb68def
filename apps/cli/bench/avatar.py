"""`kitsu bench avatar`: frames that reach VTube Studio, and the mouth there beside the sound.

A whole show against a stand-in for VTube Studio in each of its ways to answer, while she speaks and
hotkeys and expressions are ordered. What counts is when a frame arrives there. The sound's moments
are the stage's own (`PlaybackStarted`): it plays bursts of which it is known when each begins and
ends, and the mouth follows when it passes half of its way. Then everything that can go wrong there,
once each: how soon it is moved again.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx

from apps.cli.bench.avatar_faults import PLUGIN, moved_from, recoveries
from apps.cli.bench.report import Check, Figures, Report, percentile
from libs.bus.base import Bus
from libs.bus.opening import connect
from libs.testing.loud_bursts import BURST_SECONDS, burst_starts, played, say_bursts
from libs.testing.running_show import RunningShow, running_show
from libs.testing.stand_ins.vtube_studio import VTubeStudioStandIn

SETTINGS = {"STAGE_OUTPUT": "silent", "TTS_ENGINE": "captions", "POLICY_FORCE_MOCK": "1"}
MOUTH = "MouthOpen"
FRAMES_HZ = 60.0
#: A frame more or less a second.
FRAMES_OFF = 1.0
SYNC_BUDGET_MS = 40.0
RECOVERY_BUDGET_SECONDS = 1.0
#: Of one utterance.
BURSTS = 12
#: A mouth that follows later than this does not belong to that burst.
NEAR_SECONDS = 0.2
#: Orders while it is measured: each of these, again and again.
ORDERS = (
    ("/avatar/hotkey", {"hotkey": "wave"}),
    ("/avatar/try", {"expression": "happy", "seconds": 0.5}),
    ("/vts/expr", {"mood": "angry"}),
)
ORDER_SECONDS = 0.4


@dataclass
class Way:
    """One way to answer: frames a second, pauses between frames, and how far mouth and sound are
    apart (positive: the mouth is late)."""

    frames: float = 0.0
    gaps_ms: list[float] = field(default_factory=list)
    apart_ms: list[float] = field(default_factory=list)
    missed: int = 0
    orders: int = 0
    refused: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "frames_per_second": round(self.frames, 2),
            "gap_ms": Figures(self.gaps_ms).as_json(),
            "mouth_behind_sound_ms": {
                "p5": round(percentile(self.apart_ms, 0.05), 1),
                "p50": round(percentile(self.apart_ms, 0.5), 1),
                "p95": round(percentile(self.apart_ms, 0.95), 1),
            },
            "moments": len(self.apart_ms),
            "missed": self.missed,
            "orders": self.orders,
            "refused": self.refused,
        }


@dataclass
class Room:
    show: RunningShow
    bus: Bus
    vts: VTubeStudioStandIn

    @property
    def name(self) -> str:
        return self.show.settings.kitsu_show


async def bench_avatar(seconds: int, folder: Path) -> Report:
    async with (
        VTubeStudioStandIn() as vts,
        running_show(folder, {**SETTINGS, "VTS_URL": vts.url}) as show,
    ):
        bus = connect(show.settings, "bench@here#0")
        await bus.open()
        try:
            return await _measure(seconds, Room(show, bus, vts))
        finally:
            await bus.close()


async def _measure(seconds: int, room: Room) -> Report:
    await moved_from(room.vts, time.monotonic())
    await _utterance(room, Way())  # warm
    ways = {name: await _way(room, seconds, answers) for name, answers in ANSWERS.items()}
    room.vts.answers.frame_hz, room.vts.answers.late_seconds = None, 0.0
    room.vts.answers.shuffled = False
    recovered = await recoveries(room.show, room.vts)
    apart = [abs(ms) for way in ways.values() for ms in way.apart_ms]
    report = Report("avatar", Figures(apart))
    report.parts = {
        "answers": {name: way.as_json() for name, way in ways.items()},
        "moved_again_after_seconds": {name: round(s, 2) for name, s in recovered.items()},
    }
    off = max(abs(way.frames - FRAMES_HZ) for way in ways.values())
    report.checks += [
        Check("frames a second off 60, at most", FRAMES_OFF, round(off, 2), "1/s"),
        Check("mouth beside sound p95", SYNC_BUDGET_MS, round(percentile(apart, 0.95), 1)),
        Check("bursts without a mouth", 0, sum(way.missed for way in ways.values()), ""),
        Check(
            "moved again after a fault, at most",
            RECOVERY_BUDGET_SECONDS,
            round(max(recovered.values()), 2),
            "s",
        ),
    ]
    return report


# Frames and mouth -----------------------------------------------------------------------------

#: Ways to answer: `frame_hz`, `late_seconds`, `shuffled` of the stand-in.
ANSWERS: dict[str, tuple[float | None, float, bool]] = {
    "at once": (None, 0.0, False),
    "once a frame, 60 fps": (60.0, 0.0, False),
    "once a frame, 30 fps": (30.0, 0.0, False),
    "200 ms late": (None, 0.2, False),
    "out of order": (None, 0.0, True),
}


async def _way(room: Room, seconds: int, answers: tuple[float | None, float, bool]) -> Way:
    vts, way = room.vts, Way()
    vts.answers.frame_hz, vts.answers.late_seconds, vts.answers.shuffled = answers
    await asyncio.sleep(0.5)
    vts.recording.clear()
    since = time.monotonic()
    async with _ordering(room, way):
        while time.monotonic() - since < seconds:
            await _utterance(room, way)
    until = time.monotonic()
    arrived = [one.monotonic_at for one in vts.recording.frames_of(PLUGIN)]
    way.frames = sum(since <= at < until for at in arrived) / (until - since)
    way.gaps_ms = [1_000 * (b - a) for a, b in pairwise(arrived)]
    return way


async def _utterance(room: Room, way: Way) -> None:
    """One utterance of bursts, and how the mouth followed it."""
    utterance = await say_bursts(room.bus, room.name, BURSTS)
    started_at = await played(room.bus, room.name, utterance, 30)
    mouth = room.vts.recording.series(MOUTH)
    half = max((value for _, value in mouth), default=0.0) / 2
    for start in burst_starts(BURSTS):
        for at, opens in ((start, True), (start + BURST_SECONDS, False)):
            apart = _passes(mouth, half, started_at + at, opens)
            if apart is None:
                way.missed += 1
            else:
                way.apart_ms.append(apart * 1_000)


def _passes(
    mouth: list[tuple[float, float]], half: float, moment: float, opens: bool
) -> float | None:
    """How long after that moment the mouth passes half of its way, in that direction."""
    before: float | None = None
    for at, value in mouth:
        if at > moment + NEAR_SECONDS:
            break
        if at >= moment - NEAR_SECONDS and before is not None:
            passed = before < half <= value if opens else value < half <= before
            if passed:
                return at - moment
        before = value
    return None


@contextlib.asynccontextmanager
async def _ordering(room: Room, way: Way) -> AsyncIterator[None]:
    """Hotkeys and expressions are ordered within this block."""

    async def order() -> None:
        while True:
            for path, body in ORDERS:
                way.orders += 1
                try:
                    await room.show.post(path, body)
                except httpx.HTTPStatusError:  # the same hotkey again too soon
                    way.refused += 1
                await asyncio.sleep(ORDER_SECONDS)

    work = asyncio.create_task(order())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
