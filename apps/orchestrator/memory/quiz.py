"""Measures the memory: `python -m apps.orchestrator.memory.quiz [--messages 10000] [--json]`.

A made-up show of many evenings in which viewers tell something of themselves, correct it, and talk
of everything else; then they, and others by name, ask about it in other words. Counts how many
questions had the fact with them, what came along that is not so any more, what was learned of a
line that nobody may teach by, and the time.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from apps.orchestrator.floor import Candidate
from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.memory import Memory, MemoryRules
from apps.orchestrator.memory.quiz_show import Asked, Line, Script, script
from apps.orchestrator.turns import Turn
from libs.contracts.conversation import (
    MemoryLine,
    PersonaSnapshot,
    TurnCommitted,
    TurnInput,
    TurnSource,
)
from libs.contracts.people import Author
from libs.safety import Gate
from libs.telemetry import clock

EVENING_SECONDS = 86_400.0
#: Ordinary lines whose recall is timed beside that of the questions.
TIMED_LINES = 400


class Quiz:
    """Plays a script into a memory of its own and asks the questions. Times are milliseconds."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "quiz.sqlite"
        self._database = Database(self._path)
        self._memory = Memory(self._database, Gate.load(), MemoryRules())
        self._turns = 0
        self._closing: list[float] = []
        self._recall: list[float] = []
        self._recall_cpu: list[float] = []
        self._not_theirs: list[str] = []

    async def run(self, messages: int, seed: int) -> dict[str, Any]:
        show = script(messages, seed)
        await self._database.open()
        await self._memory.open()
        try:
            for evening in show.evenings:
                await self._play(evening)
            found = self._ask(show)
            self._recall_ordinary_lines(show, random.Random(seed))
            floor = self._time_plain_look_ups(len(self._recall))
            await self._database.wipe()
        finally:
            await self._database.close()
        return {
            "messages": self._turns * 2,
            **found,
            "not_theirs": self._not_theirs,
            "recall_ms": self._recall,
            "recall_cpu_ms": self._recall_cpu,
            "floor_ms": floor,
            "close_turn_ms": self._closing,
            "bytes": self._path.stat().st_size,
        }

    async def _play(self, evening: list[Line]) -> None:
        for line in evening:
            self._closing.append(await self._turn(line))
            if line.forbidden:
                await self._see_what_was_learned(line)
        await self._memory.refresh()
        while await self._memory.summarise():
            await self._memory.refresh()
        await self._database.run(_a_day_passes)

    async def _turn(self, line: Line) -> float:
        """One line that was answered and heard; returns how long its writing took."""
        self._turns += 1
        number, given = self._turns, _input(line.author, line.text)
        turn = Turn(
            Candidate(f"in{number}", f"turn{number}", f"utt{number}", given), clock.now(), 0
        )
        request = TurnCommitted(
            turn_id=turn.turn_id,
            utterance_id=turn.utterance_id,
            input=given,
            persona=PersonaSnapshot(),
        )
        turn.heard_text = "Well, that is nice to hear."
        turn.end("completed")

        def write(db: sqlite3.Connection) -> None:
            records.add_input(db, turn.candidate)
            records.open_turn(db, turn, request)
            records.close_turn(db, turn, clock.now())
            lesson(db)

        started = time.perf_counter()
        lesson = self._memory.lessons(turn)
        await self._database.run(write)
        return (time.perf_counter() - started) * 1000

    async def _see_what_was_learned(self, line: Line) -> None:
        sql = "SELECT text FROM fact WHERE source_turn_id = ?"
        turn_id = f"turn{self._turns}"
        rows = await self._database.run(lambda db: db.execute(sql, (turn_id,)).fetchall())
        self._not_theirs += [f"{line.text} -> {row['text']}" for row in rows]

    def _ask(self, show: Script) -> dict[str, Any]:
        by_kind: defaultdict[str, Counter[str]] = defaultdict(Counter)
        missed, outdated, lines = [], [], 0
        for asked in show.questions:
            found = self._recalled(asked.author, asked.text)
            recalled = [line for line in found if line.kind != "summary"]
            texts = [line.text for line in recalled]
            lines += len(texts)
            right = [asked.wanted.casefold() in text.casefold() for text in texts]
            by_kind[asked.kind].update(asked=1, recalled=any(right), first=any(right[:1]))
            if not any(right):
                missed.append(_told(asked))
            outdated += [_told(asked) for line in recalled if _is_outdated(asked, line)]
        kinds = {kind: dict(counts) for kind, counts in sorted(by_kind.items())}
        return {
            "asked": len(show.questions),
            **{key: sum(kind[key] for kind in kinds.values()) for key in ("recalled", "first")},
            "by_kind": kinds,
            "missed": missed,
            "outdated": outdated,
            "lines_a_turn": round(lines / len(show.questions), 2),
        }

    def _recall_ordinary_lines(self, show: Script, rng: random.Random) -> None:
        ordinary = [line for evening in show.evenings[4:] for line in evening]
        for line in rng.choices(ordinary, k=TIMED_LINES):
            self._recalled(line.author, line.text)

    def _recalled(self, author: Author, text: str) -> tuple[MemoryLine, ...]:
        """Timed twice: as it takes, and without what else the machine did meanwhile."""
        started, cpu_started = time.perf_counter(), time.thread_time()
        found = self._memory.for_turn(_input(author, text))
        self._recall_cpu.append((time.thread_time() - cpu_started) * 1000)
        self._recall.append((time.perf_counter() - started) * 1000)
        return found

    def _time_plain_look_ups(self, count: int) -> list[float]:
        def look_up(db: sqlite3.Connection) -> float:
            started = time.perf_counter()
            sql = "SELECT * FROM message WHERE message_id = abs(random()) % 1000 + 1"
            db.execute(sql).fetchone()
            return (time.perf_counter() - started) * 1000

        return [self._database.read(look_up) for _ in range(count)]


