"""Reads `<speech/><mood/><actions/>` from a reply while it is being written."""

import html
import re
from dataclasses import dataclass

#: Tags we know; anything else in angle brackets is text.
_THOUGHTS = ("think", "thinking", "thought", "reasoning")
_TAGS = ("speech", "mood", "actions", "action", "code", *_THOUGHTS)
_TAG = re.compile(r"<\s{0,3}(/?)\s{0,3}([a-zA-Z]+)(?:[\s/][^<>]*)?>")
_TAG_BEGUN = re.compile(r"<\s{0,3}/?\s{0,3}([a-zA-Z]*)([\s/][^<>]*)?")
_ENTITY_BEGUN = re.compile(r"&(?:#[0-9a-fA-FxX]{0,8}|[a-zA-Z][a-zA-Z0-9]{0,12})?")
#: One entry of the actions tag: up to a separator that stands in no quotes and no brackets.
_ACTION = re.compile(r"(?:\"[^\"\n]*\"|'[^'\n]*'(?!\w)|\([^()\n]*\)|[^,;|\n])+")

#: A tag that is not closed after so many characters was none.
_LONGEST_TAG = 200
#: A mood is a word, an action a short call; what goes beyond is not kept.
_LONGEST_MOOD = 60
_LONGEST_ACTIONS = 2_000
_LONGEST_ACTION = 200
MAXIMUM_ACTIONS = 16


@dataclass(frozen=True)
class SpeechText:
    """Text to be spoken, with entities resolved."""

    text: str


@dataclass(frozen=True)
class SpeechBegan:
    """A speech tag was opened: what came before it belongs to another sentence."""


@dataclass(frozen=True)
class SpeechEnded:
    """A speech tag was closed: its last sentence is whole."""


@dataclass(frozen=True)
class MoodChange:
    """What stood in the mood tag, in small letters; not checked."""

    mood: str


@dataclass(frozen=True)
class RawAction:
    """One entry of the actions tag as it stood there; not checked."""

    raw: str


@dataclass(frozen=True)
class ThoughtEnded:
    """A thought was closed that was never opened: what came before was part of it."""


Part = SpeechText | SpeechBegan | SpeechEnded | MoodChange | RawAction | ThoughtEnded


class ReplyParser:
    """Takes a reply in pieces of any size and gives its parts in order.

    Promises: the parts do not depend on where the reply was divided; text is speech unless a tag
    says otherwise, and once there was a speech tag, only what stands in one is; thinking and code
    are never given, closed or not; a tag that breaks off at the end is never given as text.
    """

    def __init__(self) -> None:
        self._mode = "outside"
        self._below: list[str] = []
        """Modes to return to when the present tag is closed."""
        self._pending = ""
        """The beginning of what may become a tag or an entity."""
        self._inside = ""
        """Collected text of a mood or actions tag."""
        self._thoughts = 0
        self._speech_seen = False
        self._parts: list[Part] = []
        self._spoken: list[str] = []
        """Speech that is not yet among the parts."""

    @property
    def thinking(self) -> bool:
        """Whether what comes now is not meant for others."""
        return self._thoughts > 0

    @property
    def speech_open(self) -> bool:
        """Whether more speech could follow without a new tag."""
        return "speech" in (self._mode, *self._below) or not self._speech_seen

    def feed(self, text: str) -> list[Part]:
        """The parts that this piece of text completed."""
        self._parts = []
        for character in text:
            self._take(character)
        self._gather()
        return self._parts

    def finish(self) -> list[Part]:
        """What is left at the end of the reply; closes what was left open."""
        self._parts = []
        pending, self._pending = self._pending, ""
        if pending.startswith("&") or not re.search(r"[/a-zA-Z]", pending):
            self._text(html.unescape(pending))
        self._leave()
        self._gather()
        return self._parts

    def _take(self, character: str) -> None:
        if not self._pending:
            if character in "<&":
                self._pending = character
            else:
                self._text(character)
            return
        self._pending += character
        if self._pending[0] == "<":
            self._take_in_tag()
        else:
            self._take_in_entity()

    def _take_in_tag(self) -> None:
        whole = _TAG.fullmatch(self._pending)
        if whole is not None and whole.group(2).lower() in _TAGS:
            empty = self._pending[:-1].rstrip().endswith("/")
            self._pending = ""
            self._tag(whole.group(2).lower(), bool(whole.group(1)), empty)
            return
        begun = _TAG_BEGUN.fullmatch(self._pending)
        if begun is not None and len(self._pending) < _LONGEST_TAG:
            name = begun.group(1).lower()
            whole_name = begun.group(2) is not None and name != ""
            if name in _TAGS if whole_name else any(tag.startswith(name) for tag in _TAGS):
                return
        self._was_text()

    def _take_in_entity(self) -> None:
        if self._pending.endswith(";") and len(self._pending) > 2:
            entity, self._pending = self._pending, ""
            self._text(html.unescape(entity))
        elif _ENTITY_BEGUN.fullmatch(self._pending) is None:
            self._was_text()

    def _was_text(self) -> None:
        """No tag and no entity after all: its first character is text, the rest is read again."""
        pending, self._pending = self._pending, ""
        self._text(pending[0])
        for character in pending[1:]:
            self._take(character)

    # What a tag does ---------------------------------------------------------------------------

    def _tag(self, name: str, closes: bool, empty: bool) -> None:
        if name in _THOUGHTS:
            self._think(closes, empty)
        elif self._thoughts:
            return
        elif name == "action":
            self._text(",")
        elif closes:
            if name == self._mode:
                self._leave()
                if name == "speech":
                    self._add(SpeechEnded())
        elif name == "speech":
            self._enter_speech(empty)
        elif not empty:
            self._enter(name)

    def _think(self, closes: bool, empty: bool) -> None:
        if closes and not self._thoughts:
            self._add(ThoughtEnded())
        elif not empty:
            self._thoughts += -1 if closes else 1

    def _enter_speech(self, empty: bool) -> None:
        if self._mode == "speech":
            return
        self._leave()
        if self._mode == "speech":  # a mood or an action inside the speech was left open
            return
        self._speech_seen = True
        self._add(SpeechBegan())
        if not empty:
            self._mode = "speech"

    def _enter(self, name: str) -> None:
        """Opens mood, actions or code; one that is open already is closed by it."""
        if self._mode in ("mood", "actions"):
            self._leave()
        if self._mode == "code":
            return
        self._below.append(self._mode)
        self._mode, self._inside = name, ""

    def _leave(self) -> None:
        inside, self._inside = self._inside, ""
        mode, self._mode = self._mode, self._below.pop() if self._below else "outside"
        if mode == "mood" and (mood := " ".join(inside.split()).lower()):
            self._add(MoodChange(mood[:_LONGEST_MOOD]))
        elif mode == "actions":
            entries = [entry.strip() for entry in _ACTION.findall(inside)]
            given = [RawAction(entry[:_LONGEST_ACTION]) for entry in entries if entry]
            self._add(*given[:MAXIMUM_ACTIONS])

    def _text(self, text: str) -> None:
        if not text or self._thoughts or self._mode == "code":
            return
        if self._mode in ("mood", "actions"):
            self._inside = (self._inside + text)[:_LONGEST_ACTIONS]
        elif self._mode == "speech" or not self._speech_seen:
            self._spoken.append(text)

    def _add(self, *parts: Part) -> None:
        self._gather()
        self._parts.extend(parts)

    def _gather(self) -> None:
        if self._spoken:
            self._parts.append(SpeechText("".join(self._spoken)))
            self._spoken.clear()
