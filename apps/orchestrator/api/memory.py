"""What she remembers, and forgetting it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as PathValue
from pydantic import BaseModel, ConfigDict, Field

from apps.orchestrator.api import actions
from apps.orchestrator.api.disk import if_it_can_be_written
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.memory import facts, records, viewers
from apps.orchestrator.memory.fact_rules import MAXIMUM_CHARACTERS, Claim
from libs.safety import clean_chat
from libs.telemetry import clock
from libs.worker.problems import Problem

router = APIRouter(tags=["memory"])

#: Never empty: that would be the show itself.
ViewerId = Annotated[str, PathValue(min_length=1, max_length=128)]
FactId = Annotated[int, PathValue(ge=1, le=2**62)]


class ShowFact(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=MAXIMUM_CHARACTERS)


@router.get("/memory")
async def get_memory(worker: TheWorker) -> dict[str, Any]:
    """The summary, the lines that go with the next turn, the newest facts, and which memories went
    with the latest turns and why."""
    now = clock.now()
    count, known, recalled = await worker.database.look(
        lambda db: (
            records.message_count(db),
            [fact.as_json(now) for fact in facts.latest(db, 50)],
            records.recalled(db, 10),
        )
    )
    return {
        "current_summary": worker.memory.summary.text,
        "summary_engine": worker.memory.summary.engine,
        "restore_context": worker.settings.restore_context,
        "messages": count,
        "recent": [line.model_dump() for line in worker.memory.history],
        "facts": known,
        "recalled": recalled,
    }


@router.get("/memory/viewers")
async def get_viewers(
    worker: TheWorker,
    limit: int = Query(default=200, ge=1, le=5_000),
    named: str = Query(default="", max_length=128),
) -> dict[str, Any]:
    """Viewers that something is known of, the last heard first. `named`: only those with this id or
    this name (case does not count)."""
    return {"viewers": await worker.database.look(lambda db: viewers.everybody(db, limit, named))}


@router.get("/memory/viewers/{viewer_id:path}")
async def get_viewer(viewer_id: ViewerId, worker: TheWorker) -> dict[str, Any]:
    """All that is kept of a viewer."""
    return await worker.database.look(lambda db: viewers.export(db, viewer_id, clock.now()))


@router.delete("/memory/viewers/{viewer_id:path}")
async def delete_viewer(viewer_id: ViewerId, worker: TheWorker) -> dict[str, Any]:
    """Forgets a viewer: their lines, our answers to them, what was learned of them, and their name
    in what remains. `pending`: the disk cannot now; it is done as soon as it can."""
    removed = await actions.forget_viewer(worker, viewer_id, "operator")
    return {"viewer_id": viewer_id, "removed": removed or 0, "pending": removed is None}


@router.post("/memory/facts", status_code=201)
async def post_fact(fact: ShowFact, worker: TheWorker) -> dict[str, Any]:
    """Something about the show that she shall know."""
    text = clean_chat(fact.text, maximum=MAXIMUM_CHARACTERS)
    if not text:
        raise Problem(422, "Nothing to remember", "The text is empty.")
    if not worker.memory.may_be_kept(text):
        raise Problem(422, "Not remembered", "The gate would stop her saying that.", "blocked")
    claim, now = Claim("asked", text, 1.0), clock.now()
    with if_it_can_be_written():
        await worker.database.run(
            lambda db: facts.learn(db, facts.THE_SHOW, "", claim, "operator", now, trusted=True)
        )
    return {"text": text}


@router.delete("/memory/facts/{fact_id}")
async def delete_fact(fact_id: FactId, worker: TheWorker) -> dict[str, Any]:
    """Forgets one fact."""
    with if_it_can_be_written():
        found = await worker.database.run(lambda db: facts.forget(db, fact_id))
    if not found:
        raise Problem(404, "No such fact", "It may be forgotten already.", "not_found")
    return {"fact_id": fact_id}


@router.post("/memory/backup")
async def post_backup(worker: TheWorker) -> dict[str, Any]:
    """A copy of the whole memory in the data folder, made while the show goes on."""
    with if_it_can_be_written():
        path = await worker.memory.backup()
    return {"file": str(path), "bytes": path.stat().st_size}
