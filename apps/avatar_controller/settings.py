"""Settings of the avatar_controller."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from libs.settings.avatar import AvatarFileSettings


class AvatarControllerSettings(AvatarFileSettings):
    vts_url: str = "ws://127.0.0.1:8001"
    """Where VTube Studio's plugin API answers; empty: it is not used."""
    vts_auth_token: str = Field(default="", repr=False, max_length=256)
    """A token made elsewhere; it wins over the one that was given here."""
    vts_plugin_name: str = Field(default="Kitsu", min_length=3, max_length=32)
    vts_developer: str = Field(default="Kitsu", min_length=3, max_length=32)
    avatar_frames: Literal[30, 60] = 60
    """Frames a second that are sent to avatars."""
    avatar_mouth_offset_ms: int = Field(default=0, ge=-150, le=150)
    """The mouth that much later (positive) or earlier than the sound."""
    vmc_target: str = ""
    """Where VMC is received (`host:port`); empty: not used."""
    vmc_bundles: bool = True
    """Whether a frame is one OSC bundle; some receivers want one packet for each value."""
    veadotube_url: str = Field(default="auto", max_length=400)
    """`auto`: the instance that runs on this machine; an address; empty: not used."""

    @field_validator("avatar_frames", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.strip().isdigit() else value

    @field_validator("vts_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme != "ws" or not parts.hostname):
            raise ValueError("must look like ws://127.0.0.1:8001 (or be empty: no VTube Studio)")
        _ = parts.port  # raises ValueError for a port that is none
        return url

    @field_validator("vmc_target")
    @classmethod
    def _is_a_target(cls, target: str) -> str:
        parts = urlsplit(f"udp://{target}")
        if target and not (parts.hostname and parts.port):
            raise ValueError("must look like 127.0.0.1:39539 (or be empty: no VMC)")
        return target

    @field_validator("veadotube_url")
    @classmethod
    def _is_auto_or_an_address(cls, url: str) -> str:
        if url in ("", "auto"):
            return url
        parts = urlsplit(url)
        if parts.scheme != "ws" or not parts.hostname or not parts.port:
            raise ValueError("must be auto, empty, or look like ws://127.0.0.1:40404")
        return url
