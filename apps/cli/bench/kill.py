"""`kitsu bench kill`: each worker is killed in mid-turn; nothing may be lost or said twice.

Counted on the facts themselves: every line that was accepted must end in a turn with an outcome or
in a reason why not; every utterance has one beginning at most and one terminal state.
"""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

from apps.cli.bench.report import Check, Report
from libs.bus.opening import connect
from libs.contracts.modules import MODULES
from libs.contracts.speaking import PlaybackFinished, PlaybackStarted
from libs.contracts.streams import AUDIO, SPEAKING
from libs.testing.running_show import RunningShow, running_show

#: When in a turn the worker is killed, in seconds after the line was typed.
MOMENTS_SECONDS = (0.0, 0.02, 0.5)
#: A turn must be over after this long, killed worker or not.
TURN_SECONDS = 45.0
BACK_SECONDS = 2.0

REAL_VOICE = {"STAGE_OUTPUT": "silent", "POLICY_FORCE_MOCK": "1"}


async def bench_kill(rounds: int, folder: Path, every_moment: bool = True) -> Report:
    """`rounds` times each module, at each moment or at one of them in turn."""
    recovered: dict[str, list[float]] = {module.id: [] for module in MODULES}
    lines: list[str] = []
    async with running_show(folder, REAL_VOICE) as show:
        for _ in range(rounds):
            for number, module in enumerate(MODULES):
                one = MOMENTS_SECONDS[number % len(MOMENTS_SECONDS)]
                for moment in MOMENTS_SECONDS if every_moment else (one,):
                    text = f"line {len(lines)}: tell me a story about {module.title}"
                    lines.append(text)
                    recovered[module.id].append(await _kill_in_turn(show, module.id, text, moment))
        return await _account(show, lines, recovered)


async def _kill_in_turn(show: RunningShow, module: str, text: str, moment: float) -> float:
    """Seconds until the module is ready again, as a new process."""
    await show.chat(text)
    await asyncio.sleep(moment)
    old = await show.kill(module)
    killed_at = time.monotonic()
    async with asyncio.timeout(30):
        while await show.pid(module) in (None, old) or not await show.is_ready(module):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    took = time.monotonic() - killed_at
    await _turn_over(show, text)
    return took


async def _turn_over(show: RunningShow, text: str) -> None:
    deadline = time.monotonic() + TURN_SECONDS
    while time.monotonic() < deadline:
        turns = await show.turns(20)
        if any(turn["input"] == text and turn["outcome"] for turn in turns):
            return
        await asyncio.sleep(0.1)


async def _account(
    show: RunningShow, lines: list[str], recovered: dict[str, list[float]]
) -> Report:
    turns = await show.turns(1_000)
    ended = Counter(turn["input"] for turn in turns if turn["outcome"])
    started, finished, stale = await _facts(show)
    report = Report("kill")
    lost = [text for text in lines if ended[text] == 0]
    duplicated = [text for text in lines if ended[text] > 1]
    duplicated += [utterance for utterance, count in started.items() if count > 1]
    duplicated += [utterance for utterance, count in finished.items() if count > 1]
    unfinished = [utterance for utterance in started if utterance not in finished]
    worst = max(value for values in recovered.values() for value in values)
    report.counts = {
        "n": len(lines),
        "lost": len(lost) + len(unfinished),
        "duplicated": len(duplicated),
        "stale": stale,
        "recovered_seconds": round(worst, 2),
    }
    report.parts["outcomes"] = dict(Counter(turn["outcome"] or "open" for turn in turns))
    report.parts["recovered_seconds"] = {
        module: [round(value, 2) for value in values] for module, values in recovered.items()
    }
    report.notes += [f"lost: {text}" for text in [*lost, *unfinished]]
    report.notes += [f"twice: {text}" for text in duplicated]
    report.checks += [
        Check("facts lost", 0, report.counts["lost"], ""),
        Check("said twice", 0, report.counts["duplicated"], ""),
        Check("slowest to be back", BACK_SECONDS, report.counts["recovered_seconds"], "s"),
    ]
    return report


async def _facts(show: RunningShow) -> tuple[Counter[str], Counter[str], int]:
    """Beginnings and ends by utterance, by distinct event; and audio of a finished utterance."""
    bus = connect(show.settings, "bench@here#0")
    await bus.open()
    try:
        stored = await bus.recent(SPEAKING, show.settings.kitsu_show, 10_000)
        audio = await bus.recent(AUDIO, show.settings.kitsu_show, 1_000)
    finally:
        await bus.close()
    events: dict[str, Any] = {delivery.event.event_id: delivery.event for delivery in stored}
    started: Counter[str] = Counter()
    finished: Counter[str] = Counter()
    ended_at: dict[str, float] = {}
    for event in events.values():
        if isinstance(event, PlaybackStarted):
            started[event.utterance_id or ""] += 1
        elif isinstance(event, PlaybackFinished):
            finished[event.utterance_id or ""] += 1
            ended_at[event.utterance_id or ""] = event.emitted_at
    late = [
        delivery
        for delivery in audio
        if delivery.event.emitted_at > ended_at.get(delivery.event.utterance_id or "", 1e12) + 1.0
    ]
    return started, finished, len(late)
