"""Which chat platform this show has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from apps.twitch_ingest.engines.anonymous_chat import AnonymousChat
from apps.twitch_ingest.engines.base import ChatPlatform
from apps.twitch_ingest.engines.no_chat import NoChat
from apps.twitch_ingest.engines.replay import ReplayPlatform
from apps.twitch_ingest.engines.twitch import TwitchOptions, TwitchPlatform
from apps.twitch_ingest.engines.twitch.link_report import link_document
from apps.twitch_ingest.settings import TwitchIngestSettings
from apps.twitch_ingest.sign_in_web import CALLBACK, SignInWeb
from libs.contracts.health import ModuleState
from libs.settings import ROOT

NOT_SET_UP = (
    "Chat is not set up: register an application (dev.twitch.tv/console/apps, client type Public), "
    "put its client id into .env as TWITCH_CLIENT_ID, "
    "then: kitsu restart twitch_ingest, and kitsu twitch login"
)
OFF = "Chat is off: CHAT_PLATFORM=off."
NO_LOG = "There is nothing to replay: put the path of a chat log into CHAT_REPLAY_FILE."
NO_CHANNEL = "Which channel is to be read? Put its name into TWITCH_CHANNEL."

_LINK_STATES = {
    ModuleState.READY: "ready",
    ModuleState.STARTING: "reconnecting",
    ModuleState.NOT_CONFIGURED: "not_configured",
}


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


def sign_in_web(platform: ChatPlatform, more: Callable[[], dict[str, Any]]) -> SignInWeb:
    """The routes about the link, with `more` in its document."""
    if isinstance(platform, TwitchPlatform):
        return SignInWeb(platform, more=more)
    link = getattr(platform, "link_state", None) or (lambda: _link_without_twitch(platform))
    return SignInWeb(None, platform.health().detail or OFF, link, more)


def _link_without_twitch(platform: ChatPlatform) -> dict[str, Any]:
    told = platform.health()
    mode = "replay" if isinstance(platform, ReplayPlatform) else "off"
    state = "off" if told.detail == OFF else _LINK_STATES.get(told.state, "refused")
    return link_document(platform=platform.name, mode=mode, state=state, detail=told.detail)


def _twitch(settings: TwitchIngestSettings) -> ChatPlatform:
    if not can_use_twitch(settings):
        return NoChat(NOT_SET_UP)
    return TwitchPlatform(_twitch_options(settings))


def _anonymous(settings: TwitchIngestSettings) -> ChatPlatform:
    return AnonymousChat(_twitch_options(settings))


def _twitch_options(settings: TwitchIngestSettings) -> TwitchOptions:
    return TwitchOptions(
        data_dir=settings.kitsu_data_dir,
        channel=settings.twitch_channel,
        client_id=settings.twitch_client_id,
        client_secret=settings.twitch_client_secret,
        oauth_token=settings.twitch_oauth_token,
        bot_nick=settings.twitch_bot_nick,
        redirect_uri=f"http://localhost:{settings.twitch_ingest_port}{CALLBACK}",
        helix_url=settings.twitch_helix_url,
        id_url=settings.twitch_id_url,
        eventsub_url=settings.twitch_eventsub_url,
        irc_url=settings.twitch_irc_url,
    )


def _replay(settings: TwitchIngestSettings) -> ChatPlatform:
    path = (ROOT / Path(settings.chat_replay_file).expanduser()).resolve()
    return ReplayPlatform(path, settings.chat_replay_speed)
