"""Settings of the twitch_ingest."""

from pydantic import Field

from libs.settings import ShowSettings


class TwitchIngestSettings(ShowSettings):
    twitch_channel: str = Field(default="", max_length=64)
    """Name of the channel; empty: that of the account that signed in."""
