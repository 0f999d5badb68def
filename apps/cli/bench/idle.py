"""`kitsu bench idle`: what the whole show costs while nothing happens, and how soon it is ready."""

import asyncio
from pathlib import Path
from typing import Any

from apps.cli.bench.report import Check, Report, process_name
from libs.testing.running_show import RunningShow, running_show

#: Start-up work is over after this long.
SETTLE_SECONDS = 5.0


async def bench_idle(seconds: int, folder: Path) -> Report:
    """Watches a show with the embedded voice and the scripted persona for so long."""
    async with running_show(folder, {"POLICY_FORCE_MOCK": "1"}) as show:
        await asyncio.sleep(SETTLE_SECONDS)
        before = _cpu_seconds(show)
        await asyncio.sleep(seconds)
        after = _cpu_seconds(show)
        memory = {process_name(p): round(p.memory_info().rss / 2**20, 1) for p in show.processes()}
    used = {name: round(100 * (after[name] - before[name]) / seconds, 2) for name in before}
    report = Report("idle", parts={"cpu_percent": used, "memory_mb": memory})
    report.checks += [
        Check("CPU of one core", 5.0, round(sum(used.values()), 2), "%"),
        Check("resident memory", 700.0, round(sum(memory.values()), 1), "MB"),
        Check("up to ready", 6.0, round(show.ready_seconds, 2), "s"),
    ]
    return report


def _cpu_seconds(show: RunningShow) -> dict[str, Any]:
    found = {}
    for process in show.processes():
        times = process.cpu_times()
        found[process_name(process)] = times.user + times.system
    return found
