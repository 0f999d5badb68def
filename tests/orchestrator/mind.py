"""A memory with an embedding model, for tests: the model is the stand-in for Ollama."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from apps.orchestrator.engines.ollama import OllamaEmbedding
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.meaning import Meaning
from apps.orchestrator.memory.memory import Memory, MemoryRules
from libs.contracts.conversation import MemoryLine, TurnInput
from libs.safety import Gate
from libs.testing.stand_ins.ollama import OllamaStandIn
from tests.orchestrator.test_facts import Show, line

TOLD = "my cat is called Miso"
#: Has no word in common with what was told.
FAR = "who is the furry one that sleeps on the sofa?"


class Mind:
    """A memory of its own with an embedding model, and turns that happened."""

    def __init__(self, database: Database, server: OllamaStandIn, seconds: float = 5.0) -> None:
        self.database = database
        self.server = server
        self.meaning = Meaning(database, OllamaEmbedding(server.url, "embed"), seconds)
        rules = MemoryRules(history_lines=2, window_seconds=1e12)  # these turns happened in 1970
        self.memory = Memory(database, Gate.load(), rules, self.meaning)
        self.show = Show(database, self.memory)

    async def catch_up(self) -> None:
        await self.meaning.make_missing(lambda: True)

    async def recalled(self, given: TurnInput) -> list[MemoryLine]:
        return list(self.memory.for_turn(given, await self.memory.think_of(given)))

    async def texts(self, given: TurnInput) -> list[str]:
        return [found.text for found in await self.recalled(given)]

    async def talk(self, count: int = 60) -> None:
        """What a short show has beside what is looked for: others tell things, and talk."""
        towns = ("Porto", "Leeds", "Lima", "Oslo")
        for number in range(count):
            text = f"hello number {number}, nice stream" if number % 3 else "gg well done"
            if number % 5 == 0:
                text = f"i'm from {towns[number % 4]} street {number}"
            await self.show.turn(line(text, f"viewer{number}"))


@asynccontextmanager
async def a_mind(folder: Path, server: OllamaStandIn, seconds: float = 5.0) -> AsyncIterator[Mind]:
    database = Database(folder / "kitsu.sqlite")
    await database.open()
    mind = Mind(database, server, seconds)
    await mind.memory.open()
    try:
        yield mind
    finally:
        await mind.meaning.stop()
        await database.close()


async def stored(mind: Mind) -> list[tuple[str, int, str, int]]:
    sql = "SELECT kind, row_id, model, dimension FROM vector ORDER BY kind, row_id"
    return [tuple(row) for row in await mind.database.look(lambda db: db.execute(sql).fetchall())]


async def rows_of(mind: Mind, kind: str) -> set[int]:
    return {row_id for one, row_id, _, _ in await stored(mind) if one == kind}


async def has_vectors(mind: Mind, messages: int) -> None:
    async with asyncio.timeout(5):
        while len(await rows_of(mind, "message")) < messages:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
