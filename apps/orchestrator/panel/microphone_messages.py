"""What the panel is told of the microphone, and what it may order."""

from typing import Literal

from pydantic import Field

from apps.orchestrator.panel.wire import Command, Message
from libs.contracts.listening import (
    DismissReason,
    InterruptionKind,
    ListeningMode,
    MicrophoneState,
)


class MicrophoneStatus(Message):
    """How she listens. `not_there`: nothing was heard of the ears for a while, and nothing else
    here counts. `asr_port`: where their process answers."""

    state: MicrophoneState | Literal["not_there"] = "not_there"
    mode: ListeningMode = ListeningMode.OPEN
    muted: bool = False
    talking: bool = False
    voice: bool = False
    source: Literal["device", "panel", "file", "none"] = "none"
    device: str = ""
    recogniser: str = ""
    problem: str = ""
    level_dbfs: float = -120.0
    peak_dbfs: float = -120.0
    noise_floor_dbfs: float | None = None
    lost_seconds: float = 0.0
    asr_port: int = 0


class HeardSpeech(Message):
    """What lies between two silences, and what became of it. The same id again replaces it.

    `confirmed` is the beginning of `text` that will not change any more. `over_speech`: she was
    speaking then; `interruption` is what was made of it. `reason`: why it opened no turn.
    """

    id: str
    at: float
    state: Literal["hearing", "recognising", "understood", "dismissed"]
    text: str = ""
    confirmed: str = ""
    over_speech: bool = False
    interruption: InterruptionKind | None = None
    reason: DismissReason | None = None
    detail: str = ""
    engine: str = ""


class MicrophoneMessage(Message):
    type: Literal["microphone"] = "microphone"
    microphone: MicrophoneStatus


class SpeechMessage(Message):
    type: Literal["speech"] = "speech"
    speech: HeardSpeech


class SetMicrophoneCommand(Command):
    """Changes only the fields that are given."""

    command: Literal["set_microphone"] = "set_microphone"
    muted: bool | None = None
    mode: ListeningMode | None = None


class HoldToTalkCommand(Command):
    """Sent again while the key is held, for it ends by itself."""

    command: Literal["hold_to_talk"] = "hold_to_talk"
    held: bool
    at_most_seconds: float = Field(default=3.0, ge=0, le=120)
