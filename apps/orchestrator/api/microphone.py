"""How she listens: asking, muting, the mode, the talk key."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import JSONResponse, Response

from apps.orchestrator.api import actions
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.panel.microphone_messages import MicrophoneStatus
from libs.contracts.listening import ListeningMode
from libs.worker.panic_control import NOT_KEPT

router = APIRouter(tags=["microphone"])


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MicrophoneChange(Body):
    muted: bool | None = None
    """For her only: the stream still hears you."""
    mode: ListeningMode | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "MicrophoneChange":
        if self.muted is None and self.mode is None:
            raise ValueError("give muted, mode or both")
        return self


class Talk(Body):
    held: bool
    at_most_seconds: float = Field(default=15.0, ge=0, le=120)
    """Then it ends by itself, if it is not sent again."""


@router.get("/microphone")
async def get_microphone(worker: TheWorker) -> MicrophoneStatus:
    """What the ears said last of the microphone; `not_there` when they are silent."""
    return worker.microphone.status()


@router.post("/microphone")
async def post_microphone(change: MicrophoneChange, worker: TheWorker) -> MicrophoneStatus:
    """Changes only what is given, and says how it is then."""
    order = await actions.set_microphone(worker, change.muted, change.mode, "operator")
    await worker.microphone.obeyed(order)
    return worker.microphone.status()


@router.post("/talk")
async def post_talk(talk: Talk, worker: TheWorker) -> dict[str, object]:
    """The talk key is held (send it again while it is) or let go."""
    await actions.hold_to_talk(worker, talk.held, talk.at_most_seconds, "operator")
    return {"held": talk.held, "at_most_seconds": talk.at_most_seconds}


@router.get("/microphone/mute")
async def get_mute(worker: TheWorker) -> Response:
    """Mutes by opening an address with the hook key (`?key=`): for a Stream Deck."""
    return JSONResponse(await _mute(worker, "the mute link"), headers=NOT_KEPT)


@router.post("/microphone/mute")
async def post_mute(worker: TheWorker) -> dict[str, object]:
    """She hears nothing until the operator unmutes; the hook key will do."""
    return await _mute(worker, "a program")


async def _mute(worker: TheWorker, by: str) -> dict[str, object]:
    order = await actions.set_microphone(worker, True, None, by)
    return {"muted": await worker.microphone.obeyed(order)}
