"""Measures the memory: `python -m apps.orchestrator.memory.quiz [--messages 10000] [--json]`.

A made-up show of many evenings, in which some viewers once told something of themselves; then each
is asked about it in other words. Counts how many answers had the fact with them, and the time.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from apps.orchestrator.floor import Candidate
from apps.orchestrator.memory import records
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.memory import Memory, MemoryRules
from apps.orchestrator.turns import Turn
from libs.contracts.conversation import PersonaSnapshot, TurnCommitted, TurnInput, TurnSource
from libs.contracts.people import Author
from libs.safety import Gate
from libs.telemetry import clock

#: What is told once, the question much later, and the word that must come along.
QUIZ = (
    ("my cat is called Miso", "what was my cat's name again?", "Miso"),
    ("i'm from Porto, it rains a lot", "do you know where i'm from?", "Porto"),
    ("my favourite game is Celeste", "what's my favourite game?", "Celeste"),
    ("i love lasagna so much", "which food do i love?", "lasagna"),
    ("my birthday is March 4th", "when is my birthday?", "March"),
    ("call me Captain", "what should you call me?", "Captain"),
    ("i work as a nurse", "what do i do for work?", "nurse"),
    ("i have a parrot that swears", "which animal do i have?", "parrot"),
    ("i'm allergic to peanuts", "what am i allergic to?", "peanuts"),
    ("remember that i owe you a cookie", "what do i owe you?", "cookie"),
    ("my dog has three legs", "tell chat about my dog", "three legs"),
    ("i play cello in an orchestra", "which instrument do i play?", "cello"),
    ("meu gato se chama Farofa", "qual é o nome do meu gato?", "Farofa"),
    ("eu moro em Recife", "onde eu moro?", "Recife"),
    ("my sister is a pilot", "what does my sister do?", "pilot"),
    ("i hate mondays", "which day do i hate?", "mondays"),
)

#: Asked by somebody else, by name or by what it was about.
ASKED_BY_OTHERS = (
    ("the raid boss on floor nine drops the mirror shield", "which boss drops the mirror shield?"),
    ("we named the ship Albatross after the vote", "what did we name the ship?"),
)

SMALL_TALK = (
    "hello from {place}", "nice stream today", "what are we playing?", "that jump was close",
    "lol {thing} again", "good night everyone", "is the {thing} new?", "gg", "i just got here",
    "the {thing} looks great", "how was your day?", "first time here", "that was the {thing}!",
    "{place} says hi", "can you sing?", "who wins tonight?", "play the {thing} song",
)  # fmt: skip
THINGS = ("hat", "boss", "map", "sword", "dragon", "puzzle", "level", "outfit", "tea", "castle")
PLACES = ("Berlin", "Lima", "Osaka", "Texas", "Leeds", "Lyon", "Cairo", "Seoul")


async def measure(messages: int, folder: Path, seed: int = 7) -> dict[str, Any]:
    """Fills a memory with so many messages and asks the quiz. Times are milliseconds."""
    rng = random.Random(seed)
    database = Database(folder / "quiz.sqlite")
    await database.open()
    memory = Memory(database, Gate.load(), MemoryRules())
    await memory.open()
    told = {f"viewer{number}": item for number, item in enumerate(QUIZ)}
    plan: list[tuple[str, str]] = [(name, item[0]) for name, item in told.items()]
    plan += [("viewer0", fact) for fact, _ in ASKED_BY_OTHERS]
    for _ in range(max(0, messages // 2 - len(plan))):
        line = rng.choice(SMALL_TALK)
        text = line.format(place=rng.choice(PLACES), thing=rng.choice(THINGS))
        plan.append((f"viewer{rng.randrange(400)}", text))
    told_part = plan[: len(QUIZ) + len(ASKED_BY_OTHERS)]
    rest = plan[len(told_part) :]
    rng.shuffle(rest)
    closing = [
        await _exchange(database, memory, number, name, text)
        for number, (name, text) in enumerate([*told_part, *rest])
    ]
    await memory.refresh()
    while await memory.summarise():
        await memory.refresh()
    asked = [(name, item[1], item[2]) for name, item in told.items()]
    asked += [("stranger", question, fact.split()[-1]) for fact, question in ASKED_BY_OTHERS]
    found, times = [], []
    for name, question, wanted in asked:
        started = time.perf_counter()
        lines = memory.for_turn(_input(name, question))
        times.append((time.perf_counter() - started) * 1000)
        found.append(any(wanted.casefold() in line.text.casefold() for line in lines))
    for _ in range(200):
        name, text = rng.choice(rest)
        started = time.perf_counter()
        memory.for_turn(_input(name, text))
        times.append((time.perf_counter() - started) * 1000)
    size = (folder / "quiz.sqlite").stat().st_size
    await database.close()
    return {
        "messages": messages,
        "asked": len(found),
        "recalled": sum(found),
        "missed": [question for (_, question, _), ok in zip(asked, found, strict=True) if not ok],
        "recall_ms": _spread(times),
        "close_turn_ms": _spread(closing),
        "bytes": size,
    }


async def _exchange(database: Database, memory: Memory, number: int, name: str, text: str) -> float:
    """One turn that was heard; returns how long its writing took, in milliseconds."""
    candidate = Candidate(f"in{number}", f"turn{number}", f"utt{number}", _input(name, text))
    turn = Turn(candidate, opened_at=clock.now(), epoch=0)
    request = TurnCommitted(
        turn_id=turn.turn_id,
        utterance_id=turn.utterance_id,
        input=candidate.input,
        persona=PersonaSnapshot(),
    )
    turn.heard_text = "Well, that is nice to hear."
    turn.end("completed")

    def write(db: Any) -> None:
        records.add_input(db, candidate)
        records.open_turn(db, turn, request)
        records.close_turn(db, turn, clock.now())
        lesson(db)

    started = time.perf_counter()
    lesson = memory.lessons(turn)
    await database.run(write)
    return (time.perf_counter() - started) * 1000


def _input(name: str, text: str) -> TurnInput:
    author = Author(viewer_id=f"quiz:{name}", name=name)
    return TurnInput(source=TurnSource.CHAT, author=author, text=text, arrived_at=clock.now())


def _spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3)
        for name, share in shares
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(options.messages, Path(folder)))
    print(json.dumps(found, indent=None if options.json else 2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
