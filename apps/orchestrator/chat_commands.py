"""The commands of chat: how one is written, and who may ever give it. Pure rules.

`configs/twitch.yaml` may ask for more than is asked here, never for less.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from libs.contracts.people import Role

PREFIX = "!"
PANIC = "panic"

#: Who keeps order in chat.
KEEPERS = frozenset({Role.OPERATOR, Role.BROADCASTER, Role.MODERATOR})
_TRUSTED = KEEPERS | {Role.VIP}
_EVERYONE = frozenset(Role)

#: Of what somebody asked for so much is compared with the names that there are.
COMPARED_CHARACTERS = 64
#: So many names are told to somebody who asked for one that is not there.
NAMED = 5


@dataclass(frozen=True)
class ChatCommand:
    name: str
    wants: str
    """What follows it, for people; empty: nothing has to."""
    roles: frozenset[Role]

    @property
    def usage(self) -> str:
        return f"{PREFIX}{self.name} {self.wants}".strip()


COMMANDS: dict[str, ChatCommand] = {
    command.name: command
    for command in (
        ChatCommand(PANIC, "", KEEPERS),
        ChatCommand("unpanic", "", KEEPERS),
        ChatCommand("stop", "", KEEPERS),
        ChatCommand("skip", "", KEEPERS),
        ChatCommand("scene", "NAME", KEEPERS),
        ChatCommand("mood", "NAME", _TRUSTED),
        ChatCommand("say", "TEXT", KEEPERS),
        ChatCommand("module", "NAME on|off", KEEPERS),
        ChatCommand("persona", "STYLE", KEEPERS),
        ChatCommand("quiet", "MINUTES", KEEPERS),
        ChatCommand("mute", "@user", KEEPERS),
        ChatCommand("unmute", "@user", KEEPERS),
        ChatCommand("forget", "me", _EVERYONE),
        ChatCommand("status", "", _EVERYONE),
        ChatCommand("help", "", _EVERYONE),
    )
}


def ordered(text: str) -> tuple[str, str] | None:
    """The command in a line (without its prefix, in lower case) and what follows it; None for a
    line that does not begin with a command of ours."""
    if not text.lstrip().startswith(PREFIX):
        return None
    first, *rest = text.split(maxsplit=1)
    name = named(first)
    if name not in COMMANDS:
        return None
    return name, "".join(rest).strip()


def named(word: str) -> str:
    """A command's name as `COMMANDS` has it, if it is one of ours, however it was written."""
    return word.removeprefix(PREFIX).casefold()


def ordered_panic(role: Role, text: str) -> str | None:
    """The reason (perhaps empty) when this line orders a panic; None when it is an ordinary one."""
    found = ordered(text)
    if found is None or found[0] != PANIC or role not in KEEPERS:
        return None
    return found[1]


def asks_to_be_forgotten(text: str) -> bool:
    """Whether a chat line is the command to forget its author."""
    asks = text.lstrip().startswith(PREFIX)
    return asks and " ".join(text.casefold().split()) in ("!forget me", "!forgetme")


def found_in(wanted: str, names: Sequence[str]) -> str | None:
    """The name that was meant: case, spaces and underscores do not count."""
    plain = _plain(wanted)
    return next((name for name in names if _plain(name) == plain), None) if plain else None


def nearest(wanted: str, names: Sequence[str]) -> list[str]:
    """The names that are most like what somebody asked for, at most `NAMED`."""
    by_plain = {_plain(name): name for name in names}
    like = difflib.get_close_matches(_plain(wanted), list(by_plain), NAMED, 0.0)
    return [by_plain[plain] for plain in like]


def _plain(name: str) -> str:
    return " ".join(name[:COMPARED_CHARACTERS].casefold().replace("_", " ").split())
