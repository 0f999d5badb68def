"""Which models answer, and pulling one: asked of the policy worker on its own port."""

from pydantic import BaseModel, Field

from apps.orchestrator.neighbour import Line, Neighbour, Short
from apps.orchestrator.roster import Roster
from libs.settings import ShowSettings

#: The policy worker itself asks Ollama for what it says here.
ANSWER_SECONDS = 8.0


class Engine(BaseModel):
    """`there`: it can be asked now; `first`: it is asked first."""

    engine: Short
    label: Short
    model: Short = ""
    complaint: Line = ""
    there: bool = False
    first: bool = False


class ListedModel(BaseModel):
    name: Short
    size_bytes: int = 0


class Ollama(BaseModel):
    address: Short = ""
    answers: bool = False
    models: list[ListedModel] = Field(default=[], max_length=1_000)


class Pull(BaseModel):
    model: Short
    status: Short = ""
    completed_bytes: int = 0
    total_bytes: int = 0
    percent: float = 0.0
    done: bool = False
    ok: bool = False
    reason: Short = ""
    message: Line = ""


class ModelsTold(BaseModel):
    """`functions` by name (chat, code, vision): who is asked, in order."""

    functions: dict[Short, list[Engine]] = Field(max_length=20)
    ollama: Ollama
    missing: list[Short] = Field(default=[], max_length=20)
    """What Ollama is to answer with and does not have."""
    pull: Pull | None = None


class ModelsDesk:
    """Promises: whatever stands on the policy worker's port, the answer is of the right shape or a
    `Problem` with the step that mends it."""

    def __init__(self, settings: ShowSettings, roster: Roster) -> None:
        missing = "The brain does not answer"
        self.brain = Neighbour(settings, roster, "policy_worker", missing, ANSWER_SECONDS)

    async def close(self) -> None:
        await self.brain.close()

    async def told(self) -> ModelsTold:
        return await self.brain.told(ModelsTold, "/models")

    async def pull(self, model: str) -> ModelsTold:
        """Begins a pull, or finds it running. It goes on by itself; `told` says how far it is."""
        await self.brain.ask("POST", "/models/pull", {"model": model}, whole=False)
        return await self.told()

    async def stop_pull(self) -> ModelsTold:
        await self.brain.ask("DELETE", "/models/pull")
        return await self.told()
