"""What she remembers, and forgetting it."""

from typing import Any

from fastapi import APIRouter

from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.memory import records, viewers
from libs.contracts.memory import ViewerForgotten

router = APIRouter(tags=["memory"])


@router.get("/memory")
async def get_memory(worker: TheWorker) -> dict[str, Any]:
    """The lines that go with the next turn."""
    lines = worker.settings.history_lines
    history, count = await worker.database.run(
        lambda db: (records.history(db, lines), records.message_count(db))
    )
    return {
        "current_summary": "",
        "restore_context": worker.settings.restore_context,
        "messages": count,
        "recent": [line.model_dump() for line in history],
    }


@router.delete("/memory/viewers/{viewer_id:path}")
async def delete_viewer(viewer_id: str, worker: TheWorker) -> dict[str, Any]:
    """Forgets a viewer: their lines, and our answers to them."""
    removed = await worker.database.run(lambda db: viewers.forget(db, viewer_id))
    await worker.conversation.refresh_history()
    await worker.publish(ViewerForgotten(show=worker.show, viewer_id=viewer_id, by="operator"))
    return {"viewer_id": viewer_id, "removed": removed}
