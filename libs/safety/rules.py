"""The rules of the gate: `configs/safety/*.yaml`, read and checked once.

Every file has the same form and all files of the folder count together, so that a streamer's own
words go into a file of their own. Terms are stored encoded so that the files can be read by anyone.
"""

import base64
import binascii
import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from libs.safety.lexicon import Term
from libs.safety.normalise import fold, letters_only, native
from libs.safety.phrases import (
    Phrase,
    PhraseError,
    Script,
    WordClasses,
    compile_phrase,
    forget_spellings,
)
from libs.settings.yaml_text import value_of

Tier = Literal["mild", "strong", "hard"]
Place = Literal["speech", "input", "chat_out", "operator"]


class RulesError(ValueError):
    """The rules cannot be used; the message names the file, the entry and what is allowed."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TermGroup(_Strict):
    """Words of one category and tier, in one of three forms of writing."""

    category: str = Field(pattern=r"^[a-z_]+$")
    tier: Tier
    place: Literal["anywhere", "word", "native"]
    """`native`: looked for as it stands in its own script, also inside words."""
    near: bool = False
    """Also when one letter is wrong, or when it is written as it sounds."""
    rot13: str = ""
    base64: str = ""
    words: str = ""

    @field_validator("base64")
    @classmethod
    def _readable(cls, text: str) -> str:
        text = "".join(text.split())
        try:
            base64.b64decode(text, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise ValueError("must be the base64 form of words in UTF-8") from None
        return text

    def terms(self) -> tuple[str, ...]:
        decoded = base64.b64decode(self.base64).decode("utf-8")
        return tuple(f"{codecs.decode(self.rot13, 'rot13')} {decoded} {self.words}".split())


class Pattern(_Strict):
    """A regular expression over folded text (lower case, Latin)."""

    code: str = Field(pattern=r"^[a-z_]+$")
    category: str = Field(pattern=r"^[a-z_]+$")
    tier: Tier = "strong"
    places: tuple[Place, ...] = ("speech", "chat_out", "operator", "input")
    regex: tuple[str, ...] = Field(min_length=1)

    @field_validator("regex")
    @classmethod
    def _compiles(cls, parts: tuple[str, ...]) -> tuple[str, ...]:
        for part in parts:
            try:
                re.compile(part)
            except re.error as error:
                raise ValueError(f"is not a regular expression: {error}") from None
        return parts

    def compiled(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{part})" for part in self.regex))


class Topic(_Strict):
    """A subject on which a wrong word does harm, and the words it is known by."""

    code: str = Field(pattern=r"^[a-z_]+$")
    words: str = ""
    phrases: tuple[str, ...] = ()

    def runs(self) -> tuple[str, ...]:
        return (*self.words.split(), *self.phrases)


class PhraseGroup(_Strict):
    """Phrases of one meaning; how one is written is told in `libs.safety.phrases`."""

    code: str = Field(pattern=r"^[a-z_]+$")
    category: str = Field(pattern=r"^[a-z_]+$")
    tier: Tier = "strong"
    places: tuple[Place, ...] = ("speech", "chat_out", "operator", "input")
    script: Script = "latin"
    any: str = Field(min_length=1)
    """One phrase a line."""


class RuleFile(_Strict):
    language: str = ""
    """Of the words and phrases in it; for people."""
    terms: tuple[TermGroup, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    classes: dict[str, str] = {}
    """Words that stand for each other in the phrases of this file."""
    phrases: tuple[PhraseGroup, ...] = ()
    often_mistyped: str = ""
    """Words of phrases that are also taken for meant when one letter is wrong."""
    harmless: str = ""
    """Words that contain a term and mean no harm."""
    harmless_phrases: tuple[str, ...] = ()
    near_words: str = ""
    """Words that are nearly a term, or one backwards, and mean no harm."""
    common_words: str = ""
    """Short words that are never a scrap of a split term."""
    signs: dict[str, str] = {}
    """Single characters (emoji) and the words that they stand for in phrases."""
    soften: dict[str, str] = {}
    """Mild words and what is said instead in family mode."""
    topics: tuple[Topic, ...] = ()

    @field_validator("signs")
    @classmethod
    def _are_single(cls, signs: dict[str, str]) -> dict[str, str]:
        if any(len(sign) != 1 for sign in signs):
            raise ValueError("each sign is one character")
        return signs


class Meaning(NamedTuple):
    """What the phrases of one group mean."""

    code: str
    category: str
    tier: Tier
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Rules:
    """All rule files together."""

    terms: tuple[Term, ...]
    native: tuple[Term, ...]
    patterns: tuple[Pattern, ...]
    meanings: tuple[Meaning, ...]
    phrases: tuple[Phrase, ...]
    """`Phrase.rule` is the number of its meaning in `meanings`."""
    phrase_words: frozenset[str]
    """All words of phrases in scripts that have words."""
    often_mistyped: frozenset[str]
    harmless: frozenset[str]
    harmless_phrases: tuple[str, ...]
    near_words: frozenset[str]
    common_words: frozenset[str]
    signs: dict[str, str]
    soften: dict[str, str]
    topics: tuple[Topic, ...]


def load_rules(folder: Path) -> Rules:
    """Raises `RulesError`; without a single term too, for then the gate would let all pass."""
    named = [(path.name, _read(path)) for path in sorted(folder.glob("*.yaml"))]
    files = [file for _, file in named]
    groups = [group for file in files for group in file.terms]
    if not groups:
        raise RulesError(f"there are no terms in {folder}: restore the shipped rule files")
    meanings, phrases, phrase_words = _phrases(named)
    return Rules(
        meanings=meanings,
        phrases=phrases,
        phrase_words=phrase_words,
        often_mistyped=frozenset(w for file in files for w in file.often_mistyped.split()),
        terms=tuple(_latin_terms(groups)),
        native=tuple(
            Term(native(word), group.category, group.tier, "native")
            for group in groups
            if group.place == "native"
            for word in group.terms()
        ),
        patterns=tuple(pattern for file in files for pattern in file.patterns),
        harmless=frozenset(word for file in files for word in file.harmless.split()),
        harmless_phrases=tuple(phrase for file in files for phrase in file.harmless_phrases),
        near_words=frozenset(word for file in files for word in file.near_words.split()),
        common_words=frozenset(word for file in files for word in file.common_words.split()),
        signs={sign: word for file in files for sign, word in file.signs.items()},
        soften={mild: soft for file in files for mild, soft in file.soften.items()},
        topics=tuple(topic for file in files for topic in file.topics),
    )


def _latin_terms(groups: list[TermGroup]) -> list[Term]:
    latin = [group for group in groups if group.place != "native"]
    return [
        Term(letters, group.category, group.tier, group.place, group.near)
        for group in latin
        for word in group.terms()
        if len(letters := letters_only(fold(word))) > 1
    ]


def _phrases(
    files: list[tuple[str, RuleFile]],
) -> tuple[tuple[Meaning, ...], tuple[Phrase, ...], frozenset[str]]:
    """Meanings, phrases, and the words in them."""
    meanings: list[Meaning] = []
    phrases: list[Phrase] = []
    known: set[str] = set()
    for name, file in files:
        classes = WordClasses({key: tuple(w.split()) for key, w in file.classes.items()})
        for group in file.phrases:
            for text in filter(None, map(str.strip, group.any.splitlines())):
                try:
                    number = len(meanings)
                    phrases.append(compile_phrase(number, text, group.script, classes, known))
                except PhraseError as error:
                    raise RulesError(f"{name}: phrases of '{group.code}': {error}") from None
            meanings.append(Meaning(group.code, group.category, group.tier, group.places))
        forget_spellings(of_all_files=False)
    forget_spellings()
    return tuple(meanings), tuple(phrases), frozenset(known)


def _read(path: Path) -> RuleFile:
    try:
        return RuleFile.model_validate(value_of(path.read_text("utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError):
        raise RulesError(f"{path.name} is not valid YAML") from None
    except ValidationError as error:
        item = error.errors()[0]
        entry = ".".join(str(part) for part in item["loc"])
        raise RulesError(f"{path.name}: {entry}: {item['msg']}") from None
