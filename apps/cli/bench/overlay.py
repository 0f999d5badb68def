"""`kitsu bench overlay`: the drawn character's mouth against the sound, and what drawing it costs.

A whole show speaks bursts of a tone to its overlay page in a headless Chromium. A tap on the page's
own audio graph says when each burst is heard (AudioContext's output clock), the frames say when the
mouth is seen open: what a frame has drawn is on screen with the next one.
"""

import asyncio
import importlib.util
import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from apps.cli.bench.overlay_page import LISTEN, RESULTS, START
from apps.cli.bench.report import Check, Figures, Report, percentile
from apps.cli.failures import Failed
from libs.bus.base import Bus
from libs.bus.opening import connect
from libs.contracts.conversation import ReplyFinished
from libs.contracts.identity import new_id
from libs.contracts.speaking import AudioChunk, MouthCue, SentenceSynthesized, Viseme
from libs.testing.chromium import chromium, find_chromium
from libs.testing.running_show import RunningShow, running_show
from libs.worker.access import Scope

SYNC_LIMIT_MS = 50.0
#: 60 frames a second, with room for the browser's rounding.
FRAME_LIMIT_MS = 17.0
#: A burst and a mouth further apart than this do not belong together.
PAIR_MS = 200.0

RATE_HZ = 24_000
PITCH_HZ = 330.0
CHUNK_SECONDS = 0.1
BURST_SECONDS = 0.22
#: Between two bursts, in turns: nothing may hit the frames' own rhythm.
GAPS_SECONDS = (0.31, 0.27, 0.346, 0.289, 0.333)
#: So far ahead of real time the sound is sent.
AHEAD = 3.0
IDLE_SECONDS = 5.0


def what_is_missing() -> list[str]:
    """What this machine needs before the bench can be run."""
    missing = []
    if importlib.util.find_spec("playwright") is None:
        missing.append("playwright (pip install 'kitsu-vtuber[dev]')")
    if find_chromium() is None:
        missing.append("Chromium")
    return missing


@dataclass
class Tune:
    """Bursts of a tone, and the mouth that goes with them."""

    bursts: int
    starts: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        at = 0.5
        for number in range(self.bursts):
            self.starts.append(at)
            at += BURST_SECONDS + GAPS_SECONDS[number % len(GAPS_SECONDS)]
        self.seconds = at

    def pcm(self) -> bytes:
        """16 bit, mono."""
        wave = [
            round(14_000 * math.sin(2 * math.pi * PITCH_HZ * n / RATE_HZ))
            for n in range(round(BURST_SECONDS * RATE_HZ))
        ]
        burst = struct.pack(f"<{len(wave)}h", *wave)
        sound = bytearray(2 * round(self.seconds * RATE_HZ))
        for start in self.starts:
            at = 2 * round(start * RATE_HZ)
            sound[at : at + len(burst)] = burst
        return bytes(sound)

    def mouth(self, begin: float, end: float) -> tuple[MouthCue, ...]:
        cues = [MouthCue(at_seconds=0, viseme=Viseme.SIL, weight=0)]
        for start in self.starts:
            cues.append(MouthCue(at_seconds=start, viseme=Viseme.AA, weight=1))
            cues.append(MouthCue(at_seconds=start + BURST_SECONDS, viseme=Viseme.SIL, weight=0))
        return tuple(cue for cue in cues if begin <= cue.at_seconds < end)


async def bench_overlay(bursts: int, folder: Path, character: str = "kitsu") -> Report:
    program = find_chromium()
    if (missing := what_is_missing()) or program is None:
        return Report("overlay", notes=[f"skipped: this machine lacks {', '.join(missing)}"])
    settings = {"STAGE_CHARACTER": character, "POLICY_FORCE_MOCK": "1"}
    async with running_show(folder, settings) as show, chromium(program) as browser:
        bus = connect(show.settings, "bench@here#0")
        await bus.open()
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": 720})
            await page.add_init_script(LISTEN)
            key = show.access.token(Scope.OVERLAY)
            await page.goto(f"http://127.0.0.1:{show.ports['stage']}/?key={key}")
            await _until_elected(show)
            idle = await _cpu_percent(IDLE_SECONDS)
            return await _measure(Tune(bursts), show, bus, page, idle)
        finally:
            await bus.close()


