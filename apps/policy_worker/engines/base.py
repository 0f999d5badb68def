"""What an engine that writes replies must do, and how it may fail."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from libs.contracts.conversation import TurnCommitted
from libs.settings.personas import Persona


@dataclass(frozen=True)
class ReplyRequest:
    """One turn to be answered. `already_said` are the sentences that were sent before a crash: the
    reply goes on after them."""

    turn: TurnCommitted
    persona: Persona
    already_said: tuple[str, ...] = ()


class EngineError(Exception):
    """An engine gave no (or no whole) reply. `code` is told to people and programs, never voiced;
    `again` says whether the same engine may do better at once."""

    code: ClassVar[str] = "engine_error"
    again: ClassVar[bool] = False


class EngineUnreachable(EngineError):
    code = "unreachable"


class ModelMissing(EngineError):
    code = "model_missing"


class EngineBusy(EngineError):
    code = "busy"
    again = True


class EngineFailed(EngineError):
    """The engine answered with an error of its own."""

    code = "engine_failed"
    again = True


class RequestRefused(EngineError):
    code = "refused"


class NoFirstToken(EngineError):
    code = "slow_first_token"


class ReplyStalled(EngineError):
    code = "stalled"


class ConnectionBroken(EngineError):
    code = "connection_broken"
    again = True


class ReplyGarbled(EngineError):
    code = "garbled"
    again = True


class ReplyCutOff(EngineError):
    """The stream ended without saying that the reply is whole."""

    code = "cut_off"
    again = True


class ReplyEmpty(EngineError):
    """There was nothing in it that could be said."""

    code = "empty"
    again = True


class ReplyEngine(Protocol):
    """Writes replies as raw text with tags, piece by piece.

    `label` is what people see. `reply` raises an `EngineError`; closing it early (`aclose`) stops
    the work behind it at once.
    """

    name: str
    label: str

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def available(self) -> bool:
        """Whether a reply can be had now. Cheap, never raises, bounded in time."""
        ...

    @property
    def complaint(self) -> str:
        """After `available` said no: why, and the step that mends it, for people."""
        ...

    def reply(self, request: ReplyRequest) -> AsyncGenerator[str, None]: ...
