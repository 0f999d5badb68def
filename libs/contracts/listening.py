"""What the microphone heard."""

from typing import Literal

from libs.contracts.envelope import Event
from libs.contracts.streams import LISTENING, LIVE


class SpeechStarted(Event):
    topic = LISTENING
    type: Literal["listening.speech_started"] = "listening.speech_started"
    device: str = ""


class SpeechEnded(Event):
    topic = LISTENING
    type: Literal["listening.speech_ended"] = "listening.speech_ended"
    duration_seconds: float
    silence_wait_seconds: float = 0.0
    """How long silence was waited for before the turn was called over."""


class TranscriptUpdated(Event):
    """A tentative transcript; the last one wins."""

    topic = LIVE
    type: Literal["listening.transcript_updated"] = "listening.transcript_updated"
    text: str


class TranscriptFinalized(Event):
    topic = LISTENING
    type: Literal["listening.transcript_finalized"] = "listening.transcript_finalized"
    text: str
    speech_ended_at: float
    silence_wait_seconds: float = 0.0
    confidence: float | None = None
    language: str | None = None
    engine: str = ""