async def _measure(tune: Tune, show: RunningShow, bus: Bus, page: Any, idle: float) -> Report:
    await page.evaluate(START)
    saying = asyncio.create_task(_say(tune, show, bus))
    talking = await _cpu_percent(tune.seconds)
    await saying
    await asyncio.sleep(1.0)
    seen: dict[str, Any] = await page.evaluate(RESULTS)
    opened = paired(seen["sounds"], seen["opened"])
    shut = paired(seen["silences"], seen["shut"])
    if len(opened) < tune.bursts // 2:
        raise Failed(
            f"only {len(opened)} of {tune.bursts} bursts were heard and seen: run it again"
        )
    late = [abs(ms) for ms in opened]
    report = Report("overlay", Figures(late))
    frames = Figures(seen["frames"])
    report.counts = {"bursts": tune.bursts, "paired": len(opened), "underruns": seen["underruns"]}
    report.parts = {
        "character": seen["character"],
        "mouth_minus_sound_ms": spread(opened),
        "shut_minus_silence_ms": spread(shut),
        "frame_ms": frames.as_json(),
        "fps": round(1000 / percentile(seen["frames"], 0.5), 1),
        "draw_ms": Figures(seen["draws"]).as_json(),
        "cpu_percent_of_a_core": {"idle": idle, "talking": talking},
    }
    report.checks += [
        Check("mouth on screen against the sound p95", SYNC_LIMIT_MS, percentile(late, 0.95)),
        Check("frame time p50", FRAME_LIMIT_MS, round(percentile(seen["frames"], 0.5), 2)),
    ]
    report.notes.append("software drawing (--disable-gpu); CPU of all of Chromium, its sound too")
    return report


def paired(heard: list[float], seen: list[float]) -> list[float]:
    """For each sound the milliseconds until its mouth; before it is negative."""
    found = []
    for at in heard:
        nearest = min(seen, key=lambda moment: abs(moment - at), default=math.inf)
        if abs(nearest - at) < PAIR_MS:
            found.append(round(nearest - at, 2))
    return found


def spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {f"p{share}": percentile(values, share / 100) for share in (5, 50, 95)}


async def _until_elected(show: RunningShow) -> None:
    async with asyncio.timeout(20):
        while True:
            if any(page["voice"] for page in (await show.get("/now", "stage"))["pages"]):
                return
            await asyncio.sleep(0.05)


async def _say(tune: Tune, show: RunningShow, bus: Bus) -> None:
    """As a voice would send it: faster than it is heard."""
    sound = tune.pcm()
    ids = {"show": show.settings.kitsu_show, "utterance_id": new_id(), "turn_id": new_id()}
    text = "A tune in bursts."
    for offset in range(0, len(sound) // 2, round(CHUNK_SECONDS * RATE_HZ)):
        end = min(offset + round(CHUNK_SECONDS * RATE_HZ), len(sound) // 2)
        chunk = AudioChunk(
            index=0,
            offset_samples=offset,
            sample_rate_hz=RATE_HZ,
            text=text if offset == 0 else "",
            mouth=tune.mouth(offset / RATE_HZ, end / RATE_HZ),
            synthesis_seconds=0.0,
            **ids,
        )
        await bus.publish(chunk, sound[2 * offset : 2 * end])
        await asyncio.sleep(CHUNK_SECONDS / AHEAD)
    facts = {"engine": "bench", "text": text, **ids}
    done = SentenceSynthesized(
        index=0,
        total_samples=len(sound) // 2,
        sample_rate_hz=RATE_HZ,
        synthesis_seconds=0.0,
        **facts,
    )
    await bus.publish(done)
    await bus.publish(ReplyFinished(sentences=1, **facts))


async def _cpu_percent(seconds: float) -> float:
    """Of one core, for everything of Chromium that this process has started."""
    before = _chromium_seconds()
    await asyncio.sleep(seconds)
    return round(100 * (_chromium_seconds() - before) / seconds, 1)


def _chromium_seconds() -> float:
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" in process.name().lower():
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total
