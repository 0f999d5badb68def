"""Who may give which command, and what rewards and events do."""

import re
from string import Formatter
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from libs.contracts.chat import AlertKind
from libs.contracts.people import Role
from libs.contracts.speaking import Mood
from libs.settings.strict_yaml import Strict

#: The higher, the more somebody may do.
RANK = MappingProxyType(
    {
        Role.VIEWER: 0,
        Role.SUBSCRIBER: 1,
        Role.VIP: 2,
        Role.MODERATOR: 3,
        Role.BROADCASTER: 4,
    }
)

#: What steers the show. No file can open these to less than a moderator.
FOR_MODERATORS = frozenset(
    {
        "panic", "unpanic", "stop", "skip", "scene", "say", "module", "persona", "quiet", "mute",
        "unmute",
    }
)  # fmt: skip
#: Nothing may stand in the way of these: no switch, no pause.
ALWAYS_THERE = frozenset({"panic", "unpanic", "forget"})

#: Chat clients take a line that begins so for themselves, or for a name.
NO_PREFIX = frozenset("/.@")
PREFIX = re.compile(r"[!?#$%&*+~^=:;<>|_-]{1,3}")
COMMAND_NAME = re.compile(r"[a-z0-9_]{1,32}")

#: What a text that is said may use.
FIELDS = frozenset({"author", "count", "text", "reward"})

Name = Annotated[str, Field(min_length=1, max_length=100)]
Seconds = Annotated[float, Field(ge=0, le=3_600)]


class CommandRule(Strict):
    enabled: bool = True
    role: Role = Role.MODERATOR
    """The least that may give it."""
    cooldown_seconds: Seconds = 0
    """For the whole show."""
    viewer_cooldown_seconds: Seconds = 0
    """For one viewer."""
    aliases: tuple[str, ...] = Field(default=(), max_length=10)

    @field_validator("role")
    @classmethod
    def _can_be_had_in_chat(cls, role: Role) -> Role:
        if role not in RANK:
            allowed = ", ".join(known.value for known in reversed(RANK))
            raise ValueError(f"must be one of {allowed}")
        return role

    @field_validator("aliases")
    @classmethod
    def _are_names(cls, aliases: tuple[str, ...]) -> tuple[str, ...]:
        for alias in aliases:
            if not COMMAND_NAME.fullmatch(alias):
                raise ValueError(f"'{alias[:40]}': a name has a-z, 0-9 and _, 32 at most")
        return aliases

    def allows(self, role: Role) -> bool:
        return RANK.get(role, 0) >= RANK[self.role]


_EVERYBODY = Role.VIEWER
#: How each command is where the file says nothing of it.
DEFAULTS: dict[str, CommandRule] = {
    **{name: CommandRule() for name in sorted(FOR_MODERATORS)},
    "mood": CommandRule(cooldown_seconds=5),
    "forget": CommandRule(role=_EVERYBODY, viewer_cooldown_seconds=10),
    "status": CommandRule(role=_EVERYBODY, cooldown_seconds=15, viewer_cooldown_seconds=60),
    "help": CommandRule(role=_EVERYBODY, cooldown_seconds=15, viewer_cooldown_seconds=60),
}


class Effect(Strict):
    """What a reward or an event does. Nothing given: she is told of it and answers."""

    say: str = Field(default="", max_length=300)
    """Said word for word, with {author}, {count}, {text} and {reward} filled in."""
    mood: Mood | None = None
    item: str = ""
    """One name of configs/items.yaml."""
    prompt: bool = True
    """Whether she is told of it, and answers, where nothing is said word for word."""
    at_least: int = Field(default=0, ge=0)
    """Only with so many raiders, gifts, bits or months."""

    @field_validator("say")
    @classmethod
    def _can_be_filled_in(cls, text: str) -> str:
        try:
            parts = [part for part in Formatter().parse(text) if part[1] is not None]
        except ValueError:
            raise ValueError("braces that do not belong together") from None
        if any(name not in FIELDS or form or turned for _, name, form, turned in parts):
            raise ValueError("may use {author}, {count}, {text} and {reward}, and no other braces")
        return text


class ChatRules(Strict):
    prefix: str = "!"
    commands: dict[str, CommandRule] = Field(default={})
    rewards: dict[Name, Effect] = Field(default={}, max_length=200)
    """By the reward's name, as viewers see it."""
    events: dict[AlertKind, Effect] = Field(default={})
    ignored_accounts: tuple[Name, ...] = Field(default=(), max_length=500)
    """Names of other bots: nothing that they write is read."""

    @field_validator("prefix")
    @classmethod
    def _is_a_prefix(cls, prefix: str) -> str:
        if not PREFIX.fullmatch(prefix) or prefix[0] in NO_PREFIX:
            raise ValueError("must be one to three signs such as ! or ? (and not / . @)")
        return prefix

    @field_validator("commands", mode="before")
    @classmethod
    def _rest_on_defaults(cls, given: Any) -> Any:
        """What a command's entry leaves out is as it is without an entry."""
        if not isinstance(given, dict):
            return given
        return {
            name: {**DEFAULTS[name].model_dump(), **entry}
            if name in DEFAULTS and isinstance(entry, dict)
            else entry
            for name, entry in given.items()
        }

    @field_validator("ignored_accounts")
    @classmethod
    def _lower(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.removeprefix("@").casefold() for name in names)

    @model_validator(mode="after")
    def _is_complete(self) -> "ChatRules":
        commands = {name: self.commands.get(name, rule) for name, rule in DEFAULTS.items()}
        object.__setattr__(self, "commands", commands)
        return self

    def names(self) -> dict[str, str]:
        """The command by each name and alias that a line may have."""
        found = {name: name for name in self.commands}
        for name, rule in self.commands.items():
            found.update(dict.fromkeys(rule.aliases, name))
        return found
