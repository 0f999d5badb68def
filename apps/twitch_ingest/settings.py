"""Settings of the twitch_ingest."""

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from libs.settings import ROOT
from libs.settings.avatar import AvatarFileSettings

#: Whoever is at these addresses is given tokens: nobody else may be.
TWITCH_DOMAIN = "twitch.tv"
LOOPBACK = ("127.0.0.1", "localhost", "::1")

_LOGIN = re.compile(r"[a-z0-9_]{1,25}")


class TwitchIngestSettings(AvatarFileSettings):
    chat_platform: Literal["auto", "twitch", "anonymous", "replay", "off"] = "auto"
    """`auto`: Twitch as soon as there is an account or an application for it, else off.
    `anonymous` reads a channel without an account and takes no commands."""
    twitch_channel: str = Field(default="", max_length=200)
    """Name of the channel; empty: that of the account that signed in."""
    twitch_client_id: str = Field(default="", max_length=128)
    """The application that accounts sign in to (dev.twitch.tv/console)."""
    twitch_client_secret: str = Field(default="", max_length=256, repr=False)
    """Only for an application that is not of the type "public"."""
    twitch_oauth_token: str = Field(default="", max_length=256, repr=False)
    """A token made elsewhere, for a quick try: it ends after some hours."""
    twitch_bot_nick: str = Field(default="", max_length=200)
    """Name of the account that writes, where it is not the streamer's."""
    twitch_helix_url: str = "https://api.twitch.tv/helix"
    twitch_id_url: str = "https://id.twitch.tv"
    twitch_eventsub_url: str = "wss://eventsub.wss.twitch.tv/ws"
    twitch_irc_url: str = "wss://irc-ws.chat.twitch.tv:443"
    """Where Twitch answers; only twitch.tv itself or this machine."""
    twitch_file: Path = Path("configs/twitch.yaml")
    """Commands, rewards and events: who may do what, and what it does."""
    chat_replay_file: str = ""
    """A recorded chat log (JSON lines) that CHAT_PLATFORM=replay plays."""
    chat_replay_speed: float = Field(default=1.0, ge=0, le=1_000)
    """How many times as fast as it was written; 0: as fast as it can be."""

    @field_validator("twitch_helix_url", "twitch_id_url")
    @classmethod
    def _is_twitchs_api(cls, url: str) -> str:
        return _of_twitch(url, secure="https", plain="http")

    @field_validator("twitch_eventsub_url", "twitch_irc_url")
    @classmethod
    def _is_twitchs_socket(cls, url: str) -> str:
        return _of_twitch(url, secure="wss", plain="ws")

    @field_validator("twitch_channel", "twitch_bot_nick")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        """Out of what people paste: `@Name`, `#name`, `https://www.twitch.tv/name`."""
        name = name.strip().rstrip("/").rpartition("/")[2].lstrip("@#").lower()
        if name and not _LOGIN.fullmatch(name):
            raise ValueError("must be a Twitch name: a-z, 0-9 and _, 25 at most")
        return name

    @field_validator("twitch_file")
    @classmethod
    def _in_the_checkout(cls, path: Path) -> Path:
        return (ROOT / path.expanduser()).resolve()


def _of_twitch(url: str, secure: str, plain: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    of_twitch = host == TWITCH_DOMAIN or host.endswith(f".{TWITCH_DOMAIN}")
    well = (parts.scheme == secure and of_twitch) or (
        parts.scheme in (secure, plain) and host in LOOPBACK
    )
    if not well or parts.username or parts.password:
        raise ValueError(f"must be {secure}:// at {TWITCH_DOMAIN}, or on this machine")
    _ = parts.port  # raises ValueError for a port that is none
    return url
