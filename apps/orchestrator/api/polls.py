"""The poll that runs, and calling it off."""

from typing import Any

from fastapi import APIRouter

from apps.orchestrator.api.worker_of import TheWorker

router = APIRouter(tags=["polls"])


@router.get("/poll")
async def get_poll(worker: TheWorker) -> dict[str, Any]:
    """Question, options with their votes, and when it ends; null when none runs."""
    poll = worker.polls.status()
    return {"poll": poll.model_dump(mode="json") if poll is not None else None}


@router.delete("/poll")
async def delete_poll(worker: TheWorker) -> dict[str, Any]:
    """Calls the poll off: nothing is announced. `cancelled`: whether there was one."""
    return {"cancelled": await worker.polls.cancel("operator")}
