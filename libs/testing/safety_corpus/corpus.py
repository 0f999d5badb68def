"""Reads the corpus. Hostile texts are base64 of UTF-8, so that the files can be opened at work."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

#: Where a text is judged: a chat line before it enters a prompt, a sentence before it is voiced.
Place = Literal["input", "speech"]

FOLDER = Path(__file__).parent

#: Longer than what a chat service lets through; a longer text is a mistake in the file.
MAXIMUM_CHARACTERS = 500

_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_ATTACK_COLUMNS = ("id", "language", "trick", "category", "place", "text")
_SPLIT_COLUMNS = ("id", "language", "trick", "category", "place", "first", "second")


class CorpusError(ValueError):
    """A corpus file cannot be read; the message names the file and the line, never the text."""


@dataclass(frozen=True)
class Attack:
    """A text that must not pass in its place. `trick` is how it hides, "plain" if it does not."""

    id: str
    language: str
    trick: str
    category: str
    place: Place
    text: str


@dataclass(frozen=True)
class SplitAttack:
    """Two texts that follow each other and together say what must not pass."""

    id: str
    language: str
    trick: str
    category: str
    place: Place
    first: str
    second: str


@dataclass(frozen=True)
class Harmless:
    """A text that must pass unchanged in every place."""

    language: str
    text: str


@cache
def attacks() -> tuple[Attack, ...]:
    """All hostile lines, in the order of the file."""
    return read_attacks(FOLDER / "attacks.tsv")


@cache
def split_attacks() -> tuple[SplitAttack, ...]:
    """All hostile pairs, in the order of the file."""
    return read_split_attacks(FOLDER / "split.tsv")


@cache
def harmless() -> tuple[Harmless, ...]:
    """All harmless lines, in the order of the file."""
    return read_harmless(FOLDER / "harmless.txt")


@cache
def blind_attacks() -> tuple[Attack, ...]:
    """Hostile lines that nobody looked at who wrote rules. Keep it so: they say what the gate does
    with lines it was not made for."""
    return read_attacks(FOLDER / "blind-attacks.tsv")


@cache
def blind_harmless() -> tuple[Harmless, ...]:
    """Harmless lines that nobody looked at who wrote rules."""
    return read_harmless(FOLDER / "blind-harmless.txt")


def read_attacks(path: Path) -> tuple[Attack, ...]:
    """The hostile lines of a file. Raises `CorpusError`."""
    return tuple(
        Attack(*_labels(where, row), _place(where, row[4]), _decoded(where, row[5]))
        for where, row in _table(path, _ATTACK_COLUMNS)
    )


def read_split_attacks(path: Path) -> tuple[SplitAttack, ...]:
    """The hostile pairs of a file. Raises `CorpusError`."""
    return tuple(
        SplitAttack(
            *_labels(where, row),
            _place(where, row[4]),
            _decoded(where, row[5]),
            _decoded(where, row[6]),
        )
        for where, row in _table(path, _SPLIT_COLUMNS)
    )


def read_harmless(path: Path) -> tuple[Harmless, ...]:
    """The harmless lines of a file: `language<TAB>text`. Raises `CorpusError`."""
    return tuple(
        Harmless(_language(where, row[0]), _text(where, row[1])) for where, row in _rows(path, 2)
    )


def _table(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Rows under a heading, each with a new id."""
    rows = _rows(path, len(columns))
    where, heading = next(rows, (path.name, []))
    if tuple(heading) != columns:
        raise CorpusError(f"{where}: the heading must be {' '.join(columns)}, parted by tabs")
    known: set[str] = set()
    for where, row in rows:
        if row[0] in known:
            raise CorpusError(f"{where}: the id {row[0]} is taken")
        known.add(row[0])
        yield where, row


def _rows(path: Path, columns: int) -> Iterator[tuple[str, list[str]]]:
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path.name}: not readable as UTF-8 text") from error
    for number, line in enumerate(content.removesuffix("\n").split("\n"), start=1):
        where, row = f"{path.name}, line {number}", line.split("\t")
        if len(row) != columns:
            raise CorpusError(f"{where}: {columns} columns parted by tabs, not {len(row)}")
        yield where, row


def _labels(where: str, row: list[str]) -> tuple[str, str, str, str]:
    name, language, trick, category = row[:4]
    if not name or not _WORD.fullmatch(trick) or not _WORD.fullmatch(category):
        raise CorpusError(f"{where}: id, trick and category are single words")
    return name, _language(where, language), trick, category


def _language(where: str, tag: str) -> str:
    if not _LANGUAGE.fullmatch(tag):
        raise CorpusError(f"{where}: a language is like en or pt-BR")
    return tag


def _place(where: str, word: str) -> Place:
    if word == "input":
        return "input"
    if word == "speech":
        return "speech"
    raise CorpusError(f"{where}: a place is input or speech")


def _decoded(where: str, cell: str) -> str:
    try:
        return _text(where, base64.b64decode(cell, validate=True).decode("utf-8"))
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CorpusError(f"{where}: a text is base64 of UTF-8") from error


def _text(where: str, text: str) -> str:
    if not text.strip() or len(text) > MAXIMUM_CHARACTERS:
        raise CorpusError(f"{where}: a text has 1 to {MAXIMUM_CHARACTERS} characters")
    return text
