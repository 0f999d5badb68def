"""A chat platform: what every one of them tells, and what may be asked of it.

Everything that a platform tells came from outside; names and texts are already cleaned
(`libs.safety.clean_chat`) when they are in one of these.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from libs.contracts.chat import AlertKind
from libs.contracts.health import ModuleState
from libs.contracts.people import Author


@dataclass(frozen=True)
class Message:
    """A line of chat. Times are seconds on the platform's clock."""

    message_id: str
    author: Author
    """Its role is what the platform vouches for in this channel; `VIEWER` where it does not."""
    text: str
    written_at: float | None = None
    reply_to: str = ""
    """Name of whoever it answers."""
    first_time: bool = False
    partner_channel: str = ""
    """Shared chat: the channel it was written in; nobody has rights here because of it."""
    paid_amount: int = 0
    own: bool = False
    """Written by the account that we send with."""


@dataclass(frozen=True)
class Deleted:
    message_id: str


@dataclass(frozen=True)
class Banned:
    viewer_id: str
    timeout_seconds: float | None = None
    """None: for good, or not known."""


@dataclass(frozen=True)
class Cleared:
    """Everything that stood in chat is gone."""


@dataclass(frozen=True)
class Alert:
    """`count`: raiders, gifted subscriptions, bits or months. A bundle of gifts is one alert."""

    alert_id: str
    kind: AlertKind
    author: Author
    count: int = 1
    text: str = ""


@dataclass(frozen=True)
class Redeemed:
    redemption_id: str
    reward: str
    author: Author
    text: str = ""
    cost: int = 0


@dataclass(frozen=True)
class Gap:
    """Nothing could be heard between these two times (ours, seconds)."""

    started_at: float
    ended_at: float
    reason: str = ""


PlatformEvent = Message | Deleted | Banned | Cleared | Alert | Redeemed | Gap

Tell = Callable[[PlatformEvent], Awaitable[None]]


@dataclass(frozen=True)
class Capabilities:
    """`has_roles`: its roles can be relied on, so that commands may be taken from it."""

    can_send: bool
    has_roles: bool
    has_deletions: bool
    longest_line: int = 500
    """Characters."""
    lines_per_window: int = 20
    """Lines that may be sent within `window_seconds`, as an ordinary member of the channel."""
    lines_per_window_as_moderator: int = 100
    window_seconds: float = 30.0


@dataclass(frozen=True)
class PlatformHealth:
    """`detail` is one line for people, with the step that mends what is wrong."""

    state: ModuleState
    detail: str = ""
    engine: str = ""


class SendRefused(Exception):
    """The platform did not take a line. `code` is ours; the message holds no secret."""

    def __init__(self, code: str, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        """When the same line may be tried again; None: never."""


class ChatPlatform(Protocol):
    """One platform, one channel. Never gives up: what breaks is mended or said in `health`."""

    name: str

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def is_moderator(self) -> bool:
        """Whether the account that we send with has a moderator's limits in the channel."""
        ...

    async def run(self, tell: Tell) -> None:
        """Listens until it is cancelled; each event once, in order. Raises nothing for what the
        platform does."""
        ...

    async def send(self, text: str, reply_to: str = "") -> None:
        """One line, at once. `reply_to`: id of a message. Raises `SendRefused`."""
        ...

    def health(self) -> PlatformHealth:
        """Cheap; called at every beat."""
        ...
