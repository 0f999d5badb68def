"""The scripted memory speaks as the real one does."""

import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from apps.orchestrator.memory import facts, records, viewers
from apps.orchestrator.memory.database import Database
from apps.orchestrator.memory.fact_rules import MAXIMUM_CHARACTERS, Claim
from apps.orchestrator.panel import protocol
from tests.panel import scripted_memory

SOURCES = Path(protocol.__file__).parent / "src"
NOW = 1_767_298_500.0


def fill(db: sqlite3.Connection) -> None:
    facts.learn(db, "twitch:1", "ann", Claim("pet", "my cat is called Momo", 0.9), "turn1", NOW)
    db.execute(
        "INSERT INTO turn (turn_id, utterance_id, input_id, source, viewer_id, author, input,"
        " request, opened_at) VALUES ('turn1', 'u1', 'i1', 'chat', 'twitch:1', 'ann', 'hi', '', ?)",
        (NOW,),
    )
    for speaker, viewer_id, text in (("viewer", "twitch:1", "hi"), ("kitsu", "", "hello")):
        db.execute(
            "INSERT INTO message (turn_id, speaker, viewer_id, name, role, text, at)"
            " VALUES ('turn1', ?, ?, 'ann', 'viewer', ?, ?)",
            (speaker, viewer_id, text, NOW),
        )
    db.execute(
        "INSERT INTO recalled (turn_id, position, kind, about, text, why)"
        " VALUES ('turn1', 0, 'fact', 'ann', 'my cat', 'told')"
    )


def read(db: sqlite3.Connection) -> dict[str, Any]:
    return {
        "fact": facts.latest(db, 1)[0].as_json(NOW),
        "recalled": records.recalled(db, 1)[0],
        "entry": viewers.everybody(db, 1)[0],
        "viewer": viewers.export(db, "twitch:1", NOW),
    }


async def scripted(path: str) -> dict[str, Any]:
    memory = scripted_memory.ScriptedMemory()
    scripted_memory.well_known(memory)
    transport = httpx.ASGITransport(Starlette(routes=[*memory.routes()]))
    async with httpx.AsyncClient(transport=transport, base_url="http://memory") as client:
        answer: dict[str, Any] = (await client.get(path)).json()
    return answer


@pytest.fixture
async def real(tmp_path: Path) -> dict[str, Any]:
    database = Database(tmp_path / "kitsu.sqlite")
    await database.open()
    await database.run(fill)
    told = await database.run(read)
    await database.close()
    return told


async def test_the_script_tells_only_what_the_real_memory_tells(real: dict[str, Any]) -> None:
    everything = await scripted("/memory")
    assert everything["facts"][0].keys() <= real["fact"].keys()
    assert everything["recalled"][0].keys() <= real["recalled"].keys()
    listed = await scripted("/memory/viewers")
    assert listed["viewers"][0].keys() <= real["entry"].keys()
    viewer = await scripted("/memory/viewers/twitch:1001")
    assert viewer.keys() <= real["viewer"].keys()
    for part in ("facts", "messages", "answers"):
        assert viewer[part][0].keys() <= real["viewer"][part][0].keys()


def test_the_panel_takes_facts_as_long_as_the_memory_does() -> None:
    source = (SOURCES / "memory.svelte.ts").read_text(encoding="utf-8")
    assert f"FACT_LIMIT = {MAXIMUM_CHARACTERS};" in source
