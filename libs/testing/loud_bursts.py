"""Speech whose moments are known: loud bursts with the mouth wide open, and silence between them.

Given to the stage as a voice would give it, so that what follows the sound can be compared with it.
"""

import asyncio
import math
from array import array
from collections.abc import Sequence
from typing import Any

from libs.bus.base import Bus
from libs.contracts.conversation import ReplyFinished
from libs.contracts.identity import new_id
from libs.contracts.speaking import (
    AudioChunk,
    MouthCue,
    PlaybackFinished,
    PlaybackStarted,
    SentenceSynthesized,
    Viseme,
)
from libs.contracts.streams import SPEAKING
from libs.telemetry import clock

RATE_HZ = 24_000
BURST_SECONDS, PAUSE_SECONDS = 0.3, 0.4
#: The first burst comes after this much silence.
LEAD_SECONDS = 0.4
TEXT = "a burst of sound"
_TONE_HZ = 220.0
_PEAK = 0.4
_CHUNK_SECONDS = 0.1


def burst_starts(count: int) -> list[float]:
    """When each burst begins, in seconds from the first sample."""
    return [LEAD_SECONDS + number * (BURST_SECONDS + PAUSE_SECONDS) for number in range(count)]


def burst_sound(count: int) -> bytes:
    """Mono signed 16-bit PCM at `RATE_HZ`."""
    burst = array("h", (_tone(n) for n in range(round(BURST_SECONDS * RATE_HZ)))).tobytes()
    pause = bytes(2 * round(PAUSE_SECONDS * RATE_HZ))
    return bytes(2 * round(LEAD_SECONDS * RATE_HZ)) + (burst + pause) * count


def _tone(sample: int) -> int:
    return round(32_767 * _PEAK * math.sin(2 * math.pi * _TONE_HZ * sample / RATE_HZ))


def _cues(starts: Sequence[float]) -> list[MouthCue]:
    found = []
    for start in starts:
        found.append(MouthCue(at_seconds=start, viseme=Viseme.AA))
        found.append(MouthCue(at_seconds=start + BURST_SECONDS, viseme=Viseme.SIL))
    return found


async def say_bursts(bus: Bus, show: str, count: int) -> str:
    """Gives the stage one utterance of so many bursts. Returns its id."""
    latched = await bus.latch(show, "epoch") or {}
    utterance = new_id()
    identity: dict[str, Any] = {
        "show": show,
        "turn_id": new_id(),
        "utterance_id": utterance,
        "epoch": int(latched.get("epoch", 0)),
    }
    sound, cues = burst_sound(count), _cues(burst_starts(count))
    step = round(_CHUNK_SECONDS * RATE_HZ)
    for offset in range(0, len(sound) // 2, step):
        begins, ends = offset / RATE_HZ, (offset + step) / RATE_HZ
        chunk = AudioChunk(
            **identity,
            index=0,
            offset_samples=offset,
            sample_rate_hz=RATE_HZ,
            text=TEXT if offset == 0 else "",
            mouth=tuple(cue for cue in cues if begins <= cue.at_seconds < ends),
        )
        await bus.publish(chunk, sound[2 * offset : 2 * (offset + step)])
    await bus.publish(
        SentenceSynthesized(
            **identity,
            index=0,
            total_samples=len(sound) // 2,
            sample_rate_hz=RATE_HZ,
            text=TEXT,
            engine="bursts",
            synthesis_seconds=0.0,
        )
    )
    await bus.publish(ReplyFinished(**identity, sentences=1, text=TEXT, engine="bursts"))
    return utterance


async def played(bus: Bus, show: str, utterance: str, within_seconds: float) -> float:
    """When its first sample was audible (show's clock), once all of it was played. Raises
    `TimeoutError`."""
    deadline = clock.now() + within_seconds
    while clock.now() < deadline:
        events = [d.event for d in await bus.recent(SPEAKING, show, 50)]
        ours = [event for event in events if event.utterance_id == utterance]
        started = next((e for e in ours if isinstance(e, PlaybackStarted)), None)
        if started is not None and any(isinstance(e, PlaybackFinished) for e in ours):
            return started.started_at
        await asyncio.sleep(0.05)
    raise TimeoutError("the bursts were not played to their end")
