"""Who somebody in chat is, by what Twitch vouches for."""

import re
from collections.abc import Iterable

from apps.twitch_ingest.engines.twitch.errors import MalformedEvent
from libs.contracts.people import Author, Role
from libs.safety import clean_chat

LONGEST_NAME = 64

#: Twitch's user and message ids.
_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,100}")

#: Badges that give a role, the highest first. The broadcaster is known by id, not by badge.
_ROLES = (
    (frozenset({"moderator", "lead_moderator"}), Role.MODERATOR),
    (frozenset({"vip"}), Role.VIP),
    (frozenset({"subscriber", "founder"}), Role.SUBSCRIBER),
)

ANONYMOUS = Author(viewer_id="twitch:anonymous", name="somebody")


def known_id(value: object, what: str) -> str:
    """Raises `MalformedEvent` for something that is no id."""
    if isinstance(value, str) and value != "None" and _ID.fullmatch(value):
        return value
    raise MalformedEvent(f"{what} is not an id")


def known_text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise MalformedEvent(f"{what} is not text")
    return value


def role_of(user_id: str, badges: Iterable[str], channel_id: str) -> Role:
    """Their role in this channel. What a name looks like counts for nothing."""
    if user_id == channel_id:
        return Role.BROADCASTER
    worn = frozenset(badges)
    return next((role for needed, role in _ROLES if needed & worn), Role.VIEWER)


def author_of(user_id: object, login: object, name: object, role: Role = Role.VIEWER) -> Author:
    """A name of which nothing is left when it is cleaned becomes the login."""
    shown = clean_chat(name if isinstance(name, str) else "", LONGEST_NAME)
    fallback = clean_chat(login if isinstance(login, str) else "", LONGEST_NAME)
    viewer_id = f"twitch:{known_id(user_id, 'the user id')}"
    return Author(viewer_id=viewer_id, name=shown or fallback or "somebody", role=role)
