"""Settings of the voice."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from apps.tts_worker.engines.espeak import DEFAULT_PROSODY, DEFAULT_VOICE
from apps.tts_worker.engines.espeak_prosody import FASTEST, SLOWEST
from libs.settings import ShowSettings


class TtsSettings(ShowSettings):
    """`TTS_ENGINE` names the best voice to use; the ones below it stand by. auto: whatever is
    there."""

    tts_engine: Literal["auto", "espeak", "captions"] = "auto"
    tts_voice: str = Field(default=DEFAULT_VOICE, max_length=64)
    """The embedded voice: `language+variant`; `GET /voices` lists them."""
    tts_rate: int = Field(default=DEFAULT_PROSODY.rate, ge=SLOWEST, le=FASTEST)
    """Words a minute."""
    tts_pitch: int = Field(default=DEFAULT_PROSODY.pitch, ge=0, le=99)
    tts_output_dir: Path | None = None
    """Where said sentences are kept; empty: `tts_cache` in the data folder."""
    tts_cache_mb: int = Field(default=200, ge=0, le=100_000)
    """0 keeps nothing."""
    policy_family_friendly: bool = True
    """Whether `kitsu tts` goes through the gate's family rules too."""

    @field_validator("tts_output_dir", mode="before")
    @classmethod
    def _none_when_empty(cls, value: object) -> object:
        return value or None

    @property
    def cache_folder(self) -> Path:
        given = self.tts_output_dir
        return given.expanduser().resolve() if given else self.kitsu_data_dir / "tts_cache"
