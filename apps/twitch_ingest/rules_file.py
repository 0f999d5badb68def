"""`configs/twitch.yaml`, read and judged: what is wrong is told with its line."""

import logging
from pathlib import Path
from typing import Any

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
from libs.settings.strict_yaml import Complaint, FileError, SettingsFile

log = logging.getLogger("kitsu.twitch_ingest")

SHIPPED_FILE = ROOT / "configs" / "twitch.yaml"


class ChatRulesError(FileError):
    """The file cannot be used; the message says where and what is allowed."""


def load_chat_rules(path: Path, avatar_file: Path = AVATAR_FILE) -> ChatRules:
    """The file's rules; where the shipped file was taken away, the defaults. Items may be those of
    `avatar_file` too; while a file of items is wrong itself, any item may be meant. Raises
    `ChatRulesError`."""
    if path == SHIPPED_FILE and not path.exists():
        return ChatRules()
    try:
        file = SettingsFile(path, ChatRulesError)
    except FileNotFoundError:
        raise ChatRulesError(f"TWITCH_FILE: there is no file {path}") from None
    rules = file.check(ChatRules)
    complaints = [*_broken_laws(file.document, rules), *_unknown_items(rules, avatar_file)]
    if complaints:
        file.complain(complaints)
    return rules


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
            log.warning("items of rewards and events are not looked up: %s", problem)
            return []
        wanted = [(where, item) for where, item in wanted if item not in known]
    return [
        (where, f"there is no item '{item}' in configs/items.yaml or {avatar_file.name}")
        for where, item in wanted
    ]
