"""The link to chat as twitch_ingest tells it, and its replies to what people want of it."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from apps.orchestrator.neighbour import Line, Neighbour, Short
from apps.orchestrator.roster import Roster
from libs.settings import ShowSettings

MODULE = "twitch_ingest"
#: The twitch_ingest itself asks Twitch for what it says here.
ANSWER_SECONDS = 8.0

LinkState = Literal[
    "ready", "signing_in", "reconnecting", "needs_sign_in", "refused", "not_configured", "off"
]
AccountName = Literal["streamer", "bot"]
Scope = Annotated[str, StringConstraints(max_length=100)]


class Account(BaseModel):
    login: Short
    user_id: Short = ""
    scopes: list[Scope] = Field(default=[], max_length=200)
    expires_at: float | None = None


class LinkTopic(BaseModel):
    """Something that Twitch tells of, whether it does, and why it should. `reason`: why not."""

    topic: Short
    state: Literal["on", "refused", "off"]
    scope: Scope = ""
    reason: Line = ""
    why: Line = ""


class LinkGap(BaseModel):
    """Chat could not be heard between these times (show's clock, seconds); None: it still can't."""

    started_at: float
    ended_at: float | None = None
    reason: Line = ""


class SignIn(BaseModel):
    """A sign-in by code: the code is typed in at the address, in any browser."""

    state: Literal["waiting", "done", "denied", "expired", "failed"]
    user_code: Short = ""
    address: Line = ""
    expires_at: float | None = None
    account: Short = ""
    message: Line = ""


class SenderStatus(BaseModel):
    """Lines for chat; `dropped` by reason code. `per_window`: as many as may be sent at a time."""

    queued: int = 0
    sent: int = 0
    dropped: dict[Short, int] = Field(default={}, max_length=50)
    per_window: int = 0


class ReplayStatus(BaseModel):
    file: Line
    lines: int = 0
    skipped: int = 0
    percent: float = 0.0
    done: bool = False


class LinkTold(BaseModel):
    """`detail` is one line for people, with the step that mends what is wrong; `lacking` says what
    a sign-in that works was not allowed. `accounts`: none, bare_token, one, two."""

    platform: Short
    mode: Literal["twitch", "anonymous", "replay", "off"]
    state: LinkState
    detail: Line = ""
    lacking: Line = ""
    channel: Short = ""
    accounts: Short = ""
    account: Account | None = None
    bot_account: Account | None = None
    topics: list[LinkTopic] = Field(default=[], max_length=100)
    gaps: list[LinkGap] = Field(default=[], max_length=1_000)
    sign_in: SignIn | None = None
    sender: SenderStatus = SenderStatus()
    replay: ReplayStatus | None = None


class ChatLink:
    """Promises: whatever stands on the port of twitch_ingest, the answer is of the right shape or a
    `Problem` with the step that mends it."""

    def __init__(self, settings: ShowSettings, roster: Roster) -> None:
        missing = "The chat module does not answer"
        self.chat = Neighbour(settings, roster, MODULE, missing, ANSWER_SECONDS)

    async def close(self) -> None:
        await self.chat.close()

    async def told(self) -> LinkTold:
        return await self.chat.told(LinkTold, "/link")

    async def sign_in(self, account: AccountName) -> LinkTold:
        """Begins a sign-in; one that waits ends. `told` says how far it is."""
        await self.chat.ask("POST", "/sign-in", {"account": account})
        return await self.told()

    async def stop_sign_in(self) -> LinkTold:
        await self.chat.ask("DELETE", "/sign-in")
        return await self.told()

    async def forget_account(self, account: AccountName) -> LinkTold:
        await self.chat.ask("DELETE", f"/accounts/{account}")
        return await self.told()

    async def play(self, file: str, speed: float) -> LinkTold:
        """Plays a recorded chat log, beside the chat that is linked."""
        await self.chat.ask("POST", "/replay", {"file": file, "speed": speed})
        return await self.told()

    async def stop_play(self) -> LinkTold:
        await self.chat.ask("DELETE", "/replay")
        return await self.told()
