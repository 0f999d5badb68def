"""What she may do beside speaking: the entries of `<actions/>`, read strictly."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import get_args

from libs.contracts.speaking import Mood
from libs.settings.personas import ActionKind

#: Names of stage actions and hotkeys, of items and scenes.
_NAME = re.compile(r"[^\W_][\w .-]{0,63}")
#: `kind: value`, `kind(value)`, `kind=value`; a word alone is looked up among what is allowed.
_CALL = re.compile(r"([a-z]+)\s*(?:[:=]\s*(.*?)|\(\s*(.*?)\s*\))", re.DOTALL)
_QUOTES = "\"'“”‘’`"

_KINDS = frozenset(get_args(ActionKind))

LONGEST_FACT = 160
LONGEST_QUESTION = 120
LONGEST_OPTION = 25
MAXIMUM_OPTIONS = 5


@dataclass(frozen=True)
class SetMood:
    mood: Mood


@dataclass(frozen=True)
class PressHotkey:
    """A hotkey of the avatar."""

    name: str


@dataclass(frozen=True)
class DoOnStage:
    """A name of `configs/scenes.yaml`."""

    name: str


@dataclass(frozen=True)
class ShowItem:
    """A name of `configs/items.yaml` or `configs/avatar.yaml`."""

    name: str


@dataclass(frozen=True)
class Remember:
    """Something about whoever is answered."""

    text: str


@dataclass(frozen=True)
class StartPoll:
    question: str
    options: tuple[str, ...]


Action = SetMood | PressHotkey | DoOnStage | ShowItem | Remember | StartPoll


@dataclass(frozen=True)
class Allowed:
    """What one persona may do in one show. Names are compared in small letters."""

    moods: dict[str, Mood] = field(default_factory=dict)
    stage_actions: Collection[str] = ()
    hotkeys: Collection[str] = ()
    items: Collection[str] = ()
    kinds: Collection[str] = get_args(ActionKind)

    def mood_of(self, word: str) -> Mood | None:
        """The mood that this word means, in the avatar's words or in hers."""
        word = word.strip().lower()
        if word in self.moods:
            return self.moods[word]
        try:
            return Mood(word)
        except ValueError:
            return None


class ActionRefused(ValueError):
    """`code`: malformed, unknown or not_allowed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_action(raw: str, allowed: Allowed) -> Action | None:
    """One entry of the actions tag; None where it says that there is nothing to do.

    Raises `ActionRefused`. A scene is only ever a stage action of that name: a model cannot name a
    scene, source or file of OBS.
    """
    text = " ".join(raw.strip().strip("[]").strip(_QUOTES).split())
    if text.lower() in ("", "none", "null", "nothing", "-", "n/a"):
        return None
    call = _CALL.fullmatch(text[0].lower() + text[1:] if text else text)
    if call is None:
        return _bare(text, allowed)
    kind = {"scene": "stage"}.get(call.group(1).lower(), call.group(1).lower())
    if kind in _KINDS and kind not in allowed.kinds:
        raise ActionRefused("not_allowed")
    value = (call.group(2) if call.group(2) is not None else call.group(3)).strip().strip(_QUOTES)
    match kind:
        case "mood":
            return SetMood(_mood(value, allowed))
        case "hotkey":
            return PressHotkey(_listed(value, allowed.hotkeys))
        case "stage":
            return DoOnStage(_listed(value, allowed.stage_actions))
        case "item":
            return ShowItem(_listed(value, allowed.items))
        case "remember":
            return Remember(_fact(value))
        case "poll":
            return _poll(value)
    raise ActionRefused("unknown")


def _bare(text: str, allowed: Allowed) -> Action:
    """A word alone: a name that is allowed, whatever it is the name of."""
    for names, kind, action in (
        (allowed.stage_actions, "stage", DoOnStage),
        (allowed.hotkeys, "hotkey", PressHotkey),
        (allowed.items, "item", ShowItem),
    ):
        for name in names:
            if name.lower() == text.lower() and kind in allowed.kinds:
                return action(name)
    if "mood" in allowed.kinds and (mood := allowed.mood_of(text)) is not None:
        return SetMood(mood)
    raise ActionRefused("unknown")


def _mood(value: str, allowed: Allowed) -> Mood:
    mood = allowed.mood_of(value)
    if mood is None:
        raise ActionRefused("not_allowed")
    return mood


def _listed(value: str, names: Collection[str]) -> str:
    name = _name(value)
    for listed in names:
        if listed.lower() == name.lower():
            return listed
    raise ActionRefused("not_allowed")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ActionRefused("malformed")
    return value


def _fact(value: str) -> str:
    if not 3 <= len(value) <= LONGEST_FACT:
        raise ActionRefused("malformed")
    return value


def _poll(value: str) -> StartPoll:
    """`question / option / option`."""
    question, *options = [part.strip().strip(_QUOTES) for part in value.split("/")]
    fits = 0 < len(question) <= LONGEST_QUESTION and 2 <= len(options) <= MAXIMUM_OPTIONS
    if not fits or any(not 0 < len(option) <= LONGEST_OPTION for option in options):
        raise ActionRefused("malformed")
    return StartPoll(question, tuple(options))


def words_of(action: Action) -> str:
    """Words of her own that others would read, or she herself later."""
    match action:
        case Remember(text):
            return text
        case StartPoll(question, options):
            return " / ".join((question, *options))
    return ""
