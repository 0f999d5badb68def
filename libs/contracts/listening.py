"""What the microphone heard.

One speech is what lies between two silences. Its events name its `SpeechStarted` as their cause,
and it ends in exactly one `TranscriptFinalized` or `SpeechDismissed`.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event
from libs.contracts.streams import LISTENING, LIVE


class ListeningMode(StrEnum):
    """When what is said is meant for her."""

    OPEN = "open"
    """Always."""
    PUSH_TO_TALK = "push_to_talk"
    """While a key or button is held."""
    WAKE_NAME = "wake_name"
    """When her name is in it, and for a moment after she has spoken."""


class MicrophoneState(StrEnum):
    LISTENING = "listening"
    MUTED = "muted"
    """For her only: what the stream hears is another matter."""
    WAITING = "waiting"
    """The device is not there (any more); it is looked for."""
    STARTING = "starting"
    """The recogniser is not ready: nothing is captured."""
    UNABLE = "unable"
    """No recogniser: typed and chat input only."""
    OFF = "off"

    @property
    def deaf(self) -> bool:
        """Nobody is listened to, and words that are still out will not come: ears that were killed
        say `STARTING` first. (Of a device that went away what it gave last is still made out.)"""
        return self in (MicrophoneState.STARTING, MicrophoneState.UNABLE, MicrophoneState.OFF)


class SpeechStarted(Event):
    topic = LISTENING
    type: Literal["listening.speech_started"] = "listening.speech_started"
    device: str = ""
    over_speech: bool = False
    """Something of hers was being heard then."""


class SpeechEnded(Event):
    """The turn was called over; the words are still to come."""

    topic = LISTENING
    type: Literal["listening.speech_ended"] = "listening.speech_ended"
    duration_seconds: float
    silence_wait_seconds: float = 0.0
    """How long silence was waited for before the turn was called over."""


class DismissReason(StrEnum):
    """Why what was heard is no turn."""

    BACK_CHANNEL = "back_channel"
    """"Uh-huh", laughter, while she spoke."""
    OWN_VOICE = "own_voice"
    NOISE = "noise"
    """No voice after all, or far too short."""
    NO_WORDS = "no_words"
    """A voice, but nothing that was understood."""
    INVENTED = "invented"
    """The recogniser made words up."""
    NOT_ADDRESSED = "not_addressed"
    """Nobody spoke to her: no key was held, her name was not in it."""
    MUTED = "muted"
    KEYWORD = "keyword"
    """It was an order ("stop talking") that was carried out."""
    FAILED = "failed"
    """No recogniser could be asked."""


class SpeechDismissed(Event):
    """The end of a speech that opens no turn."""

    topic = LISTENING
    type: Literal["listening.speech_dismissed"] = "listening.speech_dismissed"
    reason: DismissReason
    text: str = Field(default="", max_length=2_000)
    detail: str = Field(default="", max_length=200)
    duration_seconds: float = 0.0


class TranscriptUpdated(Event):
    """A tentative transcript; the last one wins."""

    topic = LIVE
    type: Literal["listening.transcript_updated"] = "listening.transcript_updated"
    text: str
    confirmed: str = ""
    """The beginning of `text` that will not change any more."""


class TranscriptFinalized(Event):
    topic = LISTENING
    type: Literal["listening.transcript_finalized"] = "listening.transcript_finalized"
    text: str
    speech_ended_at: float
    """The last voiced moment (show's clock), before the silence that was waited for."""
    silence_wait_seconds: float = 0.0
    recognition_seconds: float = 0.0
    """From the end of that wait to this transcript."""
    confidence: float | None = None
    language: str | None = None
    engine: str = ""


class InterruptionKind(StrEnum):
    """What a voice over hers turned out to be; the first three cut her off."""

    WORDS = "words"
    KEYWORD = "keyword"
    PUSH_TO_TALK = "push_to_talk"
    BACK_CHANNEL = "back_channel"
    FALSE_ALARM = "false_alarm"

    @property
    def cuts(self) -> bool:
        return self in (
            InterruptionKind.WORDS,
            InterruptionKind.KEYWORD,
            InterruptionKind.PUSH_TO_TALK,
        )


class InterruptionDecided(Event):
    """Somebody spoke while she did. `utterance_id` (of the envelope) is what she was saying."""

    topic = LISTENING
    type: Literal["listening.interruption_decided"] = "listening.interruption_decided"
    kind: InterruptionKind
    text: str = Field(default="", max_length=2_000)
    """As far as it was understood by then."""
    decided_after_seconds: float = 0.0
    """Since her voice was paused."""


class MicrophoneReported(Event):
    """How listening is, a few times a second while it goes on; on every change otherwise."""

    topic = LIVE
    type: Literal["listening.microphone_reported"] = "listening.microphone_reported"
    state: MicrophoneState
    mode: ListeningMode = ListeningMode.OPEN
    muted: bool = False
    talking: bool = False
    """The talk key is held."""
    voice: bool = False
    """Somebody speaks now."""
    source: Literal["device", "panel", "file", "none"] = "none"
    device: str = Field(default="", max_length=200)
    recogniser: str = Field(default="", max_length=200)
    problem: str = Field(default="", max_length=400)
    """What is wrong with the sound (silent, clipped) or the device, with the step that mends it."""
    level_dbfs: float = -120.0
    peak_dbfs: float = -120.0
    noise_floor_dbfs: float | None = None
    lost_seconds: float = 0.0
    """Sound lost since the start because nobody took it in time."""


class WordsExpected(Event):
    """Words that may be said: names of the persona and of viewers. Sent again now and then."""

    topic = LIVE
    type: Literal["listening.words_expected"] = "listening.words_expected"
    her_names: tuple[str, ...] = Field(default=(), max_length=20)
    words: tuple[str, ...] = Field(default=(), max_length=100)
    language: str = ""
