"""Which chat platform this show has. Engines are imported when they are used, not before."""

from pathlib import Path

from starlette.routing import BaseRoute

from apps.twitch_ingest.engines.base import ChatPlatform
from apps.twitch_ingest.engines.no_chat import NoChat
from apps.twitch_ingest.engines.replay import ReplayPlatform
from apps.twitch_ingest.settings import TwitchIngestSettings
from libs.settings import ROOT

NOT_SET_UP = (
    "Chat is not set up: put TWITCH_CLIENT_ID into .env (dev.twitch.tv/console), "
    "then: kitsu twitch login"
)
OFF = "Chat is off: CHAT_PLATFORM=off."
NO_LOG = "There is nothing to replay: put the path of a chat log into CHAT_REPLAY_FILE."
NO_CHANNEL = "Which channel is to be read? Put its name into TWITCH_CHANNEL."


def platform_of(settings: TwitchIngestSettings) -> ChatPlatform:
    """The platform that the settings ask for; where something is missing, one that says so."""
    wanted = settings.chat_platform
    if wanted == "auto":
        wanted = "twitch" if can_use_twitch(settings) else "off"
        if wanted == "off":
            return NoChat(NOT_SET_UP)
    if wanted == "twitch":
        return _twitch(settings)
    if wanted == "anonymous":
        return _anonymous(settings) if settings.twitch_channel else NoChat(NO_CHANNEL)
    if wanted == "replay":
        return _replay(settings) if settings.chat_replay_file else NoChat(NO_LOG)
    return NoChat(OFF)


def can_use_twitch(settings: TwitchIngestSettings) -> bool:
    """Whether there is an application to sign in to, or an account already."""
    given = settings.twitch_client_id or settings.twitch_oauth_token
    return bool(given) or account_file(settings).is_file()


def account_file(settings: TwitchIngestSettings) -> Path:
    """Where the accounts that signed in are kept."""
    return settings.kitsu_data_dir / "secrets" / "twitch.json"


def routes_of(platform: ChatPlatform) -> list[BaseRoute]:
    """The routes that a platform brings itself, such as those for signing in."""
    routes = getattr(platform, "routes", None)
    return list(routes()) if routes is not None else []


def _twitch(settings: TwitchIngestSettings) -> ChatPlatform:
    if not can_use_twitch(settings):
        return NoChat(NOT_SET_UP)
    return NoChat("This build has no Twitch in it.")


def _anonymous(settings: TwitchIngestSettings) -> ChatPlatform:
    return NoChat("This build cannot read chat without an account.")


def _replay(settings: TwitchIngestSettings) -> ChatPlatform:
    path = (ROOT / Path(settings.chat_replay_file).expanduser()).resolve()
    return ReplayPlatform(path, settings.chat_replay_speed)
