"""What the panel is told of the link to chat."""

from pydantic import BaseModel, ConfigDict

from libs.contracts.health import ModuleState


class ChatGapStatus(BaseModel):
    """Chat could not be heard between these times (show's clock, seconds)."""

    model_config = ConfigDict(extra="ignore")

    platform: str = ""
    started_at: float
    ended_at: float
    reason: str = ""


class ChatStatus(BaseModel):
    """The link to chat. `detail` is one line for people, with the step that mends what is wrong."""

    model_config = ConfigDict(extra="ignore")

    platform: str = ""
    state: ModuleState
    detail: str = ""
    channel: str = ""
    needs_sign_in: bool = False
    last_gap: ChatGapStatus | None = None
