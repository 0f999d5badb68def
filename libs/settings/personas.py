"""Personas: who she is, from `configs/personas/<name>.yaml`."""

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.speaking import Mood
from libs.settings.base import ROOT
from libs.settings.strict_yaml import Complaint, FileError, Place, SettingsFile, Strict

PERSONAS = ROOT / "configs" / "personas"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_PLACEHOLDERS = {"{name}", "{topic}", "{earlier}"}

Line = Annotated[str, Field(min_length=1, max_length=500)]
Lines = tuple[Line, ...]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^<>{},;|\n]+$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]

#: What a model may do in her name beside speaking.
ActionKind = Literal["mood", "stage", "hotkey", "item", "remember", "poll"]


class PersonaError(FileError):
    """A persona cannot be used; the message names the file, the line and what is allowed."""


class StockLines(Strict):
    """What she says when nobody has written anything for her: whole sentences, in character."""

    greeting: Lines = Field(min_length=1)
    redirect: Lines = Field(min_length=1)
    """Instead of something that must not be said."""
    care: Lines = Field(min_length=1)
    """When someone writes of hurting themselves."""
    all_failed: Lines = Field(min_length=1)
    """When no engine gives an answer."""
    unfinished: Lines = Field(min_length=1)
    """After an answer that broke off."""
    hold_on: Lines = Field(min_length=1)
    """While something takes its time."""
    acknowledgements: Lines = ()
    """A short sound to the host while she thinks; none: she makes none."""
    code_ready: Lines = Field(min_length=1)
    """When code was written and nothing was said about it."""
    cannot_see: Lines = Field(min_length=1)
    """When she is shown a picture and no engine can look at it."""
    done: Lines = Field(min_length=1)
    """When she was asked to do something on stage and does it."""


class ScriptedLines(Strict):
    """Words of the scripted engine. `{name}`, `{topic}` and `{earlier}` are filled in.

    `by_style` has openings for each style; the other lists are shared.
    """

    nameless: str = "friend"
    """Said instead of a name that cannot be said."""
    empty_words: str = ""
    """Words that say nothing of what a line is about, with spaces between them."""
    by_style: dict[str, Lines] = Field(default={})
    hello: Lines = Field(min_length=1)
    thanks: Lines = Field(min_length=1)
    laugh: Lines = Field(min_length=1)
    question: Lines = Field(min_length=1)
    topic: Lines = Field(min_length=1)
    no_topic: Lines = Field(min_length=1)
    refer_back: Lines = Field(min_length=1)
    chaos: Lines = Field(min_length=1)
    calm_end: Lines = Field(min_length=1)
    lively_end: Lines = Field(min_length=1)
    idle: Lines = Field(min_length=1)

    @cached_property
    def empty_word_set(self) -> frozenset[str]:
        return frozenset(self.empty_words.split())


class Example(Strict):
    """One exchange that shows a model how she talks."""

    heard: Line
    said: Line
    mood: Word = Mood.NEUTRAL.value
    """One of the moods, or one of her own words for them."""


class Persona(Strict):
    """One persona file. `style_notes` says for each style how she speaks in it."""

    name: str = Field(min_length=1, max_length=64)
    language: Language = "en"
    also_speaks: tuple[Language, ...] = ()
    """Other languages she may answer in; a reply in any other one is not said."""
    voice: str = Field(default="", max_length=128)
    chaos: float = Field(default=0.35, ge=0, le=1)
    energy: float = Field(default=0.6, ge=0, le=1)
    family_mode: bool = True
    """How she is until somebody changes it."""
    system_text: str = Field(min_length=1, max_length=8_000)
    style_notes: dict[Word, Line] = Field(alias="styles", min_length=1)
    moods: dict[Word, Mood] = Field(default={})
    """Her own words for moods, beside the names of the moods themselves."""
    hotkeys: tuple[Word, ...] = ()
    """Gestures and hotkeys of the avatar that she may make herself."""
    actions: tuple[ActionKind, ...] = ("mood", "stage", "hotkey", "item", "remember")
    """What she may do of her own accord. A poll changes what chat lines mean, so that it is only
    for a persona whose file says so."""
    taboo: dict[Word, tuple[Word, ...]] = Field(default={})
    """What she does not talk about: each subject, and the words that she does not say of it."""
    examples: tuple[Example, ...] = Field(default=(), max_length=12)
    stock: StockLines
    scripted: ScriptedLines

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles she has; the first one is how she starts."""
        return tuple(self.style_notes)


def persona_names(folder: Path = PERSONAS) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_persona(name: str, folder: Path = PERSONAS) -> Persona:
    """The persona in `configs/personas/<name>.yaml`; the same file is read once. Raises
    `PersonaError`."""
    path = folder / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        there = ", ".join(persona_names(folder)) or "none"
        raise PersonaError(f"there is no persona '{name[:64]}' in {folder}; there are: {there}")
    stat = path.stat()
    return _read(path, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=8)
def _read(path: Path, stamp: tuple[int, int, int]) -> Persona:
    """`stamp` is another one when the file is."""
    file = SettingsFile(path, PersonaError)
    persona = file.check(Persona)
    if wrong := list(_inconsistencies(persona)):
        file.complain(wrong)
    return persona


def _inconsistencies(persona: Persona) -> Iterator[Complaint]:
    """What is wrong between parts of the file: where, and what is allowed."""
    for style in persona.scripted.by_style:
        if style not in persona.styles:
            there = ", ".join(persona.styles)
            yield ("scripted", "by_style", style), f"is not one of her styles ({there})"
    known = {mood.value for mood in Mood} | set(persona.moods)
    for number, example in enumerate(persona.examples):
        if example.mood not in known:
            yield ("examples", number, "mood"), f"must be one of {', '.join(sorted(known))}"
    groups: dict[tuple[str, ...], Lines] = {
        (name,): value
        for name in ScriptedLines.model_fields
        if isinstance(value := getattr(persona.scripted, name), tuple)
    }
    groups |= {("by_style", style): lines for style, lines in persona.scripted.by_style.items()}
    for group, lines in groups.items():
        for number, line in enumerate(lines):
            for found in _PLACEHOLDER.findall(line):
                if found not in _PLACEHOLDERS:
                    place: Place = ("scripted", *group, number)
                    yield place, f"{found} is not filled in; only {{name}}, {{topic}}, {{earlier}}"