def _a_day_passes(db: sqlite3.Connection) -> None:
    db.execute(
        "UPDATE fact SET learned_at = learned_at - ?, last_used_at = last_used_at - ?",
        (EVENING_SECONDS, EVENING_SECONDS),
    )
    db.execute("UPDATE message SET at = at - ?", (EVENING_SECONDS,))


def _is_outdated(asked: Asked, line: MemoryLine) -> bool:
    """What is asked about as it was, without as it is: others may well have the same."""
    theirs = asked.outdated != "-" and line.viewer_id == asked.of_whom
    return theirs and asked.outdated in line.text and asked.wanted not in line.text


def _told(asked: Asked) -> str:
    return f"{asked.kind}: {asked.author.name} asks “{asked.text}” (wanted: {asked.wanted})"


def _input(author: Author, text: str) -> TurnInput:
    return TurnInput(source=TurnSource.CHAT, author=author, text=text, arrived_at=clock.now())


async def measure(messages: int, folder: Path, seed: int = 7) -> dict[str, Any]:
    """The whole quiz in a folder of its own."""
    return await Quiz(folder).run(messages, seed)


def _for_people(found: dict[str, Any]) -> str:
    lines = [f"{found['messages']} messages, {found['bytes']} bytes"]
    for kind, counts in found["by_kind"].items():
        lines.append(
            f"  {kind:<12} {counts['recalled']}/{counts['asked']} recalled, {counts['first']} first"
        )
    lines.append(f"  {'all':<12} {found['recalled']}/{found['asked']}, {found['first']} first")
    lines.append(f"  {found['lines_a_turn']} lines go with a turn")
    for name in ("missed", "outdated", "not_theirs"):
        lines += [f"  {name}: {one}" for one in found[name]]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--folder", type=Path, help="where the file is made; default: a temporary one"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = asyncio.run(measure(options.messages, Path(folder), options.seed))
    print(json.dumps(found, ensure_ascii=False) if options.json else _for_people(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
