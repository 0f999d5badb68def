"""Settings of the ears."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from libs.contracts.listening import ListeningMode
from libs.settings import ShowSettings

EngineName = Literal["faster_whisper", "onnx_asr", "qwen_asr", "openai"]
Phrases = Annotated[tuple[str, ...], NoDecode]


class AsrSettings(ShowSettings):
    asr_input_device: str = Field(default="", max_length=400)
    """Name (or part of it) or number of a sound device, `NAME#2` for its second channel alone;
    empty: the system's default. `panel`: the microphone of the browser that shows the panel.
    `file:PATH`: a sound file, played in real time. `none`: nothing is heard."""
    asr_fake_audio: bool = False
    """A made-up speaker instead of a microphone, for tests and soak."""
    asr_sample_rate: int = Field(default=16_000, ge=8_000, le=192_000)
    """Asked of the device in hertz; one that cannot is taken at its own rate and converted."""
    asr_frame_ms: int = Field(default=32, ge=10, le=100)
    """Length of the pieces the device hands over."""
    asr_silence_ms: int = Field(default=600, ge=100, le=5_000)
    """Silence after which a turn is over."""
    asr_longest_silence_ms: int = Field(default=1_600, ge=100, le=10_000)
    """And where the words say that more is to come."""
    asr_turn_end: Literal["text", "fixed", "smart"] = "text"
    """What tells a pause from an end: the words so far, the silence alone, or a turn model."""
    asr_mode: ListeningMode = ListeningMode.OPEN
    """What it is at the first start; later it is what was chosen live."""
    asr_interrupt: Literal["words", "talk_key", "never"] = "words"
    """What cuts her off by voice: words spoken over hers, only the talk key, or nothing."""
    stage_gap_ms: int = Field(default=150, ge=0, le=2_000)
    """Of the stage: the silence between two sentences, to know where she is in her words."""
    asr_own_voice_gate: bool = True
    """Whether her own voice in the microphone is told from the host's."""
    asr_engine: Annotated[tuple[EngineName, ...] | Literal["auto", "off"], NoDecode] = "auto"
    """Recognisers in the order in which they are tried."""
    asr_model: str = Field(default="auto", max_length=400)
    """Whisper: `auto` (the largest that is here and keeps up), a size (`base`), or a folder."""
    asr_device: Literal["auto", "cpu", "cuda"] = "auto"
    asr_language: str = Field(default="", pattern=r"^([a-z]{2,3}(-[A-Za-z]{2,4})?|auto)?$")
    """Of the host; empty: the persona's. `auto`: whatever is spoken."""
    asr_partials: Literal["auto", "on", "off"] = "auto"
    """Words while one still speaks: `auto` where there is time for it."""
    asr_models_dir: str = ""
    """Where models are kept; empty: `asr_models` in the data folder."""
    asr_onnx_model: str = Field(default="", max_length=400)
    """onnx-asr: a model's name or folder."""
    asr_qwen_python: str = Field(default="", max_length=400)
    """The Python of the environment that qwen-asr is installed in."""
    asr_qwen_model: str = Field(default="", max_length=400)
    asr_openai_base_url: str = ""
    """A server with OpenAI's transcription API (speaches, vLLM, whisper.cpp, OpenAI)."""
    asr_openai_model: str = ""
    asr_openai_api_key: str = ""
    asr_keyword_guard: Literal["auto", "off"] = "auto"
    """A second ear for a few fixed orders, where pocketsphinx is installed."""
    asr_panic_phrases: Phrases = ("kitsu panic", "panic panic panic")
    """What the keyword guard takes for a panic."""
    asr_stop_phrases: Phrases = ("stop talking",)
    """What it takes for an order to be silent."""

    @field_validator("asr_engine", mode="before")
    @classmethod
    def _engines(cls, value: object) -> object:
        if not isinstance(value, str) or value in ("auto", "off"):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("asr_panic_phrases", "asr_stop_phrases", mode="before")
    @classmethod
    def _phrases(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(" ".join(part.split()).lower() for part in value.split(",") if part.strip())
