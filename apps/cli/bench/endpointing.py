"""`kitsu bench endpointing`: how often each strategy cuts a speaker off, and how long it waits.

Sentences with a pause inside are made with the embedded voice, through the voice worker of a show
that is started for it. The ears' own gate and strategies then hear them in a process of their own
(`python -m apps.asr_worker.endpointing`), with the true words arriving some time after each pause
began. What is judged is the rules: a voice that is synthetic pauses where it is told to, and its
melody does not tell whether it is done, so turn models are left out.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel

from apps.cli.bench.own_process import results_of
from apps.cli.bench.report import Check, Report, percentile
from apps.cli.failures import Failed
from libs.testing.running_show import RunningShow, running_show

#: Where people pause: inside a thought, at a comma, while they look for a word, between sentences.
SENTENCES = (
    ("I went to the", "supermarket to buy some bread."),
    ("What I really want is", "a very long holiday."),
    ("So I was thinking that", "we could play something else tonight."),
    ("Yesterday I saw a", "huge spider in my kitchen."),
    ("We should leave now because", "it is getting dark outside."),
    ("Can you tell me the", "name of your favourite song?"),
    ("I would like to", "ask you something personal."),
    ("The problem with", "this level is the last boss."),
    ("My sister and", "her husband are coming over."),
    ("Do you remember when", "we lost that match?"),
    ("When I was young,", "I never liked vegetables."),
    ("If we win this one,", "I will eat my hat."),
    ("Well, honestly,", "I have no idea at all."),
    ("First we need wood, stone,", "and a little bit of iron."),
    ("Kitsu,", "what do you think about the weather?"),
    ("It is, um,", "somewhere behind the door."),
    ("Let me think, uh,", "I would say about twelve."),
    ("I mean, er,", "that was not on purpose."),
    ("My favourite game this year", "was the one with the little fox."),
    ("The big red button over there", "opens the second gate."),
    ("Everybody in the chat today", "seems to be very tired."),
    ("I like your new dress.", "Where did you get it?"),
    ("That was close.", "Let us try it once more."),
    ("Okay, I am back.", "Did anything happen?"),
)
PAUSES_SECONDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3, 1.6, 2.0)
#: From the beginning of a pass to its words: a small Whisper on a good processor, and on a graphics
#: card.
RECOGNITION_SECONDS, QUICK_SECONDS = 0.4, 0.1
#: The settings' own defaults.
USUAL_SECONDS, LONGEST_SECONDS = 0.6, 1.6
#: What happens is noticed at the next window of sound.
WINDOW_MS = 32
#: Capture takes the other half of two hundredths of a core.
GATE_CPU_LIMIT = 0.01


class StrategyResults(BaseModel):
    strategy: str
    pauses: int
    cut_off_share: float
    cut_off_by_pause_seconds: dict[str, float]
    wait_ms: list[float]
    words_ms: list[float]
    missed_ends: int

    def as_row(self) -> dict[str, Any]:
        return {
            "cut_off_share": self.cut_off_share,
            "wait_p50_ms": percentile(self.wait_ms, 0.5) if self.wait_ms else None,
            "wait_p95_ms": percentile(self.wait_ms, 0.95) if self.wait_ms else None,
            "words_p50_ms": percentile(self.words_ms, 0.5) if self.words_ms else None,
            "words_p95_ms": percentile(self.words_ms, 0.95) if self.words_ms else None,
            "missed_ends": self.missed_ends,
            "cut_off_by_pause_seconds": self.cut_off_by_pause_seconds,
        }


class Results(BaseModel):
    voice_model: str
    cases: int
    sound_seconds: float
    cpu_share: float
    strategies: list[StrategyResults]


async def bench_endpointing(sentences: int, folder: Path) -> Report:
    """`sentences`: so many of ours. Raises `Failed` when the voice makes no sound."""
    sounds = folder / "sounds"
    await asyncio.to_thread(sounds.mkdir, parents=True)
    async with running_show(folder / "show") as show:
        plan = await _speak(show, SENTENCES[:sentences], sounds)
    path = sounds / "plan.json"
    await asyncio.to_thread(path.write_text, json.dumps(plan), "utf-8")
    options = ("--plan", str(path))
    found = await results_of(
        "The ears' own measurement", "apps.asr_worker.endpointing", Results, *options
    )
    return _report(found)


async def _speak(
    show: RunningShow, sentences: tuple[tuple[str, ...], ...], folder: Path
) -> dict[str, Any]:
    """Each piece as a WAV file, and the plan that names them."""
    planned = []
    for number, pieces in enumerate(sentences):
        named = []
        for part, text in enumerate(pieces):
            name = f"{number:02}-{part}.wav"
            await asyncio.to_thread((folder / name).write_bytes, await _spoken(show, text))
            named.append({"wav": name, "text": text})
        planned.append(named)
    return {
        "sentences": planned,
        "pauses_seconds": PAUSES_SECONDS,
        "recognition_seconds": RECOGNITION_SECONDS,
        "quick_seconds": QUICK_SECONDS,
        "usual_seconds": USUAL_SECONDS,
        "longest_seconds": LONGEST_SECONDS,
    }


async def _spoken(show: RunningShow, text: str) -> bytes:
    url = f"http://127.0.0.1:{show.ports['tts_worker']}/synthesize"
    try:
        answer = await show.client.post(url, json={"text": text})
    except httpx.HTTPError as problem:
        raise Failed(f"The voice did not answer ({type(problem).__name__}).") from None
    if not answer.is_success:
        raise Failed(f"The voice made no sound of {text!r} (HTTP {answer.status_code}).")
    return answer.content


def _report(found: Results) -> Report:
    report = Report("endpointing")
    report.counts = {
        "cases": found.cases,
        "sound_seconds": found.sound_seconds,
        "voice_model": found.voice_model,
    }
    rows = {strategy.strategy: strategy for strategy in found.strategies}
    report.parts = {name: strategy.as_row() for name, strategy in rows.items()}
    usual = rows.get(f"fixed {USUAL_SECONDS * 1000:.0f} ms")
    for name, row in rows.items():
        report.checks.append(Check(f"{name}: ends missed", 0, row.missed_ends, ""))
        if usual is not None and name.startswith("text"):
            report.checks += [
                Check(
                    f"{name}: cut off, against the same silence alone",
                    usual.cut_off_share,
                    row.cut_off_share,
                    "of all pauses",
                ),
                Check(
                    f"{name}: wait for the words p50, against the same silence alone",
                    percentile(usual.words_ms, 0.5) + WINDOW_MS,
                    percentile(row.words_ms, 0.5),
                ),
            ]
    report.checks.append(Check("gate CPU", GATE_CPU_LIMIT, found.cpu_share, "of one core"))
    report.notes = [
        f"words arrive {RECOGNITION_SECONDS * 1000:g} ms after the pass for them was begun, of a "
        f"quick recogniser {QUICK_SECONDS * 1000:g} ms",
        "wait: from the last sound to the end of the turn; words: to when they are there too",
        "turn models are not judged: a synthetic voice's melody does not tell whether it is done",
    ]
    return report
