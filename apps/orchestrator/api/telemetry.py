"""What happened, and how long it took."""

import csv
import io
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from apps.orchestrator.api.control import Body
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.memory import records

router = APIRouter(tags=["telemetry"])

Limit = Annotated[int, Query(ge=1, le=1_000)]

#: A spreadsheet would run a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class NewIncident(Body):
    kind: str = Field(default="mark", pattern=r"^[a-z_]{1,32}$")
    severity: Literal["info", "warning", "error"] = "info"
    message: str = Field(min_length=1, max_length=500)


@router.get("/telemetry/turns")
async def get_turns(worker: TheWorker, limit: Limit = 50) -> dict[str, Any]:
    """The latest turns, newest first, with their stage times."""
    turns = await worker.database.look(lambda db: records.turns(db, limit))
    active = worker.conversation.active
    if active is None:
        return {"turns": turns}
    return {"turns": [active.as_json() if t["turn_id"] == active.turn_id else t for t in turns]}


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
