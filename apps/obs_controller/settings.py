"""Settings of the obs_controller."""

from string import Formatter
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from libs.settings import ShowSettings

DEFAULT_PORT = 4455


class ObsControllerSettings(ShowSettings):
    """Lists are written with commas: `OBS_SCENES=Live, Chatting`."""

    obs_ws_url: str = "ws://127.0.0.1:4455"
    """Where obs-websocket answers; empty: OBS is not used."""
    obs_ws_password: str = Field(default="", repr=False)
    obs_scenes: str = ""
    """Scenes that may be switched to; empty: all that OBS has."""
    twitch_default_scene: str = ""
    """The scene that is meant when none is named, and that timed scenes go back to."""
    obs_brb_scene: str = "BRB"
    """What viewers see in a panic."""
    obs_panic_filter: str = ""
    """A filter to switch on in a panic: its name, or `source: name`."""
    obs_mic_inputs: str = ""
    """Inputs to mute in a panic; empty: all microphones that OBS has."""
    obs_voice_inputs: str = ""
    """Inputs that carry her voice, muted too; empty: the browser sources of the overlay."""
    obs_caption_source: str = ""
    """Text source that shows what is being said; empty: none."""
    obs_caption_columns: int = Field(default=42, ge=10, le=120)
    obs_caption_lines: int = Field(default=2, ge=1, le=6)
    obs_now_playing_source: str = ""
    """Text source that shows whom she is answering; empty: none."""
    obs_now_playing_text: str = "Answering {author}"
    """May use {author} and {input}; both pass the gate first."""
    obs_overlay_source: str = "Kitsu overlay"
    """Name of the browser source that `kitsu obs setup` makes."""

    @field_validator("obs_ws_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme != "ws" or not parts.hostname):
            raise ValueError("must look like ws://127.0.0.1:4455 (or be empty: no OBS)")
        _ = parts.port  # raises ValueError for a port that is none
        return url

    @field_validator("obs_now_playing_text")
    @classmethod
    def _can_be_filled_in(cls, text: str) -> str:
        try:
            fields = {field for _, field, _, _ in Formatter().parse(text) if field is not None}
        except ValueError:
            fields = {text}
        if not fields <= {"author", "input"}:
            raise ValueError("may use {author} and {input}, and no other braces")
        return text

    @property
    def obs_host(self) -> str:
        return urlsplit(self.obs_ws_url).hostname or "127.0.0.1"

    @property
    def obs_port(self) -> int:
        return urlsplit(self.obs_ws_url).port or DEFAULT_PORT


def names(listed: str) -> tuple[str, ...]:
    """The names of a list with commas."""
    return tuple(name.strip() for name in listed.split(",") if name.strip())
