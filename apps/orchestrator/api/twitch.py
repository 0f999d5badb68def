"""The link to Twitch: how it is, signing in, and playing a recorded chat beside it."""

from fastapi import APIRouter
from pydantic import Field

from apps.orchestrator.api.control import Body
from apps.orchestrator.api.worker_of import TheWorker
from apps.orchestrator.chat_link import AccountName, LinkTold

router = APIRouter(tags=["twitch"])


class SignInRequest(Body):
    account: AccountName = "streamer"


class ReplayRequest(Body):
    file: str = Field(min_length=1, max_length=4_096)
    """Path of a recorded chat (JSON lines) on the machine of twitch_ingest."""
    speed: float = Field(default=1.0, ge=0, le=1_000, allow_inf_nan=False)
    """How many times as fast as it was written; 0: as fast as it can be."""


@router.get("/twitch")
async def get_link(worker: TheWorker) -> LinkTold:
    """How the link is: accounts and what each may, what is heard, gaps, and lines to be sent."""
    return await worker.chat.told()


@router.post("/twitch/sign-in", status_code=202)
async def post_sign_in(request: SignInRequest, worker: TheWorker) -> LinkTold:
    """Begins a sign-in: `sign_in` says which code to type in where, and how far it is."""
    return await worker.chat.link.sign_in(request.account)


@router.delete("/twitch/sign-in")
async def delete_sign_in(worker: TheWorker) -> LinkTold:
    """Gives a sign-in up."""
    return await worker.chat.link.stop_sign_in()


@router.delete("/twitch/accounts/{account}")
async def delete_account(account: AccountName, worker: TheWorker) -> LinkTold:
    """Signs an account out: its tokens are revoked and forgotten."""
    return await worker.chat.link.forget_account(account)


@router.post("/twitch/replay", status_code=202)
async def post_replay(request: ReplayRequest, worker: TheWorker) -> LinkTold:
    """Plays a recorded chat. It goes on by itself; `replay` says how far it is."""
    return await worker.chat.link.play(request.file, request.speed)


@router.delete("/twitch/replay")
async def delete_replay(worker: TheWorker) -> LinkTold:
    """Ends it. The chat that is linked was heard all the while."""
    return await worker.chat.link.stop_play()
