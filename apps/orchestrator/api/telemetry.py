"""What happened, and how long it took."""

import csv
import io
import sqlite3
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Path as PathValue
from pydantic import Field
from starlette.responses import Response

from apps.orchestrator.api.control import Body
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.memory import code, records
from apps.orchestrator.prompts import KEPT_TURNS
from libs.worker.problems import Problem

router = APIRouter(tags=["telemetry"])

Limit = Annotated[int, Query(ge=1, le=1_000)]
TurnId = Annotated[str, PathValue(min_length=1, max_length=64)]

#: A spreadsheet would run a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class NewIncident(Body):
    kind: str = Field(default="mark", pattern=r"^[a-z_]{1,32}$")
    severity: Literal["info", "warning", "error"] = "info"
    message: str = Field(min_length=1, max_length=500)


@router.get("/telemetry/turns")
async def get_turns(worker: TheWorker, limit: Limit = 50) -> dict[str, Any]:
    """The latest turns, newest first, with their stage times."""

    def read(db: sqlite3.Connection) -> list[dict[str, Any]]:
        turns = records.turns(db, limit)
        pieces = code.of_turns(db, [turn["turn_id"] for turn in turns])
        return [{**turn, "code": pieces.get(turn["turn_id"], [])} for turn in turns]

    turns, active = await worker.database.look(read), worker.conversation.active
    if active is None:
        return {"turns": turns}
    now = active.as_json()
    return {"turns": [{**t, **now} if t["turn_id"] == active.turn_id else t for t in turns]}


@router.get("/telemetry/turns/{turn_id}/prompt")
async def get_prompt(turn_id: TurnId, worker: TheWorker) -> dict[str, Any]:
    """What a model was asked for this turn, without secrets. Kept in memory for the latest turns
    since the orchestrator started, until a viewer is forgotten."""
    prompt = worker.papers.prompts.of(turn_id)
    if prompt is None:
        why = (
            f"Prompts are kept for the last {KEPT_TURNS} turns since the orchestrator started, and "
            "go when a viewer is forgotten. One comes when the reply has been written; a line that "
            "no model was asked about has none."
        )
        raise Problem(404, "No prompt is kept of this turn", why, "no_prompt")
    told = {"engine", "model", "task", "messages", "shortened"}
    return {"turn_id": turn_id, **prompt.model_dump(mode="json", include=told)}


@router.get("/telemetry/turns/{turn_id}/code")
async def get_code(turn_id: TurnId, worker: TheWorker) -> dict[str, Any]:
    """The code in the reply of one turn."""
    found = await worker.database.look(lambda db: code.of_turn(db, turn_id))
    if found is None:
        raise Problem(404, "No such turn", "It may be forgotten.", "not_found")
    return {"turn_id": turn_id, "code": found}


@router.get("/telemetry/latency")
async def get_latency(worker: TheWorker) -> dict[str, Any]:
    """Percentiles per stage over the latest heard turns (200 at most)."""
    return worker.conversation.latency.as_json((0.5, 0.95, 0.99))


@router.get("/telemetry/export.csv")
async def get_export(worker: TheWorker, limit: Limit = 1_000) -> Response:
    """The latest turns as a table."""
    turns = await worker.database.look(lambda db: records.turns(db, limit))
    text = io.StringIO()
    if turns:
        rows = [{**turn, **turn.pop("stages")} for turn in turns]
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({key: _inert(value) for key, value in row.items()} for row in rows)
    headers = {"Content-Disposition": 'attachment; filename="kitsu-turns.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _inert(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


@router.get("/incidents")
async def get_incidents(worker: TheWorker, limit: Limit = 50) -> dict[str, Any]:
    """The incident log, newest first."""
    return {"incidents": await worker.incidents.latest(limit)}


@router.post("/incidents", status_code=201)
async def post_incident(incident: NewIncident, worker: TheWorker) -> dict[str, Any]:
    """Marks a moment to look at later."""
    return await worker.incidents.note(
        incident.kind, incident.severity, incident.message, "operator"
    )
