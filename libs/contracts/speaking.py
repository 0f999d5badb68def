"""From a gated sentence to what was really heard."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.envelope import Event, Value
from libs.contracts.interruption import SpeechHold
from libs.contracts.safety import Verdict
from libs.contracts.streams import AUDIO, LIVE, SENTENCES, SPEAKING


class Mood(StrEnum):
    NEUTRAL = "neutral"
    HAPPY = "happy"
    EXCITED = "excited"
    SAD = "sad"
    ANGRY = "angry"
    SURPRISED = "surprised"
    THINKING = "thinking"
    SLEEPY = "sleepy"
    SMUG = "smug"


class Viseme(StrEnum):
    """The fifteen mouth shapes of the OVR set, as also used by OpenXR and VRChat."""

    SIL = "sil"
    PP = "PP"
    FF = "FF"
    TH = "TH"
    DD = "DD"
    KK = "kk"
    CH = "CH"
    SS = "SS"
    NN = "nn"
    RR = "RR"
    AA = "aa"
    E = "E"
    IH = "ih"
    OH = "oh"
    OU = "ou"


class MouthCue(Value):
    """From `at_seconds` (from the sentence's first sample) the mouth has this shape."""

    at_seconds: float
    viseme: Viseme
    weight: float = Field(default=1.0, ge=0, le=1)


class WordCue(Value):
    """`text[start:start + length]` of the sentence is said from `at_seconds` on."""

    at_seconds: float
    start: int
    length: int


class SpeakSentence(Event):
    """Work for a TTS worker. Its `event_id` is the same each time the same sentence is sent."""

    topic = SENTENCES
    fenced = True
    type: Literal["speaking.speak_sentence"] = "speaking.speak_sentence"
    index: int = Field(ge=0)
    text: str = Field(min_length=1, max_length=1_000)
    mood: Mood = Mood.NEUTRAL
    voice: str = ""
    """Empty: the worker's default voice for the language."""
    language: str = "en"
    energy: float = Field(default=0.6, ge=0, le=1)
    verdict: Verdict
    policy_seconds: float = 0.0
    """Policy worker: turn received to this sentence published."""
    first_token_seconds: float | None = None
    """Of that: to the model's first token."""
    gate_seconds: float = 0.0


class AudioChunk(Event):
    """Sound of one sentence; the entry's raw data is mono signed 16-bit little-endian PCM.

    `offset_samples` counts from the sentence's first sample, so a chunk that is sent again can be
    recognised. Cues are those that start inside this chunk.
    """

    topic = AUDIO
    fenced = True
    type: Literal["speaking.audio_chunk"] = "speaking.audio_chunk"
    index: int
    offset_samples: int
    sample_rate_hz: int
    text: str = ""
    """The whole sentence, on its first chunk only."""
    mood: Mood = Mood.NEUTRAL
    mouth: tuple[MouthCue, ...] = ()
    words: tuple[WordCue, ...] = ()
    policy_seconds: float = 0.0
    first_token_seconds: float | None = None
    gate_seconds: float = 0.0
    synthesis_seconds: float = 0.0
    """TTS worker: sentence received to this chunk published; on the first chunk only."""


class SentenceSynthesized(Event):
    """All chunks of this sentence were sent. Travels behind them, on the same stream."""

    topic = AUDIO
    fenced = True
    type: Literal["speaking.sentence_synthesized"] = "speaking.sentence_synthesized"
    index: int
    total_samples: int
    sample_rate_hz: int
    text: str
    engine: str
    synthesis_seconds: float
    cached: bool = False
    failed: str = ""
    """Reason code when there is no (or not all) sound; the stage shows the caption and goes on."""


#: A mouth chunk tells the loudness so many times a second.
LEVELS_HZ = 60
#: Loudness of silence, in dBFS.
SILENT_DBFS = -90


class MouthChunk(Event):
    """What is new of how a sentence moves the mouth. The stage tells it as soon as it knows where
    the sentence lies: once, not 60 times a second; whoever has a mouth plays it on the clock of
    `PlaybackStarted` and `PlaybackProgressed`.
    """

    topic = LIVE
    type: Literal["speaking.mouth_chunk"] = "speaking.mouth_chunk"
    index: int = Field(ge=0)
    starts_at_seconds: float = Field(ge=0)
    """Of the sentence, from the utterance's first sample."""
    mouth: tuple[MouthCue, ...] = ()
    """Times from the sentence's first sample."""
    levels_from: int = Field(default=0, ge=0)
    levels: tuple[int, ...] = ()
    """Loudness in dBFS (`SILENT_DBFS` to 0), one for each 1/60 s of the sentence, the first one at
    `levels_from` / 60 s."""
    whole: bool = False
    """Nothing more of this sentence will come."""


class PlaybackOutcome(StrEnum):
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    EXPIRED = "expired"
    FAILED = "failed"


class PlaybackStarted(Event):
    topic = SPEAKING
    type: Literal["speaking.playback_started"] = "speaking.playback_started"
    text: str
    """The first sentence."""
    mood: Mood = Mood.NEUTRAL
    output: str
    started_at: float
    """When the first sample became audible (show's clock)."""
    first_chunk_at: float
    """When the first chunk reached the stage (show's clock)."""
    policy_seconds: float = 0.0
    first_token_seconds: float | None = None
    gate_seconds: float = 0.0
    synthesis_seconds: float = 0.0


class PlaybackProgressed(Event):
    """Where playback is now; a few times a second, for screens."""

    topic = LIVE
    type: Literal["speaking.playback_progressed"] = "speaking.playback_progressed"
    index: int
    text: str
    """The sentence being said."""
    position_seconds: float
    known_seconds: float
    """Length of all sound received for this utterance so far."""
    hold: SpeechHold = SpeechHold.NONE
    """Whether it stands still, or is lowered."""
    mood: Mood = Mood.NEUTRAL
    """Of the utterance, for who joins in the middle."""


class PlaybackFinished(Event):
    """The one terminal state of an utterance, from samples played."""

    topic = SPEAKING
    type: Literal["speaking.playback_finished"] = "speaking.playback_finished"
    outcome: PlaybackOutcome
    heard_text: str
    full_text: str
    """All that was meant to be said: `heard_text` is as much of it as was."""
    position_seconds: float
    duration_seconds: float
    """Length of the sound received; at least `position_seconds`."""
    reason: str = ""
    output: str = ""
    stopped_at: float | None = None
    """When the last sample became audible (show's clock)."""
