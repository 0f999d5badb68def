"""Twitch: an own link for what must not break, on twitchio for requests and events.

Nothing here loads twitchio or aiohttp before the platform runs.
"""

from apps.twitch_ingest.engines.twitch.options import Pauses, TwitchOptions
from apps.twitch_ingest.engines.twitch.platform import TwitchPlatform

__all__ = ["Pauses", "TwitchOptions", "TwitchPlatform"]
