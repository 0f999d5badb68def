"""`configs/twitch.yaml`, read and judged: what is wrong is told with its line."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from apps.twitch_ingest.chat_rules import (
    ALWAYS_THERE,
    DEFAULTS,
    FOR_MODERATORS,
    RANK,
    ChatRules,
    CommandRule,
)
from libs.contracts.people import Role
from libs.settings import ROOT
from libs.settings.avatar import AVATAR_FILE, AvatarFileError, load_avatar_file
from libs.settings.items import ItemsError, load_items
from libs.settings.yaml_lines import first_duplicate, line_of

SHIPPED_FILE = ROOT / "configs" / "twitch.yaml"

#: A file of this kind is a few kilobytes; a larger one is a mistake.
MAXIMUM_FILE_BYTES = 256 * 1024


class ChatRulesError(ValueError):
    """The file cannot be used; the message says where and what is allowed."""


def load_chat_rules(path: Path, avatar_file: Path = AVATAR_FILE) -> ChatRules:
    """The file's rules; where the shipped file was taken away, the defaults. Items may be those of
    `avatar_file` too. Raises `ChatRulesError`."""
    if path == SHIPPED_FILE and not path.exists():
        return ChatRules()
    document, root = _document(path)
    try:
        rules = ChatRules.model_validate(document)
    except ValidationError as error:
        complaints = [
            (tuple(item["loc"]), str(item["msg"]).removeprefix("Value error, "))
            for item in error.errors()
        ]
    else:
        complaints = [*_broken_laws(document, rules), *_unknown_items(rules, avatar_file)]
        if not complaints:
            return rules
    lines = [_line(path.name, root, where, what) for where, what in complaints]
    raise ChatRulesError("\n".join(lines[:10]))


def _document(path: Path) -> tuple[Any, yaml.Node | None]:
    """What stands in the file, and where."""
    try:
        if path.stat().st_size > MAXIMUM_FILE_BYTES:
            raise ChatRulesError(f"{path.name} is too large: {MAXIMUM_FILE_BYTES} bytes at most")
        text = path.read_text("utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if (twice := first_duplicate(root)) is not None:
            raise ChatRulesError(f"{path.name}, line {twice.line}: {twice.key}: stands here twice")
        return yaml.safe_load(text) or {}, root
    except FileNotFoundError:
        raise ChatRulesError(f"TWITCH_FILE: there is no file {path}") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ChatRulesError(f"{path.name}{line}: not valid YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise ChatRulesError(f"{path.name} is not valid YAML in UTF-8") from None
    except OSError as error:
        raise ChatRulesError(f"{path.name} cannot be read: {error.strerror}") from None


Complaint = tuple[tuple[Any, ...], str]


def _line(name: str, root: yaml.Node | None, where: tuple[Any, ...], what: str) -> str:
    spoken = ".".join(str(part) for part in where if part != "[key]") or "the file"
    return f"{name}, line {line_of(root, where)}: {spoken}: {what}"


def _broken_laws(document: dict[str, Any], rules: ChatRules) -> list[Complaint]:
    """What no file may say, however well it is written."""
    found: list[Complaint] = []
    seen: dict[str, str] = {name: name for name in DEFAULTS} | {"forgetme": "forget"}
    for name in document.get("commands") or {}:
        rule = rules.commands.get(name)
        if name not in DEFAULTS or rule is None:
            found.append((("commands", name), f"there is no such command: {', '.join(DEFAULTS)}"))
            continue
        found += [(("commands", name, *where), what) for where, what in _against(name, rule)]
        for number, alias in enumerate(rule.aliases):
            if seen.setdefault(alias, name) != name or alias in DEFAULTS:
                taken = f"'{alias}' is already the name of '{seen[alias]}'"
                found.append((("commands", name, "aliases", number), taken))
    return found


def _against(name: str, rule: CommandRule) -> list[Complaint]:
    found: list[Complaint] = []
    if name in FOR_MODERATORS and RANK[rule.role] < RANK[Role.MODERATOR]:
        found.append((("role",), "must be moderator or broadcaster: it steers the show"))
    if name == "forget" and rule.role is not Role.VIEWER:
        found.append((("role",), "must be viewer: everybody may ask to be forgotten"))
    if name in ALWAYS_THERE and not rule.enabled:
        found.append((("enabled",), "cannot be switched off"))
    if name == "panic" and (rule.cooldown_seconds or rule.viewer_cooldown_seconds):
        found.append((("cooldown_seconds",), "must be 0: nothing may hold up a panic"))
    return found


def _unknown_items(rules: ChatRules, avatar_file: Path) -> list[Complaint]:
    wanted: list[tuple[tuple[Any, ...], str]] = [
        *((("rewards", name, "item"), effect.item) for name, effect in rules.rewards.items()),
        *((("events", kind.value, "item"), effect.item) for kind, effect in rules.events.items()),
    ]
    for names_of in (load_items, lambda: load_avatar_file(avatar_file).items):
        wanted = [(where, item) for where, item in wanted if item]
        if not wanted:
            return []
        try:
            known = names_of()
        except (ItemsError, AvatarFileError) as problem:
            return [(wanted[0][0], f"items cannot be looked up: {problem}")]
        wanted = [(where, item) for where, item in wanted if item not in known]
    return [
        (where, f"there is no item '{item}' in configs/items.yaml or {avatar_file.name}")
        for where, item in wanted
    ]
