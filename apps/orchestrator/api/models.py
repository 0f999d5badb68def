"""Which models answer, and pulling one."""

from fastapi import APIRouter
from pydantic import Field

from apps.orchestrator.api.control import Body
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.models_desk import ModelsTold

router = APIRouter(tags=["models"])


class PullRequest(Body):
    model: str = Field(min_length=1, max_length=200)


@router.get("/models")
async def get_models(worker: TheWorker) -> ModelsTold:
    """Who answers which sort of question, what Ollama has, and how far a pull is."""
    return await worker.models.told()


@router.post("/models/pull", status_code=202)
async def post_pull(order: PullRequest, worker: TheWorker) -> ModelsTold:
    """Has Ollama fetch a model. It goes on by itself; `GET /models` says how far it is."""
    return await worker.models.pull(order.model)


@router.delete("/models/pull")
async def delete_pull(worker: TheWorker) -> ModelsTold:
    """Stops the pull. What was fetched is kept: the next pull goes on there."""
    return await worker.models.stop_pull()
