"""What an engine that writes replies must do."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from libs.contracts.conversation import TurnCommitted
from libs.safety.pictures import MediaType
from libs.settings.personas import Persona


class Task(StrEnum):
    """What a turn needs of an engine."""

    CHAT = "chat"
    CODE = "code"
    VISION = "vision"


@dataclass(frozen=True)
class Picture:
    media_type: MediaType
    data: bytes


@dataclass(frozen=True)
class Tool:
    """A tool the model may ask for. `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The shape that all chat APIs take."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": dict(self.parameters),
            },
        }


@dataclass(frozen=True)
class ToolCall:
    """The model asks for a tool. `arguments` is what it wrote, not checked."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class ToolExchange:
    """Tools that the model asked for in this turn, and what it is told of each, quoted. `said` are
    the sentences that were said before it hears of them."""

    said: tuple[str, ...]
    answers: tuple[tuple[ToolCall, str], ...]


@dataclass(frozen=True)
class ReplyRequest:
    """One turn to be answered.

    `already_said` are the sentences that were sent before: by a worker that crashed, or before the
    model asked for a tool (`exchanges`). The reply goes on after them. `stage_actions` and `items`
    are names that the model may use, for OBS and the overlay know them. `blind`: the words are
    about something to be seen, and she cannot see it.
    """

    turn: TurnCommitted
    persona: Persona
    already_said: tuple[str, ...] = ()
    task: Task = Task.CHAT
    picture: Picture | None = None
    stage_actions: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    blind: bool = False
    tools: tuple[Tool, ...] = ()
    exchanges: tuple[ToolExchange, ...] = ()


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do beside writing text."""

    vision: bool = False
    tools: bool = False
    json: bool = False
    usage: bool = False
    """It says how many tokens a reply cost."""
    scripted: bool = False
    """Its lines are written by people and may come back; nothing of them is cut."""


@dataclass(frozen=True)
class Thought:
    """What a model writes for itself; never said, only timed."""

    text: str


@dataclass(frozen=True)
class Usage:
    prompt_tokens: int
    reply_tokens: int


@dataclass(frozen=True)
class Truncated:
    """The model had more to say, but reached the limit of tokens."""


#: A string is a piece of the reply's raw text, with tags.
Piece = str | Thought | ToolCall | Usage | Truncated
Pieces = AsyncGenerator[Piece, None]


class ReplyEngine(Protocol):
    """Writes replies piece by piece.

    `label` is what people see, `model` the model's name; empty where there is none, or where it is
    not known yet. `reply` raises an `EngineError`; closing it early (`aclose`) stops
    the work behind it at once. How long one waits for a piece is the caller's business.
    """

    name: str
    label: str
    capabilities: Capabilities

    @property
    def model(self) -> str: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def available(self) -> bool:
        """Whether a reply can be had now. Cheap, never raises, bounded in time."""
        ...

    @property
    def complaint(self) -> str:
        """After `available`: what is wrong and the step that mends it, for people; or nothing."""
        ...

    def reply(self, request: ReplyRequest) -> Pieces: ...
