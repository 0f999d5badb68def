"""`kitsu bench memory`: what is recalled of a long show, how fast, and how much is kept.

The quiz is the orchestrator's own and runs as a process of its own (an app imports no other app).
The floor is the plainest look-up there is in the same file: one row by its number.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from apps.cli.bench.report import Check, Figures, Report, percentile
from apps.cli.failures import OTHER_VERSION, Failed
from libs.settings import ROOT

RECALL_LIMIT_MS = 10.0
#: Share of the questions that may go unanswered, but for those that have no words in common with
#: what was told (`FAR`): they are counted and shown.
MISSED_SHARE = 0.05
FAR = "far"
#: Questions that are listed by their words.
LISTED = 20
#: Of a line that was said and the answer to it: text, index, and what was learned.
LIMIT_BYTES_A_MESSAGE = 1_500.0


class Quiz(BaseModel):
    """What the quiz prints, as far as it is used here. Times are milliseconds."""

    model_config = ConfigDict(extra="ignore")

    messages: int
    asked: int
    recalled: int
    first: int
    by_kind: dict[str, dict[str, int]]
    missed: list[str]
    outdated: list[str]
    not_theirs: list[str]
    lines_a_turn: float
    recall_ms: list[float]
    recall_cpu_ms: list[float]
    floor_ms: list[float]
    close_turn_ms: list[float]
    bytes: int


async def bench_memory(messages: int, folder: Path) -> Report:
    """Raises `Failed` when the quiz cannot be run."""
    quiz = await _ask(messages, folder)
    report = Report(
        "memory",
        Figures(quiz.recall_ms),
        "one row by its number, same file",
        Figures(quiz.floor_ms),
    )
    near = [counts for kind, counts in quiz.by_kind.items() if kind != FAR]
    asked, recalled = (sum(counts[key] for counts in near) for key in ("asked", "recalled"))
    share = 1 - recalled / asked
    report.counts = {
        "messages": quiz.messages,
        "asked": quiz.asked,
        "recalled": quiz.recalled,
        "recalled_first": quiz.first,
        "outdated": len(quiz.outdated),
        "learned_of_others": len(quiz.not_theirs),
        "lines_a_turn": quiz.lines_a_turn,
        "bytes": quiz.bytes,
    }
    report.parts = {
        "by_kind": quiz.by_kind,
        "recall_cpu_ms": Figures(quiz.recall_cpu_ms).as_json(),
        "close_turn_ms": Figures(quiz.close_turn_ms).as_json(),
    }
    report.checks = [
        Check("recall p95", RECALL_LIMIT_MS, round(percentile(quiz.recall_ms, 0.95), 3)),
        Check("near questions without their fact", MISSED_SHARE, round(share, 4), "of all"),
        Check("facts learned about others", 0, len(quiz.not_theirs), ""),
        Check("outdated facts recalled", 0, len(quiz.outdated), ""),
        Check(
            "size a message", LIMIT_BYTES_A_MESSAGE, round(quiz.bytes / quiz.messages, 1), "bytes"
        ),
    ]
    report.notes += [f"missed: {question}" for question in quiz.missed[:LISTED]]
    if len(quiz.missed) > LISTED:
        report.notes.append(f"and {len(quiz.missed) - LISTED} more")
    report.notes += [f"outdated: {line}" for line in quiz.outdated]
    report.notes += [f"not theirs to tell: {line}" for line in quiz.not_theirs]
    return report


async def _ask(messages: int, folder: Path) -> Quiz:
    quiz = ("-m", "apps.orchestrator.memory.quiz", "--json")
    options = ("--messages", str(messages), "--folder", str(folder))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *quiz,
        *options,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode != 0:
        last = complained.decode(errors="replace").strip().splitlines()[-1:]
        raise Failed(f"The quiz ended with code {process.returncode}: {' '.join(last)}")
    try:
        found: Any = json.loads(said)
        return Quiz.model_validate(found)
    except (ValueError, ValidationError):
        raise Failed(OTHER_VERSION) from None
