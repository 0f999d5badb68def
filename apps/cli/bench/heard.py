"""`kitsu bench heard`: at random cuts, the words that a voice had said against those told from its
sound alone.

The show's own voice says a text; its chunks are read from the bus. The embedded voice tells when
each word begins: that is the truth. Its word times are then taken away.
"""

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from apps.cli.bench.report import Check, Report, percentile
from libs.bus.base import Bus, Delivery
from libs.bus.opening import connect
from libs.contracts.speaking import AudioChunk, SentenceSynthesized, WordCue
from libs.contracts.streams import AUDIO
from libs.speech.word_times import with_every_word, words_from_sound
from libs.testing.running_show import RunningShow, running_show

#: Sound a streaming voice is ahead of what is heard.
AHEAD_SECONDS = 0.6
SAID = (
    "Alright everyone, tonight we finally meet the dragon at the top of the mountain.",
    "I think it is somewhere over there, behind the old mill, but do not quote me on that.",
    "Oh no, not again!",
    "She promised, she swore, and still she ate 3 of my pancakes.",
    "Thank you for the kind words; they mean more to me than you would ever guess.",
    "What would happen if we simply walked around the whole thing without touching it?",
    "Once upon a time there was a lighthouse keeper who was afraid of the dark.",
    "If I lose one more time, I will pretend that none of this ever happened, and go home.",
    "Honestly, I did not expect that many people on a rainy Tuesday evening.",
    "Left, right, left, and then straight on until the road ends.",
)


@dataclass
class Spoken:
    text: str
    rate_hz: int
    pcm: bytes
    told: list[WordCue]

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate_hz

    def until(self, seconds: float) -> bytes:
        return self.pcm[: round(seconds * self.rate_hz) * 2]


async def bench_heard(cuts: int, folder: Path) -> Report:
    """Raises `TimeoutError` when a text gets no sound."""
    async with running_show(folder, {"TTS_ENGINE": "espeak", "STAGE_OUTPUT": "silent"}) as show:
        bus = connect(show.settings, "bench@here#0")
        await bus.open()
        try:
            spoken = [said for text in SAID for said in await _spoken(show, bus, text)]
        finally:
            await bus.close()
    rng = random.Random(5)
    places = [(said, rng.uniform(0.02, said.seconds)) for said in rng.choices(spoken, k=cuts)]
    ways: dict[str, Callable[[Spoken, float], int]] = {
        "from_the_sound": _from_the_sound,
        "while_being_made": _while_being_made,
        "spread_evenly": _spread_evenly,
    }
    found = {name: _errors(way, places) for name, way in ways.items()}
    report = Report("heard")
    report.counts = {"cuts": cuts, "sentences": len(spoken), "unit_of_errors": "words"}
    report.parts = {name: _as_json(errors) for name, errors in found.items()}
    report.checks += [
        Check("mean error from the sound", 1.0, _mean(found["from_the_sound"]), "words"),
        Check("mean error while being made", 1.0, _mean(found["while_being_made"]), "words"),
    ]
    report.notes.append("spread evenly: each word its share of the letters, for comparison")
    return report


async def _spoken(show: RunningShow, bus: Bus, text: str) -> list[Spoken]:
    """Has her say it, and cuts her off as soon as the whole sound was sent. She may say it as
    several sentences."""
    utterance = (await show.post("/tts", {"text": text}))["utterance_id"]
    async with asyncio.timeout(30):
        while True:
            entries = await bus.recent(AUDIO, show.settings.kitsu_show, 400)
            mine = [entry for entry in entries if entry.event.utterance_id == utterance]
            ends = [e.event for e in mine if isinstance(e.event, SentenceSynthesized)]
            if " ".join(end.text for end in ends) == text:
                break
            await asyncio.sleep(0.05)
    await show.post("/stop")
    return [_put_together(end, mine) for end in ends]


def _put_together(end: SentenceSynthesized, entries: list[Delivery]) -> Spoken:
    pcm, told = b"", list[WordCue]()
    for entry in entries:
        if isinstance(entry.event, AudioChunk) and entry.event.index == end.index:
            assert entry.event.offset_samples == len(pcm) // 2, "a chunk is missing"
            pcm += entry.data
            told += entry.event.words
    assert pcm, f"no sound for {end.text!r}"
    assert told, "this voice tells no word times: there is nothing to compare with"
    return Spoken(end.text, end.sample_rate_hz, pcm, with_every_word(end.text, told))


def _errors(way: Callable[[Spoken, float], int], places: list[tuple[Spoken, float]]) -> list[float]:
    """Words too many or too few at each cut."""
    return [float(abs(way(said, cut) - _begun(said.told, cut))) for said, cut in places]


def _begun(cues: list[WordCue], cut: float) -> int:
    return sum(cue.at_seconds < cut for cue in cues)


def _from_the_sound(said: Spoken, cut: float) -> int:
    return _begun(words_from_sound(said.text, said.pcm, said.rate_hz), cut)


def _while_being_made(said: Spoken, cut: float) -> int:
    known = min(said.seconds, cut + AHEAD_SECONDS)
    whole = known >= said.seconds
    return _begun(words_from_sound(said.text, said.until(known), said.rate_hz, whole), cut)


def _spread_evenly(said: Spoken, cut: float) -> int:
    letters = [len(word) + 1 for word in re.findall(r"\S+", said.text)]
    begins = [0, *accumulate(letters)][:-1]
    return sum(begin / sum(letters) * said.seconds < cut for begin in begins)


def _mean(errors: list[float]) -> float:
    return round(sum(errors) / len(errors), 3)


def _as_json(errors: list[float]) -> dict[str, Any]:
    return {
        "mean": _mean(errors),
        "p95": percentile(errors, 0.95),
        "max": max(errors),
    }
