"""What the Twitch engine needs to know."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

HELIX_URL = "https://api.twitch.tv/helix"
ID_URL = "https://id.twitch.tv"
EVENTSUB_URL = "wss://eventsub.wss.twitch.tv/ws"
IRC_URL = "wss://irc-ws.chat.twitch.tv:443"

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_LOGIN = re.compile(r"[a-z0-9_]{1,25}")


@dataclass(frozen=True)
class Pauses:
    """How long is waited for what, in seconds. Tests make all of them short."""

    first_retry: float = 0.3
    longest_retry: float = 10.0
    """Between attempts to connect; each is twice the one before, with a random part taken off."""
    steady: float = 20.0
    """A connection that lived so long was a good one: the next attempt comes soon."""
    welcome: float = 5.0
    """From connecting to the first word."""
    keepalive_grace: float = 2.0
    """Over the time that Twitch itself promises to say something in."""
    old_connection_quiet: float = 0.25
    """Moving over: the old connection is left when nothing came on it for so long."""
    old_connection_longest: float = 2.0
    subscribe_retry: float = 0.3
    """Before a failed subscription is asked for again; then twice that, then four times."""
    refused_topics: float = 60.0
    """Until a topic that was refused is asked for again."""
    request: float = 8.0
    """One request to Twitch."""
    validate: float = 3_600.0
    """Between checks of the tokens: Twitch demands one an hour."""
    validate_retry: float = 60.0
    refresh: float = 60.0
    """A token this young that is refused is not refreshed again: that would not help."""


@dataclass(frozen=True)
class TwitchOptions:
    """Raises `ValueError`, with the name of the setting, for a value that cannot be used."""

    data_dir: Path
    channel: str = ""
    """Empty: the channel of the account that signed in."""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    """Given: sign-in goes by a page that comes back to `redirect_uri`; without: by a code."""
    oauth_token: str = field(default="", repr=False)
    bot_nick: str = ""
    redirect_uri: str = "http://localhost:8016/sign-in/callback"
    helix_url: str = HELIX_URL
    id_url: str = ID_URL
    eventsub_url: str = EVENTSUB_URL
    irc_url: str = IRC_URL
    keepalive_seconds: int = 10
    pauses: Pauses = Pauses()

    def __post_init__(self) -> None:
        for name in ("channel", "bot_nick"):
            object.__setattr__(self, name, login_of(getattr(self, name), f"TWITCH_{name}".upper()))
        token = self.oauth_token.strip().removeprefix("oauth:")
        object.__setattr__(self, "oauth_token", token)
        for name in ("helix_url", "id_url"):
            check_address(getattr(self, name), ("https", "http"), f"TWITCH_{name}".upper())
        for name in ("eventsub_url", "irc_url"):
            check_address(getattr(self, name), ("wss", "ws"), f"TWITCH_{name}".upper())

    @property
    def configured(self) -> bool:
        """Whether there is enough to sign in with, or a token already."""
        return bool(self.client_id or self.oauth_token)


def login_of(given: str, setting: str) -> str:
    """The login in what people paste: `@Name`, `#name`, `https://www.twitch.tv/name`."""
    login = given.strip().rstrip("/").rpartition("/")[2].lstrip("@#").lower()
    if login and not _LOGIN.fullmatch(login):
        raise ValueError(
            f"{setting} must be a Twitch name such as 'kitsu_live', not '{given[:40]}'"
        )
    return login


def check_address(url: str, schemes: tuple[str, str], setting: str) -> None:
    """Raises `ValueError` for an address that is not Twitch's own: it would get our tokens."""
    if not is_twitch(url, schemes):
        raise ValueError(
            f"{setting} must be an address of twitch.tv ({schemes[0]}://...) or of this machine"
        )


def is_twitch(url: str, schemes: tuple[str, str]) -> bool:
    """Whether tokens may go there. `schemes`: the encrypted one, and the one for loopback."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.username or parts.password:
        return False
    if host in LOOPBACK:
        return parts.scheme in schemes
    return parts.scheme == schemes[0] and (host == "twitch.tv" or host.endswith(".twitch.tv"))
