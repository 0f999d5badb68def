"""Who waits for an answer, who is not answered and why, quiet and mutes."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as PathValue
from pydantic import BaseModel, ConfigDict, Field

from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.floor import Candidate, Part, Waiting
from apps.orchestrator.floor_desk import LONGEST_QUIET_MINUTES
from apps.orchestrator.skip_book import SkippedLine
from libs.contracts.conversation import SkipReason
from libs.safety import clean_chat
from libs.worker.problems import Problem

router = APIRouter(tags=["floor"])

ViewerId = Annotated[str, PathValue(min_length=1, max_length=128)]


class Quiet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    minutes: float = Field(ge=0, le=LONGEST_QUIET_MINUTES, allow_inf_nan=False)


class Mute(BaseModel):
    """By id, or by the name of somebody who wrote lately."""

    model_config = ConfigDict(extra="forbid")

    viewer_id: str = Field(default="", max_length=128)
    name: str = Field(default="", max_length=128)


@router.get("/floor")
async def get_floor(
    worker: TheWorker,
    limit: int = Query(default=50, ge=0, le=1_000),
    reason: SkipReason | None = None,
) -> dict[str, Any]:
    """Who waits, with the parts of each score, and the latest lines that were not answered, newest
    first. `reason`: only those."""
    desk = worker.floor
    return {
        "quiet_until": desk.quiet_until,
        "muted": [vars(one) for one in desk.muted],
        "waiting": [_waiting(one) for one in desk.waiting()],
        "counts": desk.skip_counts(),
        "recent": [_skipped(one) for one in desk.skipped(limit, reason.value if reason else "")],
    }


@router.post("/floor/quiet")
async def post_quiet(quiet: Quiet, worker: TheWorker) -> dict[str, Any]:
    """Only the operator and the host are answered for so many minutes; 0 ends it."""
    await worker.floor.set_quiet(quiet.minutes, "operator")
    return {"quiet_until": worker.floor.quiet_until}


@router.post("/floor/mute")
async def post_mute(mute: Mute, worker: TheWorker) -> dict[str, Any]:
    """Nothing of this viewer is answered any more."""
    viewer_id, name = mute.viewer_id, clean_chat(mute.name, maximum=64)
    if not viewer_id:
        found = worker.floor.find_viewer(name) if name else None
        if found is None:
            step = "Nobody wrote under this name lately; give the viewer_id."
            raise Problem(404, "No such viewer", step, "viewer")
        viewer_id, name = found.viewer_id, found.name
    await worker.floor.mute(viewer_id, name, "operator")
    return {"viewer_id": viewer_id, "name": name}


@router.delete("/floor/mute/{viewer_id:path}")
async def delete_mute(viewer_id: ViewerId, worker: TheWorker) -> dict[str, Any]:
    """This viewer is answered again. `unmuted`: whether there was anything to undo."""
    return {"viewer_id": viewer_id, "unmuted": await worker.floor.unmute(viewer_id)}


def _waiting(one: Waiting | Candidate) -> dict[str, Any]:
    candidate = one.candidate if isinstance(one, Waiting) else one
    score = one.score if isinstance(one, Waiting) else None
    given = candidate.input
    return {
        "input_id": candidate.input_id,
        "author": given.author.name,
        "role": given.author.role.value,
        "text": given.told,
        "source": candidate.source.value,
        "at": given.arrived_at,
        "score": round(score.points, 2) if score is not None else None,
        "parts": _parts(score.parts if score is not None else ()),
    }


def _skipped(one: SkippedLine) -> dict[str, Any]:
    return {
        "input_id": one.input_id,
        "viewer_id": one.author.viewer_id,
        "author": one.author.name,
        "role": one.author.role.value,
        "text": one.text,
        "reason": one.reason.value,
        "detail": one.detail,
        "score": one.score,
        "parts": _parts(one.parts),
        "at": one.at,
    }


def _parts(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    return [{"part": part.part, "points": round(part.points, 2)} for part in parts]
