"""`kitsu bench bargein`: a person's voice over hers, to the last sample that the loudspeaker gave.

A whole show on a sound card of its own (PulseAudio): a recorded host speaks into the microphone, or
holds the talk key, while she speaks, and the loudspeaker is recorded. The time of a recorded sample
is when it arrived here, so that the recorder's own delay counts against us.
"""

import asyncio
import importlib.util
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from apps.cli.bench.report import Check, Figures, Report, percentile
from libs.audio.loudness import samples_of
from libs.bus.base import Bus
from libs.bus.embedded import find_binary
from libs.bus.opening import connect
from libs.contracts.envelope import Event
from libs.contracts.interruption import HoldSpeaking, SpeechHold
from libs.contracts.listening import InterruptionDecided
from libs.contracts.speaking import PlaybackFinished
from libs.telemetry import clock
from libs.testing.hearing_show import hearing_settings
from libs.testing.running_show import RunningShow, running_show
from libs.testing.sound_card import LiveSound, SoundCard, missing_programs, virtual_sound_card
from libs.testing.stand_ins.openai import OpenAIStandIn
from libs.testing.tiny_whisper import write_tiny_whisper

Found = TypeVar("Found")
Some = TypeVar("Some", bound=Event)

#: Device latency of 50 ms, and a chunk.
BUDGET_MS = 60.0
#: Of full scale: from here on something sounds.
AUDIBLE = 0.003
PIECE_SECONDS = 0.005
#: So much of hers is heard first: her ears learn how she sounds in this room.
SPOKEN_SECONDS = 3.0
#: After the cut it is listened so long whether anything of hers is heard again.
AFTER_SECONDS = 0.6
#: What sounds so long after the cut is no rest of it.
AGAIN_SECONDS = 0.15
#: What she says, whatever she is asked: one sentence, so that it has no pauses.
LINE = "a long line that goes on and on over the hills and along the river " * 4
ANSWER = f"<mood>neutral</mood><speech>{LINE.strip()}.</speech>"
#: What the recogniser answers, whatever is said.
UNDERSTOOD = "Wait a moment please"
PHRASE = (
    Path(__file__).parents[2] / "asr_worker/inputs/phrases/what_do_you_think_about_this_game.wav"
)


@dataclass
class Way:
    """Milliseconds to the last audible sample, and how often something was heard after the cut."""

    from_pause: list[float] = field(default_factory=list)
    from_commit: list[float] = field(default_factory=list)
    heard_again: int = 0

    def parts(self) -> dict[str, object]:
        return {
            "rounds": len(self.from_commit),
            "pause_to_last_sample": Figures(self.from_pause).as_json(),
            "commit_to_last_sample": Figures(self.from_commit).as_json(),
            "heard_again": self.heard_again,
        }


def what_is_missing() -> list[str]:
    """What this bench cannot do without, by name."""
    missing = list(missing_programs()) if sys.platform == "linux" else ["Linux with PulseAudio"]
    if importlib.util.find_spec("faster_whisper") is None:
        missing.append("faster-whisper (pip install 'kitsu-vtuber[listening]')")
    if find_binary() is None:
        missing.append("a Redis-compatible server")
    return missing


async def bench_bargein(rounds: int, folder: Path) -> Report:
    if missing := what_is_missing():
        return Report("bargein", notes=[f"skipped: this machine lacks {', '.join(missing)}"])
    with virtual_sound_card(folder / "card") as card:
        async with OpenAIStandIn(script=(ANSWER,) * (3 * rounds)) as model:
            whisper = write_tiny_whisper(folder / "whisper", UNDERSTOOD)
            settings = hearing_settings(card, whisper, model)
            async with running_show(folder / "show", settings) as show:
                bus = connect(show.settings, "bench@here#0")
                await bus.open()
                try:
                    await _until(lambda: _listens(show))
                    return await _measure(rounds, _Room(show, bus, card))
                finally:
                    await bus.close()


@dataclass
class _Room:
    show: RunningShow
    bus: Bus
    card: SoundCard

    async def events(self, kind: type[Some], utterance: str) -> list[Some]:
        stored = await self.bus.recent(kind.topic, self.show.settings.kitsu_show, 300)
        found = {d.event.event_id: d.event for d in stored if isinstance(d.event, kind)}
        return [event for event in found.values() if event.utterance_id == utterance]

    async def speaking(self) -> str:
        """The utterance that can be heard now, if there is one."""
        said = (await self.show.get("/now", "stage"))["speaking"]
        return (
            str(said["utterance_id"]) if said and said["position_seconds"] > SPOKEN_SECONDS else ""
        )


async def _measure(rounds: int, room: _Room) -> Report:
    voice, key = Way(), Way()
    for number in range(rounds):
        by_key = bool(number % 2)
        await _round(room, f"go on with number {number}", key if by_key else voice, by_key)
    commits, pauses = voice.from_commit + key.from_commit, voice.from_pause + key.from_pause
    report = Report("bargein", Figures(commits))
    report.parts = {"by_voice": voice.parts(), "by_talk_key": key.parts()}
    report.checks += [
        Check("commit to last sample p95", BUDGET_MS, round(percentile(commits, 0.95), 1)),
        Check("pause to last sample p95", BUDGET_MS, round(percentile(pauses, 0.95), 1)),
        Check("heard again after the cut", 0, voice.heard_again + key.heard_again, ""),
    ]
    return report


async def _round(room: _Room, line: str, way: Way, by_key: bool) -> None:
    with room.card.record_live() as sound:
        await room.show.chat(line)
        utterance = await _until(room.speaking)
        if by_key:
            await room.show.post("/talk", {"held": True})
            player = None
        else:
            player = room.card.play(PHRASE)
        decided = await _until(lambda: _cut(room, utterance))
        await asyncio.sleep(AFTER_SECONDS)
    if player is None:
        await room.show.post("/talk", {"held": False})
    else:
        await asyncio.to_thread(player.wait)
    holds = await room.events(HoldSpeaking, utterance)
    pauses = [h.emitted_at for h in holds if h.hold is SpeechHold.PAUSED and h.by == "voice"]
    paused_at = min(pauses, default=decided.emitted_at)
    last = max((at for at in _loud_moments(sound)), default=paused_at)
    way.from_pause.append(max(0.0, last - paused_at) * 1_000)
    way.from_commit.append(max(0.0, last - decided.emitted_at) * 1_000)
    way.heard_again += last > decided.emitted_at + AGAIN_SECONDS


async def _cut(room: _Room, utterance: str) -> InterruptionDecided | None:
    """Once she was stopped for it."""
    if not await room.events(PlaybackFinished, utterance):
        return None
    decided = await room.events(InterruptionDecided, utterance)
    return next((event for event in decided if event.kind.cuts), None)


async def _listens(show: RunningShow) -> bool:
    return bool((await show.get("/listening", "asr_worker"))["state"] == "listening")


async def _until(look: Callable[[], Awaitable[Found | None]]) -> Found:
    async with asyncio.timeout(60):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(0.02)


def _loud_moments(sound: LiveSound) -> Sequence[float]:
    """The end of each piece that sounds, on the show's clock."""
    to_show = clock.now() - time.monotonic()
    samples = np.abs(samples_of(bytes(sound.pcm)).astype(np.float32)) / 32_768
    step = round(PIECE_SECONDS * sound.rate_hz)
    pieces = samples[: len(samples) // step * step].reshape(-1, step).max(axis=1)
    return [
        sound.heard_at((int(number) + 1) * step) + to_show
        for number in np.nonzero(pieces > AUDIBLE)[0]
    ]
