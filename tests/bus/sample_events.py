"""Events as the tests send them."""

from typing import Any

from libs.contracts.chat import ChatMessageReceived
from libs.contracts.control import SetModuleEnabled
from libs.contracts.conversation import (
    PersonaSnapshot,
    ReplyChunk,
    TurnCommitted,
    TurnInput,
    TurnSource,
)
from libs.contracts.listening import TranscriptUpdated
from libs.contracts.people import Author
from libs.contracts.speaking import AudioChunk

VIEWER = Author(viewer_id="42", name="viewer1")


def chat(show: str, text: str, **envelope: Any) -> ChatMessageReceived:
    return ChatMessageReceived(
        show=show, message_id=text[:20], platform="test", author=VIEWER, text=text, **envelope
    )


def turn(show: str, text: str, **envelope: Any) -> TurnCommitted:
    asked = TurnInput(source=TurnSource.CHAT, author=VIEWER, text=text, arrived_at=0.0)
    return TurnCommitted(show=show, input=asked, persona=PersonaSnapshot(), **envelope)


def switch(show: str, module: str) -> SetModuleEnabled:
    return SetModuleEnabled(show=show, module=module, enabled=True)


def sound(show: str, index: int, **envelope: Any) -> AudioChunk:
    return AudioChunk(show=show, index=index, offset_samples=0, sample_rate_hz=24_000, **envelope)


def token(show: str, text: str) -> ReplyChunk:
    return ReplyChunk(show=show, text=text)


def part_of_speech(show: str, text: str) -> TranscriptUpdated:
    return TranscriptUpdated(show=show, text=text)
