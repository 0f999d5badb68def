"""Settings of the stage."""

from enum import StrEnum

from pydantic import Field

from libs.settings.avatar import AvatarFileSettings


class OutputKind(StrEnum):
    OVERLAY = "overlay"
    """The overlay page in OBS or a browser."""
    DEVICE = "device"
    """A sound device of this machine."""
    SILENT = "silent"
    """Keeps time and truth, makes no sound: tests and soak."""


class StageSettings(AvatarFileSettings):
    stage_output: OutputKind = OutputKind.OVERLAY
    stage_device: str = ""
    """Name (or part of it) or number of the sound device; empty: the system's default."""
    stage_gap_ms: int = Field(default=150, ge=0, le=2_000)
    """Silence between two sentences and between two utterances."""
    stage_stall_seconds: float = Field(default=8.0, ge=0.5, le=120)
    """An utterance that got no more sound for this long has failed."""
    stage_maximum_age_seconds: float = Field(default=30.0, ge=1, le=300)
    """An utterance that has not begun this long after its first sound was made is not said."""
    stage_character: str = Field(default="kitsu", pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """The drawn character: a folder of `configs/characters`."""
