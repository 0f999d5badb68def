"""Measures the memory: `python -m apps.orchestrator.memory.quiz [--messages 10000] [--json]`.
With `--embedding-url` (an Ollama server) once more by words and meaning.

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
from typing import Any, NamedTuple

from apps.orchestrator.engines.ollama import OllamaEmbedding
from apps.orchestrator.floor import Candidate
from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.meaning import Meaning
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
#: How long a question's meaning is waited for here: what it finds is measured, not the model.
QUESTION_SECONDS = 10.0


class Embedding(NamedTuple):
    """Where vectors come from: an Ollama server, and one of its models."""

    url: str
    model: str


class Quiz:
    """Plays a script into a memory of its own and asks the questions. Times are milliseconds."""

    def __init__(self, folder: Path, embedding: Embedding | None = None) -> None:
        self._path = folder / "quiz.sqlite"
        self._database = Database(self._path)
        self._memory = Memory(self._database, Gate.load(), MemoryRules())
        self._embedding = embedding
        self._turns = 0
        self._closing: list[float] = []
        self._question: list[float] = []
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
            found = await self._examine(show, seed)
            floor = self._time_plain_look_ups(len(self._recall))
            await self._database.wipe()
            size = self._path.stat().st_size
            if self._embedding is not None:
                found["vectors"] = await self._examine_with_vectors(self._embedding, show, seed)
        finally:
            await self._database.close()
        return {
            "messages": self._turns * 2,
            **found,
            "not_theirs": self._not_theirs,
            "floor_ms": floor,
            "close_turn_ms": self._closing,
            "bytes": size,
        }

    async def _examine(self, show: Script, seed: int) -> dict[str, Any]:
        """All questions, and ordinary lines beside them, each timed."""
        self._question, self._recall, self._recall_cpu = [], [], []
        found = await self._ask(show)
        await self._recall_ordinary_lines(show, random.Random(seed))
        return {**found, "recall_ms": self._recall, "recall_cpu_ms": self._recall_cpu}

    async def _examine_with_vectors(
        self, embedding: Embedding, show: Script, seed: int
    ) -> dict[str, Any]:
        """`bytes`: what the vectors add; `question_ms`: until a question's meaning is known."""
        before, started = self._path.stat().st_size, time.perf_counter()
        meaning = Meaning(self._database, OllamaEmbedding(*embedding), QUESTION_SECONDS)
        try:
            await meaning.make_missing(lambda: True)
            made_seconds = time.perf_counter() - started
            self._memory.meaning = meaning
            found = await self._examine(show, seed)
        finally:
            self._memory.meaning = None
            await meaning.stop()
        await self._database.wipe()
        return {
            **found,
            "model": embedding.model,
            "vectors": len(meaning),
            "made_seconds": round(made_seconds, 1),
            "question_ms": self._question,
            "bytes": self._path.stat().st_size - before,
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

    async def _ask(self, show: Script) -> dict[str, Any]:
        by_kind: defaultdict[str, Counter[str]] = defaultdict(Counter)
        missed, outdated, lines = [], [], 0
        for asked in show.questions:
            found = await self._recalled(asked.author, asked.text)
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

    async def _recall_ordinary_lines(self, show: Script, rng: random.Random) -> None:
        ordinary = [line for evening in show.evenings[4:] for line in evening]
        for line in rng.choices(ordinary, k=TIMED_LINES):
            await self._recalled(line.author, line.text)

    async def _recalled(self, author: Author, text: str) -> tuple[MemoryLine, ...]:
        """Timed twice: as it takes, and without what else the machine did meanwhile."""
        given, asked_at = _input(author, text), time.perf_counter()
        near = await self._memory.think_of(given)
        started, cpu_started = time.perf_counter(), time.thread_time()
        self._question.append((started - asked_at) * 1000)
        found = self._memory.for_turn(given, near)
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


async def measure(
    messages: int, folder: Path, seed: int = 7, embedding: Embedding | None = None
) -> dict[str, Any]:
    """The whole quiz in a folder of its own."""
    return await Quiz(folder, embedding).run(messages, seed)


def _for_people(found: dict[str, Any]) -> str:
    lines = [f"{found['messages']} messages, {found['bytes']} bytes", *_counts(found)]
    if vectors := found.get("vectors"):
        lines.append(f"with {vectors['vectors']} vectors, {vectors['bytes']} bytes")
        lines += _counts(vectors)
    lines += [f"  not_theirs: {one}" for one in found["not_theirs"]]
    return "\n".join(lines)


def _counts(found: dict[str, Any]) -> list[str]:
    lines = []
    for kind, counts in found["by_kind"].items():
        lines.append(
            f"  {kind:<12} {counts['recalled']}/{counts['asked']} recalled, {counts['first']} first"
        )
    lines.append(f"  {'all':<12} {found['recalled']}/{found['asked']}, {found['first']} first")
    lines.append(f"  {found['lines_a_turn']} lines go with a turn")
    for name in ("missed", "outdated"):
        lines += [f"  {name}: {one}" for one in found[name]]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--folder", type=Path, help="where the file is made; default: a temporary one"
    )
    parser.add_argument("--embedding-url", help="an Ollama server: asks again, with vectors")
    parser.add_argument("--embedding-model", default="nomic-embed-text")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args()
    url, model = options.embedding_url, options.embedding_model
    embedding = Embedding(url, model) if url else None
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = asyncio.run(measure(options.messages, Path(folder), options.seed, embedding))
    print(json.dumps(found, ensure_ascii=False) if options.json else _for_people(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
